//go:build unix

package bench

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"miniatura/bench/pictures"
	"miniatura/codec"
	"miniatura/codec/jpeg"
	"miniatura/sizes"
)

// BenchmarkMakeAll makes all sixteen results of a photo, first together and then each of them
// alone. It reports the ratio of the two CPU times. With GOMAXPROCS=1 the garbage collector's part
// is the same on any machine.
func BenchmarkMakeAll(b *testing.B) {
	b.Run("src=photo12MP.jpeg", func(b *testing.B) { makeAll(b, mustSource(b)) })
	b.Run("src=photo12MP-progressive.jpeg", func(b *testing.B) {
		src, err := jpeg.Append(nil, pictures.Photo(4032, 3024), &jpeg.Options{Quality: 90, Progressive: true})
		if err != nil {
			b.Fatal(err)
		}
		makeAll(b, src)
	})
	b.Run("src=photo24MP-progressive.jpeg", func(b *testing.B) {
		shared := os.Getenv("MINIATURA_SHARED")
		if shared == "" {
			shared = filepath.Join("..", "..", "shared")
		}
		src, err := os.ReadFile(filepath.Join(shared, "corpus", "photos", "craft-beer.jpg"))
		if err != nil {
			b.Skip("no corpus of real pictures here")
		}
		makeAll(b, src)
	})
}

// makeAll measures NewSet against single calls of Resize, for every size in both formats.
func makeAll(b *testing.B, src []byte) {
	var jobs []codec.Job
	for _, s := range sizes.All() {
		for _, f := range []*codec.Format{nil, codec.WebP} {
			jobs = append(jobs, codec.Job{Fit: s.Fit, Options: codec.Options{Format: f, Memory: 1 << 30}})
		}
	}
	ctx := context.Background()
	var together, alone time.Duration
	for b.Loop() {
		var results [][]byte
		began := cpu(b)
		set := codec.NewSet(src, jobs)
		for i := range jobs {
			out, _, err := set.Resize(ctx, i)
			if err != nil {
				b.Fatal(err)
			}
			results = append(results, out)
		}
		between := cpu(b)
		for i, j := range jobs {
			out, _, err := codec.Resize(ctx, src, j.Fit, j.Options)
			if err != nil || !bytes.Equal(out, results[i]) {
				b.Fatalf("job %d: not what it is alone, %v", i, err)
			}
		}
		together += between - began
		alone += cpu(b) - between
	}
	b.ReportMetric(together.Seconds()*1000/float64(b.N), "ms-together")
	b.ReportMetric(alone.Seconds()*1000/float64(b.N), "ms-alone")
	b.ReportMetric(together.Seconds()/alone.Seconds(), "ratio")
}

// cpu returns the CPU time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
