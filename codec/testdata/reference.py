"""Makes, the slow way, what each picture should have become, and compares.

Reads lines "source<TAB>result" and prints, for each, a line of JSON: what Pillow
finds in the result, and how far its pixels are from an upright sRGB reference
that was decoded whole, converted by LittleCMS, or by what the chunks of a PNG
say, and scaled with the same kernel.
"""
import io, json, struct, sys, zlib
from PIL import Image, ImageChops, ImageCms, ImageFile, ImageStat

Image.MAX_IMAGE_PIXELS = None
SRGB = ImageCms.createProfile("sRGB")
TURN = {2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180], 4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_270], 7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_90]}


def exif_orientation(im):
    """The orientation that EXIF alone gives: Pillow also looks into XMP."""
    raw = im.info.get("exif")
    if not raw and im.format == "PNG":
        im.load()
        raw = im.info.get("exif")
    if not raw:
        return 1
    e = Image.Exif()
    e.load(raw)
    return e.get(0x0112, 1)


def matrix(white, primaries):
    """From linear samples to XYZ, adapted to D50 by Bradford: rows."""
    def times(m, n):
        return [[sum(m[i][k] * n[k][j] for k in range(3)) for j in range(len(n[0]))] for i in range(3)]

    bradford = [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    m = [[p[0] for p in primaries], [p[1] for p in primaries], [1 - p[0] - p[1] for p in primaries]]
    w = [[white[0] / white[1]], [1.0], [(1 - white[0] - white[1]) / white[1]]]
    s = times(inverse(m), w)
    m = [[m[i][j] * s[j][0] for j in range(3)] for i in range(3)]
    a, b = times(bradford, w), times(bradford, [[0.9642], [1.0], [0.8249]])
    gain = [[b[i][0] / a[i][0] if i == j else 0 for j in range(3)] for i in range(3)]
    return times(times(inverse(bradford), times(gain, bradford)), m), times


def inverse(m):
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return [[v / det for v in row] for row in ((e * i - f * h, c * h - b * i, b * f - c * e), (f * g - d * i, a * i - c * g, c * d - a * f),
                                               (d * h - e * g, b * g - a * h, a * e - b * d))]


D65 = (0.3127, 0.3290)
BT709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
CODED = {1: (D65, BT709), 9: (D65, ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))), 12: (D65, ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)))}
GAMMAS = {1: 2.4, 4: 2.2, 5: 2.8, 6: 2.4, 8: 1.0, 14: 2.4, 15: 2.4}


def chunk_colour(path):
    """What a PNG without a profile says of its colours, as browsers take it: white, primaries and gamma, 0 for sRGB's curve; or None."""
    with open(path, "rb") as f:
        b = f.read()
    if not b.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    chunks, at = {}, 8
    while at + 12 <= len(b):
        n = struct.unpack(">I", b[at:at + 4])[0]
        kind, data = b[at + 4:at + 8], b[at + 8:at + 8 + n]
        if kind == b"IDAT":
            break
        if struct.unpack(">I", b[at + 8 + n:at + 12 + n])[0] == zlib.crc32(kind + data):
            chunks.setdefault(kind, data)
        at += 12 + n
    c = chunks.get(b"cICP", b"")
    if len(c) == 4 and c[0] in CODED and c[3] == 1 and (c[1] == 13 or c[1] in GAMMAS):
        return None if c[:2] == b"\x01\x0d" else CODED[c[0]] + (GAMMAS.get(c[1], 0),)
    if b"iCCP" in chunks or b"sRGB" in chunks or b"gAMA" not in chunks:
        return None
    gamma = struct.unpack(">I", chunks[b"gAMA"])[0] / 100000
    if b"cHRM" in chunks:
        v = [x / 100000 for x in struct.unpack(">8I", chunks[b"cHRM"])]
        return (v[0], v[1]), ((v[2], v[3]), (v[4], v[5]), (v[6], v[7])), 1 / gamma
    return None if gamma == 0 or abs(2.2 * gamma - 1) <= 0.05 else (D65, BT709, 1 / gamma)


def decode(v, gamma):
    if gamma:
        return v ** gamma
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def encode(v):
    v = min(max(v, 0), 1)
    return round(255 * (v * 12.92 if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055))


def convert(im, colour):
    """An 8-bit RGB or RGBA picture by what chunk_colour found."""
    white, primaries, gamma = colour
    linear = [decode(v / 255, gamma) for v in range(256)]
    alpha = im.getchannel("A") if im.mode == "RGBA" else None
    if primaries == BT709 and white == D65:
        im = im.convert("RGB").point([encode(v) for v in linear] * 3)
    else:
        to, times = matrix(white, primaries)
        m = times(inverse(matrix(D65, BT709)[0]), to)
        known, out = {}, []
        im = im.convert("RGB")
        for p in im.getdata():
            if p not in known:
                known[p] = tuple(encode(sum(row[i] * linear[p[i]] for i in range(3))) for row in m)
            out.append(known[p])
        im.putdata(out)
    if alpha:
        im.putalpha(alpha)
    return im


