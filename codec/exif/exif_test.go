package exif

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"miniatura/internal/outside"
)

type field struct {
	tag, typ uint16
	count    uint32
	value    []byte
}

// tiff lays out a TIFF header and one IFD with the given fields, as TIFF 6.0 section 2 says.
func tiff(order binary.AppendByteOrder, mark string, fields ...field) []byte {
	b := order.AppendUint32([]byte(mark), 8)
	b = order.AppendUint16(b, uint16(len(fields)))
	for _, f := range fields {
		b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, f.tag), f.typ), f.count)
		b = append(b, append(f.value, 0, 0, 0, 0)[:4]...)
	}
	return order.AppendUint32(b, 0)
}

func TestBothByteOrdersAndEveryValue(t *testing.T) {
	for v := range uint16(12) {
		want := int(v)
		if v < 1 || v > 8 {
			want = 1
		}
		other := field{0x010f, 2, 3, []byte("abc")}
		le := tiff(binary.LittleEndian, "II*\x00", other, field{0x0112, 3, 1, []byte{byte(v), 0}})
		be := tiff(binary.BigEndian, "MM\x00*", other, field{0x0112, 3, 1, []byte{0, byte(v)}})
		long := tiff(binary.BigEndian, "MM\x00*", field{0x0112, 4, 1, []byte{0, 0, 0, byte(v)}})
		for name, b := range map[string][]byte{"II": le, "MM": be, "LONG": long,
			"Exif prefix": append([]byte("Exif\x00\x00"), be...)} {
			if got := Orientation(b); got != want {
				t.Errorf("%s, stored %d: got %d, want %d", name, v, got, want)
			}
		}
	}
}

func TestInvalidIsUpright(t *testing.T) {
	good := tiff(binary.LittleEndian, "II*\x00", field{0x0112, 3, 1, []byte{6, 0}})
	for name, edit := range map[string]func(b []byte) []byte{
		"empty":          func(b []byte) []byte { return nil },
		"byte order":     func(b []byte) []byte { b[0] = 'M'; return b },
		"magic":          func(b []byte) []byte { b[2] = 43; return b },
		"offset in head": func(b []byte) []byte { b[4] = 4; return b },
		"offset beyond":  func(b []byte) []byte { b[7] = 0xff; return b },
		"offset at end":  func(b []byte) []byte { b[4] = byte(len(b) - 1); return b },
		"count 2":        func(b []byte) []byte { b[14] = 2; return b },
		"ASCII":          func(b []byte) []byte { b[12] = 2; return b },
		"no entries":     func(b []byte) []byte { b[8] = 0; return b },
		"cut in entry":   func(b []byte) []byte { return b[:21] },
	} {
		if got := Orientation(edit(bytes.Clone(good))); got != 1 {
			t.Errorf("%s: got %d, want 1", name, got)
		}
	}
	good[8], good[9] = 0xff, 0xff // more entries announced than there are
	if got := Orientation(good); got != 6 {
		t.Errorf("overlong IFD: got %d, want 6", got)
	}
}

// The corpus names its files Landscape_N and Portrait_N after their orientation, so the name is the
// oracle.
func TestCorpus(t *testing.T) {
	names, _ := filepath.Glob(filepath.Join(outside.Root(), "corpus/orientation/*_[1-8].jpg"))
	if len(names) == 0 {
		t.Skip("no corpus")
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		base := strings.TrimSuffix(filepath.Base(name), ".jpg")
		want, _ := strconv.Atoi(base[len(base)-1:])
		got := 1
		if i := bytes.Index(b, []byte("Exif\x00\x00")); i >= 0 {
			got = Orientation(b[i:])
		}
		if got != want {
			t.Errorf("%s: got %d", filepath.Base(name), got)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(tiff(binary.LittleEndian, "II*\x00", field{0x0112, 3, 1, []byte{6, 0}}))
	f.Add(tiff(binary.BigEndian, "MM\x00*", field{0x0112, 4, 1, []byte{0, 0, 0, 3}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := Orientation(b); o < 1 || o > 8 {
			t.Fatal(o)
		}
	})
}
