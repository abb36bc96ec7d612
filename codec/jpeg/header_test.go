package jpeg

import (
	"bytes"
	"encoding/binary"
	"image"
	stdjpeg "image/jpeg"
	"path/filepath"
	"testing"

	"miniatura/internal/outside"
)

// The Reader returns the metadata that exiftool extracts from the pictures of the corpus.
func TestMetadataAgainstExiftool(t *testing.T) {
	profiles, exifs, chunked := 0, 0, 0
	for _, p := range corpusJPEGs(t, "photos") {
		src := readFile(t, p)
		d, err := NewReader(src)
		if err != nil {
			t.Fatal(p, err)
		}
		// exiftool starts slowly, so only some pictures of each kind are tested.
		switch filepath.Base(p) {
		case "012mp-bus.jpg", "pizza-cmyk8-usswop.jpg", "grayscale.jpg":
		default:
			continue
		}
		want := tool(t, "exiftool", src, "-b", "-ICC_Profile", "-")
		if got := d.ICC; !bytes.Equal(got, want) {
			t.Errorf("%s: profile of %d bytes, want %d", p, len(got), len(want))
		}
		if len(want) > 0 {
			profiles++
		}
		if len(want) > 65533 {
			chunked++
		}
		want = tool(t, "exiftool", src, "-b", "-Exif", "-")
		if got := d.EXIF; !bytes.HasPrefix(got, want) || len(want) == 0 && len(got) > 0 { // without what follows the last directory
			t.Errorf("%s: Exif of %d bytes, want %d", p, len(got), len(want))
		}
		if len(want) > 0 {
			exifs++
		}
	}
	if profiles < 2 || exifs < 1 || chunked < 1 {
		t.Errorf("%d profiles, %d of them in chunks, %d Exif: too few to tell", profiles, chunked, exifs)
	}
}

// insert puts segments after SOI.
func insert(src []byte, segments ...Segment) []byte {
	out := []byte{0xFF, markerSOI}
	for _, s := range segments {
		out = binary.BigEndian.AppendUint16(append(out, 0xFF, s.Marker), uint16(len(s.Data)+2))
		out = append(out, s.Data...)
	}
	return append(out, src[2:]...)
}

func TestColorModel(t *testing.T) {
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 9, 9)), nil); err != nil {
		t.Fatal(err)
	}
	three := b.Bytes() // without JFIF
	one, _, _ := grayParts(t, 9, 9, 5)
	named := bytes.Clone(three)
	sof := bytes.Index(named, []byte{0xFF, markerSOF0})
	sos := bytes.Index(named, []byte{0xFF, markerSOS})
	for i, id := range []byte("RGB") {
		named[sof+10+3*i], named[sos+5+2*i] = id, id
	}
	four := edit(three, func(m byte, b []byte) []byte { // headers only
		switch m {
		case markerSOF0:
			b = append(b, 7, 0x11, 0)
			b[5] = 4
		case markerSOS:
			b = append(append([]byte{4}, b[1:7]...), 7, 0, 0, 63, 0)
		}
		return b
	})
	jfif := Segment{markerAPP0, []byte("JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")}
	adobe := func(transform byte) Segment {
		return Segment{markerAPPE, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), transform)}
	}
	for _, c := range []struct {
		name string
		src  []byte
		want ColorModel
	}{
		{"one component", one, ModelGray},
		{"three components", three, ModelYCbCr},
		{"JFIF", insert(three, jfif), ModelYCbCr},
		{"Adobe 1", insert(three, adobe(1)), ModelYCbCr},
		{"Adobe 0", insert(three, adobe(0)), ModelRGB},
		{"Adobe 0 and JFIF", insert(three, adobe(0), jfif), ModelYCbCr},
		{"components R, G, B", named, ModelRGB},
		{"components R, G, B and JFIF", insert(named, jfif), ModelYCbCr},
		{"Adobe 0, one component", insert(one, adobe(0)), ModelGray},
		{"four components", four, ModelCMYK},
		{"four components and JFIF", insert(four, jfif), ModelCMYK},
		{"Adobe 0, four components", insert(four, adobe(0)), ModelCMYK},
		{"Adobe 1, four components", insert(four, adobe(1)), ModelYCCK},
		{"Adobe 2, four components", insert(four, adobe(2)), ModelYCCK},
		{"Adobe 255, four components", insert(four, adobe(255)), ModelYCCK},
		{"a short Adobe, four components", insert(four, Segment{markerAPPE, adobe(2).Data[:11]}), ModelCMYK},
	} {
		d, err := NewReader(c.src)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if d.Model != c.want {
			t.Errorf("%s: model %d, want %d", c.name, d.Model, c.want)
		}
	}
	for name, want := range map[string]ColorModel{"pizza-cmyk8-usswop.jpg": ModelCMYK, "flower_small.cmyk.jpg": ModelYCCK} {
		d, err := NewReader(readFile(t, filepath.Join(outside.Shared(t, "corpus"), "photos", name)))
		if err != nil || d.Model != want {
			t.Errorf("%s: %v, model %d, want %d", name, err, d.Model, want)
		}
	}
}

