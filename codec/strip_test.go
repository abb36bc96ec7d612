package codec_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	stdgif "image/gif"
	stdjpeg "image/jpeg"
	stdpng "image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/codec/gif"
	"miniatura/codec/jpeg"
	"miniatura/codec/png"
	"miniatura/codec/webp"
	"miniatura/internal/outside"
)

var strips = map[string]func([]byte, bool) ([]byte, error){
	"\xff\xd8": jpeg.Strip, "\x89P": png.Strip, "RI": webp.Strip, "GI": gif.Strip,
}

func stripAny(src []byte, keepICC bool) ([]byte, error) {
	if len(src) < 2 || strips[string(src[:2])] == nil {
		return nil, errors.ErrUnsupported
	}
	return strips[string(src[:2])](src, keepICC)
}

func seg(marker byte, body string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return append(b, body...)
}

func pngChunk(kind, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

func riff(kind, body string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(body)))
	b = append(b, body...)
	if len(body)&1 != 0 {
		b = append(b, 0)
	}
	return b
}

func stripe() image.Image {
	m := image.NewPaletted(image.Rect(0, 0, 19, 11), palette.Plan9)
	for i := range m.Pix {
		m.Pix[i] = byte(i)
	}
	return m
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func checkStrip(t *testing.T, f func([]byte, bool) ([]byte, error), src []byte, keepICC bool, want []byte) {
	t.Helper()
	in := bytes.Clone(src)
	got, err := f(src, keepICC)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(in, src) {
		t.Fatal("the source was written to")
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got  %.300q\nwant %.300q", got, want)
	}
	if again, err := f(want, keepICC); err != nil || !bytes.Equal(again, want) {
		t.Fatalf("once more: %v, %.300q", err, again)
	}
}

func TestJPEGSegments(t *testing.T) {
	var buf bytes.Buffer
	stdjpeg.Encode(&buf, stripe(), nil)
	rest := buf.Bytes()[2:]
	soi := []byte("\xff\xd8")
	jfif := seg(0xe0, "JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x00\x00")
	jfifThumb := seg(0xe0, "JFIF\x00\x01\x02\x01\x00\x48\x00\x48\x01\x01abc")
	adobe := seg(0xee, "Adobe\x00\x64\x00\x00\x00\x00\x01")
	icc := join(seg(0xe2, "ICC_PROFILE\x00\x01\x02abc"), seg(0xe2, "ICC_PROFILE\x00\x02\x02def"))
	exif := seg(0xe1, "Exif\x00\x00MM\x00*")
	mpf := seg(0xe2, "MPF\x00MM\x00*")
	iptc := seg(0xed, "Photoshop 3.0\x008BIM")
	com := seg(0xfe, "secret")
	jfxx := seg(0xe0, "JFXX\x00\x10thumb")
	second := join(soi, rest)

	src := join(soi, jfifThumb, jfxx, exif, []byte{0xff, 0xff}, com, icc, mpf, iptc, adobe, rest, second)
	checkStrip(t, jpeg.Strip, src, true, join(soi, jfif, icc, adobe, rest))
	checkStrip(t, jpeg.Strip, src, false, join(soi, jfif, adobe, rest))
	checkStrip(t, jpeg.Strip, join(soi, jfif, adobe, rest), false, join(soi, jfif, adobe, rest))
	// A comment between the scan and EOI, and 0xFF fill bytes before it.
	n := len(rest) - 2
	checkStrip(t, jpeg.Strip, join(soi, rest[:n], com, rest[n:]), false, join(soi, rest))

	// Bytes between segments that decoders skip are removed.
	checkStrip(t, jpeg.Strip, join(soi, []byte("x"), rest), false, join(soi, rest))
	checkStrip(t, jpeg.Strip, join(soi, []byte("\xff\xd0"), rest), false, join(soi, rest))

	for name, bad := range map[string][]byte{
		"empty": nil, "SOI alone": soi, "no EOI": join(soi, rest[:n]), "no scan": join(soi, jfif, []byte("\xff\xd9")),
		"length past the end": join(soi, []byte("\xff\xe1\xff\xff")), "length 1": join(soi, []byte("\xff\xe1\x00\x01"), rest),
	} {
		var e jpeg.FormatError
		if _, err := jpeg.Strip(bad, false); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPNGChunks(t *testing.T) {
	var buf bytes.Buffer
	stdpng.Encode(&buf, stripe())
	sig, b := buf.Bytes()[:8+25], buf.Bytes()[8+25:] // IHDR, then PLTE IDAT IEND
	gama, srgb := pngChunk("gAMA", "\x00\x00\xb1\x8f"), pngChunk("sRGB", "\x00")
	iccp, text := pngChunk("iCCP", "x\x00\x00zz"), pngChunk("tEXt", "Comment\x00secret")
	exif, private := pngChunk("eXIf", "MM\x00*"), pngChunk("prVt", "?")
	tail := []byte("trailing")

	src := join(sig, gama, iccp, text, exif, private, b, tail)
	checkStrip(t, png.Strip, src, true, join(sig, gama, iccp, b))
	checkStrip(t, png.Strip, src, false, join(sig, b))
	checkStrip(t, png.Strip, join(sig, gama, srgb, b), false, join(sig, gama, srgb, b))

	// Only an animation keeps its frames. A file with one frame becomes the picture in it.
	actl := func(n string) []byte { return pngChunk("acTL", "\x00\x00\x00"+n+"\x00\x00\x00\x00") }
	fctl, fdat := pngChunk("fcTL", strings.Repeat("\x00", 26)), pngChunk("fdAT", "\x00\x00\x00\x01zz")
	body, iend := b[:len(b)-12], b[len(b)-12:]
	for _, c := range []struct {
		src   []byte
		still bool
	}{
		{join(sig, actl("\x01"), fctl, body, iend), true}, {join(sig, actl("\x01"), body, iend), true}, {join(sig, actl("\x00"), body, iend), true},
		{join(sig, actl("\x01"), body, fctl, fdat, iend), false}, {join(sig, actl("\x02"), fctl, body, fctl, fdat, iend), false},
	} {
		want := c.src
		if c.still {
			want = join(sig, b)
		}
		checkStrip(t, png.Strip, c.src, false, want)
	}

	crc := join(sig, b)
	crc[len(crc)-20] ^= 1
	for name, bad := range map[string][]byte{
		"empty": nil, "no IEND": join(sig, b[:len(b)-12]), "IHDR twice": join(sig, sig[8:], b), "CRC": crc,
		"no IDAT": join(sig, pngChunk("IEND", "")), "length": join(sig, []byte("\xff\xff\xff\xffIDAT")),
	} {
		var e png.FormatError
		if _, err := png.Strip(bad, false); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var u png.UnsupportedError
	if _, err := png.Strip(join(sig, pngChunk("CgBI", "1234"), b), false); !errors.As(err, &u) {
		t.Error("unknown critical chunk:", err)
	}
}

func TestWebPChunks(t *testing.T) {
	file := func(chunks ...[]byte) []byte { return riff("RIFF", "WEBP"+string(join(chunks...))) }
	vp8x := func(flags byte) []byte {
		return riff("VP8X", string([]byte{flags})+"\x00\x00\x00\x12\x00\x00\x0a\x00\x00")
	}
	vp8, iccp := riff("VP8 ", "picture"), riff("ICCP", "profile!")
	exif, xmp, own := riff("EXIF", "MM\x00*1"), riff("XMP ", "<x/>"), riff("abcd", "123")
	alph := riff("ALPH", "a")

	src := join(file(vp8x(0x3c), iccp, own, alph, vp8, exif, xmp), []byte("trailing"))
	checkStrip(t, webp.Strip, src, true, file(vp8x(0x30), iccp, alph, vp8))
	checkStrip(t, webp.Strip, src, false, file(vp8x(0x10), alph, vp8))
	checkStrip(t, webp.Strip, join(file(vp8, exif)), false, file(vp8))

	frame := func(sub ...[]byte) []byte { return riff("ANMF", "0123456789abcdef"+string(join(sub...))) }
	anim := riff("ANIM", "\x00\x00\x00\x00\x00\x00")
	checkStrip(t, webp.Strip, file(vp8x(0x0a), anim, frame(own, alph, vp8), frame(vp8, own), exif), false,
		file(vp8x(0x02), anim, frame(alph, vp8), frame(vp8)))

	// The last padding byte left out, RIFF size too.
	cut := file(vp8)
	cut = cut[:len(cut)-1]
	cut[4]--
	if got, err := webp.Strip(cut, false); err != nil || !bytes.Equal(got, file(vp8)) {
		t.Errorf("no padding: %q, %v", got, err)
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "truncated": file(vp8)[:20], "no picture": file(vp8x(0), exif), "VP8X late": file(alph, vp8x(0), vp8),
		"empty frame": file(vp8x(2), anim, frame(own)), "short frame": file(vp8x(2), anim, riff("ANMF", "x")),
	} {
		var e webp.FormatError
		if _, err := webp.Strip(bad, false); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGIFBlocks(t *testing.T) {
	var buf bytes.Buffer
	m := image.NewPaletted(image.Rect(0, 0, 5, 5), color.Palette{color.Black, color.White})
	stdgif.EncodeAll(&buf, &stdgif.GIF{Image: []*image.Paletted{m, m}, Delay: []int{5, 6}, LoopCount: 3})
	b := buf.Bytes()
	i := bytes.Index(b, []byte("!\xff\x0bNETSCAPE2.0"))
	if i < 0 {
		t.Fatal("the encoder wrote no loop count")
	}
	head, rest := b[:i], b[i:]
	com := []byte("!\xfe\x06secret\x03abc\x00")
	xmp := []byte("!\xff\x0bXMP DataXMP<x/>\x01\x00\x00")
	xmp = append(xmp[:14], "\x04<x/>\x00"...)
	icc := []byte("!\xff\x0bICCRGBG1012\x03abc\x00")
	checkStrip(t, gif.Strip, join(head, com, icc, xmp, rest, []byte("trailing")), true, join(head, icc, rest))
	checkStrip(t, gif.Strip, join(head, com, icc, xmp, rest), false, b)
	// A control extension without effect is dropped, unless it ends the effect of an earlier one.
	idle, busy := []byte("!\xf9\x04\x00\x00\x00\x07\x00"), []byte("!\xf9\x04\x01\x00\x00\x00\x00")
	frame := b[bytes.IndexByte(b[i:], ',')+i : len(b)-1]
	frame = frame[:bytes.Index(frame, []byte("!\xf9"))]
	checkStrip(t, gif.Strip, join(head, idle, frame, idle, com, frame, []byte(";")), false, join(head, frame, frame, []byte(";")))
	for _, controls := range [][]byte{busy, join(busy, idle)} {
		kept := join(head, controls, frame, controls, frame, []byte(";"))
		checkStrip(t, gif.Strip, kept, false, kept)
	}
	// Behind an image, the trailer replaces bytes that are no block, and a block that is cut off.
	whole := b[:len(b)-1]
	for _, end := range []string{"", "\xde\xad;", "\x00\x00", "!", "!\xfe\x40secret", "!\xf9\x04\x00", ",\x00\x00\x00"} {
		checkStrip(t, gif.Strip, join(whole, []byte(end)), false, b)
	}
	checkStrip(t, gif.Strip, join(head, []byte{0, 0}, rest), false, b)
	for name, bad := range map[string][]byte{
		"empty": nil, "header": b[:9], "table": b[:15], "no image": join(head, []byte(";")),
		"sub-block": b[:len(b)-3], "unknown block": join(head, []byte{1}, rest),
	} {
		var e gif.FormatError
		if _, err := gif.Strip(bad, false); !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// pixels.py prints, for pairs of files, whether all frames and their samples, sizes, delays and
// loop counts are the same.
const pixelsPy = `
import sys, warnings
from PIL import Image, ImageSequence
warnings.simplefilter("ignore")
def all(p):
    im = Image.open(p)
    r = [im.mode, im.size, im.info.get("loop"), im.info.get("transparency"), im.info.get("gamma"), im.info.get("icc_profile")]
    for f in ImageSequence.Iterator(im): r += [f.info.get("duration") or 0, f.tobytes()] # no control extension is a delay of 0
    return r
for l in sys.stdin:
    a, b = l.rstrip("\n").split("\t")
    try: x = all(a)
    except Exception: continue # Pillow cannot read the original either
    try: y = all(b)
    except Exception as e: print(a, e); continue
    if a.lower().endswith((".jpg", ".jpeg")): x, y = x[:3] + x[5:8], y[:3] + y[5:8] # an MPO has frames to lose
    if x != y: print(a, [i for i in range(min(len(x),len(y))) if x[i] != y[i]], len(x), len(y))
`

// TestCorpus strips the whole corpus, keeping profiles, and checks the results by two independent
// readers: by Pillow that every sample is unchanged, by exiftool that no metadata is left.
func TestCorpus(t *testing.T) {
	dir, out := outside.Shared(t, "corpus"), t.TempDir()
	var pairs strings.Builder
	n, refused := 0, map[string]error{}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := d.Info(); err == nil && info.Size() > 1<<20 && os.Getenv("MINIATURA_LONG") == "" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		dst, err := stripAny(src, true)
		if err != nil {
			refused[path] = err
			return nil
		}
		if len(dst) > len(src)+1 {
			t.Errorf("%s: %d bytes became %d", path, len(src), len(dst))
		}
		if again, err := stripAny(dst, true); err != nil || !bytes.Equal(again, dst) {
			t.Errorf("%s: stripped twice is not stripped once (%v)", path, err)
		}
		n++
		name := filepath.Join(out, fmt.Sprintf("%04d%s", n, filepath.Ext(path)))
		if err := os.WriteFile(name, dst, 0o600); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&pairs, "%s\t%s\n", path, name)
		return nil
	})
	for path, err := range refused {
		if !strings.Contains(path, "hostile") && !strings.Contains(path, "/bmp/") {
			t.Logf("refused: %s: %v", path, err)
		}
	}
	t.Logf("%d stripped, %d refused", n, len(refused))

	if cmd := exec.Command("/usr/bin/python3", "-c", pixelsPy); exec.Command("/usr/bin/python3", "-c", "import PIL").Run() == nil {
		cmd.Stdin = strings.NewReader(pairs.String())
		if msg, err := cmd.CombinedOutput(); err != nil || len(msg) > 0 {
			t.Errorf("Pillow: %v\n%s", err, msg)
		}
	} else {
		t.Log("no Pillow: samples not compared")
	}
	if _, err := exec.LookPath("exiftool"); err == nil {
		msg, _ := exec.Command("exiftool", "-q", "-q", "-json", "-G1", "-fast0", out).Output()
		var files []map[string]any
		if err := json.Unmarshal(msg, &files); err != nil || len(files) < n*9/10 {
			t.Fatalf("exiftool: %v, %d files", err, len(files))
		}
		for _, f := range files {
			for tag := range f {
				group, _, _ := strings.Cut(tag, ":")
				switch {
				case group == "ExifTool", group == "System", group == "File", group == "Composite", group == "SourceFile",
					group == "JFIF", group == "Adobe", group == "PNG", group == "PNG-pHYs", group == "PNG-cICP", group == "RIFF",
					group == "GIF", group == "NETSCAPE", group == "ANIMEXTS", strings.HasPrefix(group, "ICC"):
				default:
					t.Errorf("%v: %s left", f["SourceFile"], tag)
				}
				if strings.HasSuffix(tag, "Comment") || strings.HasSuffix(tag, "Thumbnail") {
					t.Errorf("%v: %s left", f["SourceFile"], tag)
				}
			}
		}
	} else {
		t.Log("no exiftool: not asked what is left")
	}
}

func FuzzStrip(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe0\x00\x02"), true)
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"), false)
	f.Add(append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", "0123456789012")...), false)
	f.Add([]byte("RIFF\x10\x00\x00\x00WEBPVP8 \x04\x00\x00\x00abcd"), true)
	f.Fuzz(func(t *testing.T, src []byte, keepICC bool) {
		dst, err := stripAny(src, keepICC)
		if err != nil {
			return
		}
		if len(dst) > len(src)+1+len(src)/24 { // a padding byte for each ANMF frame that lacks one
			t.Fatalf("%d bytes became %d", len(src), len(dst))
		}
		again, err := stripAny(dst, keepICC)
		if err != nil || !bytes.Equal(again, dst) {
			t.Fatalf("stripped twice is not stripped once: %v", err)
		}
	})
}
