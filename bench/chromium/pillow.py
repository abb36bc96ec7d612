"""Prints how much Pillow's own encoder changes a picture.

In a loop it reads a line "width height format quality" and the picture's straight RGBA pixels, and prints
the mean difference of the samples, laid on white or on black, whichever is more.

If the format is "convert", a path follows in the place of the pixels. The answer is the RGBA pixels of that
picture, converted to sRGB by its color profile.
"""
import io, sys
from PIL import Image, ImageChops, ImageCms, ImageStat


def on(im, colour):
    base = Image.new("RGBA", im.size, colour)
    base.alpha_composite(im)
    return base.convert("RGB")


def distance(want, have):
    diffs = []
    for c in ((255, 255, 255, 255), (0, 0, 0, 255)):
        diffs.append(sum(ImageStat.Stat(ImageChops.difference(on(want, c), on(have, c))).mean) / 3)
    return max(diffs)


def loss(want, kind, quality):
    b = io.BytesIO()
    if kind == "jpeg":
        want.convert("RGB").save(b, "JPEG", quality=quality)
    elif kind == "webp":
        want.save(b, "WEBP", quality=quality)
    elif kind == "gif":
        want.save(b, "GIF")
    else:
        return 0.0  # PNG and BMP lose nothing
    return distance(want, Image.open(b).convert("RGBA"))


def convert(path, size):
    im = Image.open(path)
    if im.size != size:
        raise ValueError(f"{path} is {im.size}, not {size}")
    profile = ImageCms.ImageCmsProfile(io.BytesIO(im.info["icc_profile"]))
    im = ImageCms.profileToProfile(im, profile, ImageCms.createProfile("sRGB"), renderingIntent=0, outputMode="RGB")
    return im.convert("RGBA").tobytes()


while line := sys.stdin.buffer.readline():
    w, h, kind, quality = line.decode().split()
    w, h = int(w), int(h)
    if kind == "convert":
        sys.stdout.buffer.write(convert(sys.stdin.buffer.readline().decode().rstrip("\n"), (w, h)))
        sys.stdout.buffer.flush()
        continue
    print(loss(Image.frombytes("RGBA", (w, h), sys.stdin.buffer.read(4 * w * h)), kind, int(quality)), flush=True)