// Components that are RGB need no conversion: the picture is the same, byte for byte, as that of
// djpeg.
func TestRGBAgainstDjpeg(t *testing.T) {
	ppm := []byte("P6\n75 53\n255\n")
	for i := range 75 * 53 {
		ppm = append(ppm, byte(i%75*3), byte(i/75*4), byte(i%61*4))
	}
	src := tool(t, "cjpeg", ppm, "-quality", "92", "-rgb")
	want := tool(t, "djpeg", src, "-pnm")
	m, err := Decode(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	got := m.(*image.RGBA)
	for i := range 75 * 53 {
		if p := want[len(want)-3*(75*53-i):]; !bytes.Equal(got.Pix[4*i:4*i+3], p[:3]) || got.Pix[4*i+3] != 255 {
			t.Fatalf("pixel %d: %d, want %d", i, got.Pix[4*i:4*i+4], p[:3])
		}
	}
}

// Complete chunks make a profile. If a chunk is missing, misnumbered or doubled before they are
// complete, there is no profile. Chromium 156 does the same in each case.
func TestProfileChunks(t *testing.T) {
	src, _, _ := grayParts(t, 9, 9, 5)
	chunk := func(i, n byte, data string) Segment {
		return Segment{markerAPP2, append([]byte("ICC_PROFILE\x00"), append([]byte{i, n}, data...)...)}
	}
	one, two, cut := chunk(1, 2, "abc"), chunk(2, 2, "def"), Segment{markerAPP2, []byte("ICC_PROFILE\x00\x01")}
	for _, c := range []struct {
		name    string
		want    string
		another bool
		chunks  []Segment
	}{
		{"one", "abc", false, []Segment{chunk(1, 1, "abc")}},
		{"two", "abcdef", false, []Segment{one, two}},
		{"two the other way round", "abcdef", false, []Segment{two, one}},
		{"the same twice", "abc", false, []Segment{chunk(1, 1, "abc"), chunk(1, 1, "abc")}},
		{"the same thrice", "abc", false, []Segment{chunk(1, 1, "abc"), chunk(1, 1, "abc"), chunk(1, 1, "abc")}},
		{"both chunks twice, one after the other", "abcdef", false, []Segment{one, two, one, two}},
		{"the last chunk twice", "abcdef", false, []Segment{one, two, two}},
		{"two profiles", "abc", true, []Segment{chunk(1, 1, "abc"), chunk(1, 1, "xyz")}},
		{"two profiles, the second in two chunks", "abc", true, []Segment{chunk(1, 1, "abc"), one, two}},
		{"two profiles, the first in two chunks", "abcdef", true, []Segment{one, two, chunk(1, 1, "xyz")}},
		{"a chunk too many", "abc", true, []Segment{chunk(1, 1, "abc"), chunk(2, 1, "def")}},
		{"a chunk without a number behind", "abc", true, []Segment{chunk(1, 1, "abc"), chunk(0, 0, "def")}},
		{"an empty one before", "abc", false, []Segment{chunk(1, 1, ""), chunk(1, 1, "abc")}},
		{"an empty chunk before", "abcdef", false, []Segment{chunk(1, 2, ""), one, two}},
		{"an empty chunk between", "abcdef", false, []Segment{one, chunk(1, 2, ""), two}},
		{"a short segment before", "abc", false, []Segment{cut, chunk(1, 1, "abc")}},
		{"the second missing", "", false, []Segment{one}},
		{"the first missing", "", false, []Segment{two}},
		{"the last of three missing", "", false, []Segment{chunk(1, 3, "abc"), chunk(2, 3, "def")}},
		{"an empty one of three", "", false, []Segment{chunk(1, 3, "abc"), chunk(2, 3, ""), chunk(3, 3, "def")}},
		{"the first chunk twice", "", false, []Segment{one, one, two}},
		{"every chunk twice by turns", "", false, []Segment{one, one, two, two}},
		{"the first chunk twice, different", "", false, []Segment{one, chunk(1, 2, "xyz"), two}},
		{"of different counts", "", false, []Segment{one, chunk(2, 3, "def")}},
		{"half of one, then another", "", false, []Segment{one, chunk(1, 1, "abc")}},
		{"number 0", "", false, []Segment{chunk(0, 1, "abc")}},
		{"number 0, then a whole one", "", false, []Segment{chunk(0, 1, "abc"), chunk(1, 1, "abc")}},
		{"number 0 between", "", false, []Segment{one, chunk(0, 2, "x"), two}},
		{"count 0", "", false, []Segment{chunk(1, 0, "abc"), chunk(1, 1, "abc")}},
		{"number beyond the count", "", false, []Segment{chunk(2, 1, "abc"), chunk(1, 1, "abc")}},
		{"numbered from 0", "", false, []Segment{chunk(0, 2, "abc"), chunk(1, 2, "def")}},
		{"too short for numbers", "", false, []Segment{cut}},
	} {
		d, err := NewReader(insert(src, c.chunks...))
		if err != nil {
			t.Fatal(err)
		}
		if another := d.Note != ""; string(d.ICC) != c.want || another != c.another {
			t.Errorf("%s: %q, %v, want %q, %v", c.name, d.ICC, another, c.want, c.another)
		}
	}
}

// Each rule of G.1.1.1.1 has an error of its own, with the position of the scan header.
func TestProgressionRules(t *testing.T) {
	src := picture(t, 64, 64)
	progressive := edit(src, func(m byte, b []byte) []byte { return b })
	progressive[bytes.Index(progressive, []byte{0xFF, markerSOF0})+1] = markerSOF2
	at := bytes.Index(progressive, []byte{0xFF, markerSOS})
	for want, c := range map[string][4]byte{ // components, Ss, Se, Ah and Al
		"spectral selection out of range":                   {3, 5, 4, 0},
		"DC and AC coefficients in one scan":                {3, 0, 5, 0},
		"AC coefficients of several components in one scan": {3, 1, 5, 0},
		"successive approximation out of range":             {3, 0, 0, 0x0E},
		"refinement by other than one bit":                  {3, 0, 0, 0x31},
	} {
		b := bytes.Clone(progressive)
		copy(b[at+4+1+2*int(c[0]):], c[1:])
		if _, err := NewReader(b); err != error(FormatError{at, want}) {
			t.Errorf("%v: %v, want %s", c, err, want)
		}
	}
	copy(progressive[at+4+1+6:], []byte{0, 0, 0})
	if _, err := NewReader(progressive); err != nil {
		t.Errorf("right parameters: %v", err)
	}
}
