package jpeg

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	stdjpeg "image/jpeg"
	"testing"
)

// This file tests pictures that the standard does not allow, but that every viewer shows. Chromium
// 156, djpeg and Pillow agree on each of them.

// edit rewrites the marker segments before the first scan's data: change returns the new contents
// of a segment, or nil to remove it. The rest of the file is kept.
func edit(src []byte, change func(m byte, body []byte) []byte) []byte {
	out := append([]byte(nil), src[:2]...)
	for p := 2; ; {
		m, n := src[p+1], int(binary.BigEndian.Uint16(src[p+2:]))
		if b := change(m, bytes.Clone(src[p+4:p+2+n])); b != nil {
			out = binary.BigEndian.AppendUint16(append(out, 0xFF, m), uint16(len(b)+2))
			out = append(out, b...)
		}
		if p += 2 + n; m == markerSOS {
			return append(out, src[p:]...)
		}
	}
}

// standardJPEG returns a color picture with the tables of K.3, written by the standard library.
func standardJPEG(t testing.TB) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 67, 45))
	for i := range m.Pix {
		m.Pix[i] = byte(i%268*3 ^ i/268*7)
	}
	var b bytes.Buffer
	if err := stdjpeg.Encode(&b, m, &stdjpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// oddJPEGs returns a picture of each kind.
func oddJPEGs(t testing.TB) (out [][]byte) {
	plain := standardJPEG(t)
	dnl := Segment{markerDNL, []byte{0, 9}}
	bare := edit(plain, func(m byte, b []byte) []byte {
		if m == markerDHT {
			return nil
		}
		return b
	})
	equal := edit(plain, func(m byte, b []byte) []byte {
		switch m {
		case markerSOF0:
			b[6], b[9], b[12] = 7, 7, 7
		case markerSOS:
			b[1], b[3], b[5] = 7, 7, 7
		}
		return b
	})
	profile := Segment{markerAPP2, []byte("ICC_PROFILE\x00\x01\x01abc")}
	return [][]byte{insert(plain, dnl), bare, equal, insert(plain, profile, profile)}
}

// decoded decodes src at 8/8, or fails the test.
func decoded(t testing.TB, name string, src []byte) (planes [4][]byte, d *Reader) {
	t.Helper()
	d, err := NewReader(src)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	err = d.Decode(context.Background(), [4]int{8, 8, 8, 8}, func(c, y int, rows []byte, stride, count int) error {
		w, _ := d.PlaneSize(c, 8)
		for i := range count {
			planes[c] = append(planes[c], rows[i*stride:][:w]...)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return planes, d
}

// decodesAsOdd checks that odd decodes like plain and is reported as odd.
func decodesAsOdd(t *testing.T, name string, plain, odd []byte) {
	t.Helper()
	want, d := decoded(t, "plain", plain)
	if d.Odd {
		t.Error("the plain picture is called odd")
	}
	got, d := decoded(t, name, odd)
	for c := range want {
		if !bytes.Equal(got[c], want[c]) {
			t.Errorf("%s: component %d differs", name, c)
		}
	}
	if !d.Odd {
		t.Errorf("%s: not called odd", name)
	}
}

// If a sequential picture lacks Huffman tables, those of the standard are used in their place, and
// only there.
func TestMissingHuffmanTablesAreTheStandards(t *testing.T) {
	plain := standardJPEG(t)
	without := func(src []byte, left func(class, selector byte) bool) []byte {
		return edit(src, func(m byte, b []byte) []byte {
			if m != markerDHT {
				return b
			}
			var out []byte
			for len(b) > 0 {
				n := 17
				for _, c := range b[1:17] {
					n += int(c)
				}
				if left(b[0]>>4, b[0]&15) {
					out = append(out, b[:n]...)
				}
				b = b[n:]
			}
			return out
		})
	}
	decodesAsOdd(t, "all missing", plain, without(plain, func(c, s byte) bool { return false }))
	for i := range byte(4) {
		class, selector := i>>1, i&1
		decodesAsOdd(t, "one missing", plain, without(plain, func(c, s byte) bool { return c != class || s != selector }))
		decodesAsOdd(t, "one left", plain, without(plain, func(c, s byte) bool { return c == class && s == selector }))
	}
	gray, _, _ := grayParts(t, 40, 30, 7)
	decodesAsOdd(t, "gray", gray, without(gray, func(c, s byte) bool { return false }))

	// Tables in the file are used even if others are missing: a picture with tables of its own is
	// not read with those of the standard.
	own := tool(t, "jpegtran", plain, "-optimize")
	if _, d := decoded(t, "optimized", own); d.Odd {
		t.Error("tables of its own are called odd")
	}
	// Selectors 2 and 3 have no standard tables, and progressive pictures have none at all.
	bare := without(plain, func(c, s byte) bool { return false })
	third := edit(bare, func(m byte, b []byte) []byte {
		if m == markerSOS {
			b[2], b[4], b[6] = 0x22, 0x22, 0x22
		}
		return b
	})
	progressive := without(tool(t, "jpegtran", plain, "-progressive"), func(c, s byte) bool { return false })
	for name, src := range map[string][]byte{"selector 2": third, "progressive": progressive} {
		d, err := NewReader(src)
		if err == nil {
			err = d.Decode(context.Background(), [4]int{8, 8, 8, 8}, func(c, y int, rows []byte, stride, count int) error { return nil })
		}
		if _, ok := err.(FormatError); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Components with equal identifiers are taken in their order.
func TestEqualComponentIdentifiers(t *testing.T) {
	plain := standardJPEG(t)
	named := func(frame, scan string) []byte {
		return edit(plain, func(m byte, b []byte) []byte {
			for i := range 3 {
				switch m {
				case markerSOF0:
					b[6+3*i] = frame[i]
				case markerSOS:
					b[1+2*i] = scan[i]
				}
			}
			return b
		})
	}
	for _, ids := range []string{"\x01\x01\x01", "\x01\x01\x02", "\x01\x02\x02", "\x01\x02\x01", "\x00\x00\x00", "RRR", "\xff\xff\xff"} {
		decodesAsOdd(t, ids, plain, named(ids, ids))
	}
	for _, c := range [][2]string{
		{"\x01\x01\x01", "\x01\x02\x03"}, {"\x01\x02\x02", "\x01\x02\x03"}, {"\x01\x02\x03", "\x01\x01\x01"}, {"\x01\x02\x03", "\x04\x05\x06"},
	} {
		if _, err := NewReader(named(c[0], c[1])); err == nil {
			t.Errorf("frame of % x with a scan of % x is read", c[0], c[1])
		}
	}
}

// A DNL segment is ignored where the frame header has the height.
func TestStrayDNL(t *testing.T) {
	plain := standardJPEG(t)
	before := func(marker byte, dnl string) []byte {
		at := bytes.Index(plain, []byte{0xFF, marker})
		return append(append(bytes.Clone(plain[:at]), "\xff\xdc"+dnl...), plain[at:]...)
	}
	for _, dnl := range []string{"\x00\x04\x00\x2d", "\x00\x04\x00\x07", "\x00\x04\x7f\xff", "\x00\x05\x00\x2d\x00", "\x00\x02"} {
		for _, m := range []byte{markerDQT, markerSOF0, markerDHT, markerSOS} {
			decodesAsOdd(t, "before a segment", plain, before(m, dnl))
		}
		behind := append(bytes.Clone(plain[:len(plain)-2]), "\xff\xdc"+dnl+"\xff\xd9"...)
		want, _ := decoded(t, "plain", plain)
		if got, _ := decoded(t, "behind the scan", behind); !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[2], want[2]) {
			t.Error("a DNL behind the scan changes the picture")
		}
		progressive := tool(t, "jpegtran", plain, "-progressive")
		want, _ = decoded(t, "progressive", progressive)
		first := bytes.Index(progressive, []byte{0xFF, markerSOS})
		at := first + 2 + bytes.Index(progressive[first+2:], []byte{0xFF, markerDHT})
		between := append(append(bytes.Clone(progressive[:at]), "\xff\xdc"+dnl...), progressive[at:]...)
		if got, _ := decoded(t, "between scans", between); !bytes.Equal(got[0], want[0]) || !bytes.Equal(got[2], want[2]) {
			t.Error("a DNL between scans changes the picture")
		}
	}
}
