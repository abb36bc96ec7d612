#!/usr/bin/env python3
"""Makes the sources of TestGolden. They are checked in: other versions of the tools write other bytes.

Needs Pillow, ImageMagick's convert and cwebp.
"""
import io, math, os, struct, subprocess, zlib
from PIL import Image, ImageCms

os.chdir(os.path.dirname(os.path.abspath(__file__)))
W, H = 340, 240  # 19/20 of it is over the 65,536 pixels from which a JPEG result is progressive


def pixel(x, y):
    """A smooth ground, a disc with an edge, stripes that get finer, and little noise."""
    r = 128 + 100 * math.sin(x / 40) * math.cos(y / 55)
    g = 110 + 90 * math.sin((x + y) / 60)
    b = 60 + 150 * x / W
    if (x - 110) ** 2 + (y - 100) ** 2 < 70**2:
        r, g, b = 230 - y / 2, 60 + x / 3, 40
    if y > 170:
        s = 60 * math.sin(x * x / 900)
        r, g, b = r + s, g + s, b - s
    n = ((x * 7919 + y * 104729) * 2654435761 >> 16 & 7) - 4
    return tuple(max(0, min(255, int(v + n))) for v in (r, g, b))


def alpha(x, y):
    d = math.hypot(x - W / 2, y - H / 2)
    return max(0, min(255, int(2 * (150 - d))))


rgb = Image.new("RGB", (W, H))
rgb.putdata([pixel(x, y) for y in range(H) for x in range(W)])
a = Image.new("L", (W, H))
a.putdata([alpha(x, y) for y in range(H) for x in range(W)])
rgba = rgb.copy()
rgba.putalpha(a)
gray = rgb.convert("L")
pal = rgb.quantize(24, dither=Image.NONE)


def s15(v):
    return struct.pack(">i", round(v * 65536))


def icc(primaries, gamma):
    """A version 2 matrix profile with a pure gamma."""
    def xyz(v):
        return b"XYZ \0\0\0\0" + b"".join(s15(c) for c in v)
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    tags = [(b"wtpt", xyz((0.9642, 1, 0.8249)))] + list(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, primaries)))
    tags += [(t, curve) for t in (b"rTRC", b"gTRC", b"bTRC")]
    at, table, data = 128 + 4 + 12 * len(tags), b"", b""
    for name, body in tags:
        table += name + struct.pack(">II", at + len(data), len(body))
        data += body
    n = at + len(data)
    head = struct.pack(">I4sI4s4s4s", n, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + b"\0" * 12 + b"acsp" + b"\0" * 28
    head += s15(0.9642) + s15(1) + s15(0.8249)
    return head + b"\0" * (128 - len(head)) + struct.pack(">I", len(tags)) + table + data


WIDE = icc(((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841)), 2.2)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def with_chunk(name, src, kind, body):
    b = open(src, "rb").read()
    open(name, "wb").write(b[:33] + chunk(kind, body) + b[33:])


def png16(name, color, channels, depth16):
    """Rows of 16-bit samples, filter None."""
    rows, w, h = b"", 90, 60
    for y in range(h):
        rows += b"\0" + b"".join(struct.pack(">" + "H" * channels, *depth16(x, y)) for x in range(w))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 16, color, 0, 0, 0))
                           + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def jpeg(name, m, **kw):
    m.save(name, "JPEG", **{"quality": 60, "optimize": True, **kw})


jpeg("420.jpg", rgb, subsampling=2)
jpeg("progressive.jpg", rgb, subsampling=2, progressive=True)
jpeg("444.jpg", rgb, subsampling=0)
jpeg("422.jpg", rgb, subsampling=1)
jpeg("gray.jpg", gray)
jpeg("profile.jpg", rgb, icc_profile=WIDE)
ex = Image.Exif()
ex[0x0112] = 6
jpeg("turned.jpg", rgb, exif=ex)
jpeg("cmyk.jpg", rgb.convert("CMYK"))
subprocess.run(["convert", "cmyk.jpg", "-quality", "60", "-sampling-factor", "1x1", "-interlace", "Plane", "cmyk-progressive.jpg"], check=True)
rgb.resize((W // 2, H // 2)).save("rgb.png")
rgba.resize((W // 2, H // 2)).save("alpha.png")
gray.save("gray.png")
pal.save("palette.png", optimize=True)
pal.save("palette-alpha.png", transparency=bytes(range(0, 240, 10)), optimize=True)
pal.point(lambda v: 255 * (v > 11)).convert("1").save("bits.png")
png16("16-gray.png", 0, 1, lambda x, y: ((x * 699 + y * 83) & 0xffff,))
png16("16-rgb.png", 2, 3, lambda x, y: (x * 728, y * 1092, (x + y) // 8 * 3000))
png16("16-alpha.png", 6, 4, lambda x, y: (x * 728, y * 1092, (x // 9 + y // 9) * 3900, min(65535, x * 801)))
subprocess.run(["convert", "palette.png", "-interlace", "PNG", "interlaced.png"], check=True)
with_chunk("profile.png", "palette.png", b"iCCP", b"p\0\0" + zlib.compress(WIDE))
with_chunk("gamma.png", "palette.png", b"gAMA", struct.pack(">I", 100000))
pal.save("still.gif")
pal.save("clear.gif", transparency=3, interlace=0)
frames = [pal.crop((0, 0, 240, 170)).copy() for _ in range(4)]
for i, f in enumerate(frames):
    f.paste(7 * i + 1, (30 * i, 20 * i, 30 * i + 60, 20 * i + 60))
frames[0].save("moving.gif", save_all=True, append_images=frames[1:], duration=[70, 110, 40, 200], loop=3, disposal=[1, 2, 3, 1])
pal.resize((W // 2, H // 2)).save("palette.bmp")
small = rgb.resize((W // 3, H // 3))
small.save("24.bmp")
rgba.resize((W // 3, H // 3)).save("alpha.tmp.png")
subprocess.run(["convert", "alpha.tmp.png", "-define", "bmp:format=bmp4", "alpha.bmp"], check=True)
os.remove("alpha.tmp.png")
subprocess.run(["convert", "palette.png", "-compress", "RLE", "-colors", "24", "BMP3:rle.bmp"], check=True)
rgb.save("lossy.webp", quality=50)
rgba.save("alpha.webp", quality=50)
pal.convert("RGB").save("lossless.webp", lossless=True)
rgb.save("profile.webp", quality=50, icc_profile=WIDE)
frames[0].save("moving.png", save_all=True, append_images=frames[1:], duration=[70, 110, 40, 200], loop=3)
ims = [f.convert("RGBA") for f in frames]
ims[0].save("moving.webp", save_all=True, append_images=ims[1:], duration=[70, 110, 40, 200], loop=3, quality=50)