def to_srgb(im, colour=None):
    """8-bit RGBA in sRGB."""
    profile = im.info.get("icc_profile")
    alpha = None
    if colour and im.mode in ("I", "I;16", "I;16B"):  # grey of 16 bits, before it is narrowed
        deep = im.convert("I")
        im = deep.convert("L")
        im.putdata([encode(decode(min(max(v, 0), 65535) / 65535, colour[2])) for v in deep.getdata()])
        colour = None
    if im.mode in ("I", "I;16", "I;16B"):
        im = im.point(lambda v: v / 257.0, "F") if im.mode == "I" else im.convert("I").point(lambda v: v / 257.0, "F")
        im = im.point(lambda v: v + 0.5).convert("L")
    if im.mode in ("P", "PA", "1", "LA") or "transparency" in im.info:
        im = im.convert("RGBA") if im.mode not in ("CMYK",) else im
    if im.mode == "RGBA":
        alpha = im.getchannel("A")
        if profile:
            im = im.convert("RGB")
    if profile:
        try:
            p = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = p.profile.xcolor_space.strip()
            if space == "GRAY" and im.mode != "L":
                im = im.convert("L")
            if space == "RGB" and im.mode == "L":
                im = im.convert("RGB")
            im = ImageCms.profileToProfile(im, p, SRGB, renderingIntent=0, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    im = im.convert("RGB")
    if colour:
        im = convert(im, colour)
    im = im.convert("RGBA")
    if alpha is not None:
        im.putalpha(alpha)
    return im


def on(im, colour):
    base = Image.new("RGBA", im.size, colour)
    base.alpha_composite(im)
    return base.convert("RGB")


def distance(want, have):
    """Mean difference of a sample, laid on white or on black, whichever is more."""
    diffs = []
    for c in ((255, 255, 255, 255), (0, 0, 0, 255)):
        d = ImageChops.difference(on(want, c), on(have, c))
        diffs.append(sum(ImageStat.Stat(d).mean) / 3)
    return max(diffs)


def loss(want, kind):
    """What Pillow's own encoder of that format loses of want at quality 95."""
    b = io.BytesIO()
    if kind == "JPEG":
        want.convert("RGB").save(b, "JPEG", quality=95)
    elif kind == "WEBP":
        want.save(b, "WEBP", quality=95)
    elif kind == "GIF":
        want.save(b, "GIF")
    else:
        return 0
    return distance(want, Image.open(b).convert("RGBA"))


class Cover:
    """Which pixels of a GIF's canvas some frame has covered: Pillow paints the others, viewers leave them transparent."""

    def __init__(self, im):
        self.mask, self.saved, self.last = Image.new("L", im.size, 0), None, None

    def frame(self, im, want):
        if im.format != "GIF" or not im.tile and not hasattr(im, "dispose_extent"):
            return want
        box = tuple(im.dispose_extent) if getattr(im, "dispose_extent", None) else im.tile[0][1]
        if self.last:
            method, old = self.last
            if method == 2:
                self.mask.paste(0, old)
            elif method == 3:
                self.mask = self.saved
        self.saved = self.mask.copy()
        self.mask.paste(255, box)
        self.last = (getattr(im, "disposal_method", 0), box)
        want.putalpha(ImageChops.darker(want.getchannel("A"), self.mask))
        return want


def first(im):
    """Where the frames begin: Pillow counts an APNG's default image even where it is none of them."""
    return 1 if getattr(im, "default_image", False) else 0


def count(im):
    return getattr(im, "n_frames", 1) - first(im)


def compare(source, result):
    out = Image.open(result)
    got = {"format": out.format, "w": out.width, "h": out.height, "frames": count(out), "mode": out.mode,
           "exif": exif_orientation(out) if out.info.get("exif") else 0, "meta": sorted(k for k in ("exif", "xmp", "comment", "XML:com.adobe.xmp", "photoshop") if out.info.get(k)),
           "profile": bool(out.info.get("icc_profile"))}
    src = Image.open(source)
    meant, means = chunk_colour(source), chunk_colour(result)
    orientation = exif_orientation(src)
    got["sourceMode"], got["sourceFrames"] = src.mode, count(src)
    for name, im in (("source", src), ("result", out)):
        durations = []
        if name == "source" and src.format == "MPO":
            continue
        n = count(im)
        if n > 1:
            for i in range(n):
                im.seek(first(im) + i)
                im.load()
                durations.append(im.info.get("duration", 0))
            got[name + "Delays"], got[name + "Loop"] = durations, im.info.get("loop", -1)
            im.seek(0)
    frames = min(got["frames"], got["sourceFrames"]) if src.format != "MPO" else 1
    worst, lost = 0.0, 0.0
    cover, covered = Cover(src), Cover(out)
    for i in range(frames):
        if frames > 1:
            src.seek(first(src) + i)
            out.seek(first(out) + i)
        want = to_srgb(src.copy() if frames > 1 else src, meant)
        want = cover.frame(src, want)
        for t in TURN.get(orientation, []):
            want = want.transpose(t)
        if want.size != out.size:
            want = want.resize(out.size, Image.Resampling.BICUBIC)
        have = to_srgb(out.copy() if frames > 1 else out, means)
        have = covered.frame(out, have)
        worst = max(worst, distance(want, have))
        if i == 0:
            lost = loss(want, out.format)
        a = ImageChops.difference(want.getchannel("A"), have.getchannel("A"))
        got["alpha"] = max(got.get("alpha", 0), ImageStat.Stat(a).mean[0])
    got["mean"], got["loss"] = worst, lost
    return got


for line in sys.stdin:
    source, result = line.rstrip("\n").split("\t")
    try:
        print(json.dumps(compare(source, result)), flush=True)
    except Exception as e:  # what Pillow cannot read is for the caller to judge
        print(json.dumps({"error": f"{type(e).__name__}: {e}"}), flush=True)
