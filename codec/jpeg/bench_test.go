package jpeg

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"miniatura/internal/outside"
)

// BenchmarkDecode decodes real photographs at N/8. work=baseline and work=progressive have the same
// pictures, converted by jpegtran.
func BenchmarkDecode(b *testing.B) {
	photos := filepath.Join(outside.Shared(b, "corpus"), "photos")
	for _, name := range []string{"012mp-bus.jpg", "craft-beer.jpg"} {
		src := readFile(b, filepath.Join(photos, name))
		for _, work := range []string{"baseline", "progressive"} {
			flag := "-optimize"
			twin := src
			if work == "progressive" {
				flag = "-progressive"
			}
			if name != "012mp-bus.jpg" || work == "progressive" {
				twin = tool(b, "jpegtran", src, "-copy", "all", flag)
			}
			for n := 1; n <= 8; n++ {
				b.Run(fmt.Sprintf("photo=%s/work=%s/N=%d", name, work, n), func(b *testing.B) {
					b.ReportAllocs()
					b.SetBytes(int64(len(twin)))
					for b.Loop() {
						if _, err := discard(context.Background(), twin, n); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// BenchmarkSmall decodes a picture that is nearly all headers and tables.
func BenchmarkSmall(b *testing.B) {
	src := picture(b, 16, 16)
	for b.Loop() {
		if _, err := discard(context.Background(), src, 8); err != nil {
			b.Fatal(err)
		}
	}
}
