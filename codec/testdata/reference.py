"""Makes, the slow way, what each picture should have become, and compares.

Reads lines "source<TAB>result" and prints, for each, a line of JSON: what Pillow
finds in the result, and how far its pixels are from an upright sRGB reference
that was decoded whole, converted by LittleCMS and scaled with the same kernel.
"""
import io, json, sys
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


def to_srgb(im):
    """8-bit RGBA in sRGB."""
    profile = im.info.get("icc_profile")
    alpha = None
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


def compare(source, result):
    out = Image.open(result)
    got = {"format": out.format, "w": out.width, "h": out.height, "frames": getattr(out, "n_frames", 1), "mode": out.mode,
           "exif": exif_orientation(out) if out.info.get("exif") else 0, "meta": sorted(k for k in ("exif", "xmp", "comment", "XML:com.adobe.xmp", "photoshop") if out.info.get(k)),
           "profile": bool(out.info.get("icc_profile"))}
    src = Image.open(source)
    orientation = exif_orientation(src)
    got["sourceMode"], got["sourceFrames"] = src.mode, getattr(src, "n_frames", 1)
    for name, im in (("source", src), ("result", out)):
        durations = []
        if name == "source" and src.format == "MPO":
            continue
        n = getattr(im, "n_frames", 1)
        if n > 1:
            for i in range(n):
                im.seek(i)
                im.load()
                durations.append(im.info.get("duration", 0))
            got[name + "Delays"], got[name + "Loop"] = durations, im.info.get("loop", -1)
            im.seek(0)
    frames = min(got["frames"], got["sourceFrames"]) if src.format != "MPO" else 1
    worst, lost = 0.0, 0.0
    cover, covered = Cover(src), Cover(out)
    for i in range(frames):
        if frames > 1:
            src.seek(i)
            out.seek(i)
        want = to_srgb(src.copy() if frames > 1 else src)
        want = cover.frame(src, want)
        for t in TURN.get(orientation, []):
            want = want.transpose(t)
        if want.size != out.size:
            want = want.resize(out.size, Image.Resampling.BICUBIC)
        have = to_srgb(out.copy() if frames > 1 else out)
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
