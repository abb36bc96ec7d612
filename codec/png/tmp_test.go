package png

import (
	"os"
	"syscall"
	"testing"
)

func cpuMs() float64 {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}
func BenchmarkCPURows(b *testing.B) {
	src, _ := os.ReadFile(os.Getenv("PNG_FILE"))
	r, err := NewReader(src)
	if err != nil {
		b.Fatal(err)
	}
	t := cpuMs()
	for b.Loop() {
		r.Rows(func(int, []byte) error { return nil })
	}
	b.ReportMetric((cpuMs()-t)/float64(b.N), "cpu-ms")
}
func BenchmarkInfl(b *testing.B) {
	src, _ := os.ReadFile(os.Getenv("PNG_FILE"))
	r, err := NewReader(src)
	if err != nil {
		b.Fatal(err)
	}
	var f inflater
	b.SetBytes(int64(r.Height * r.rowBytes(r.Width)))
	t := cpuMs()
	defer func() { b.ReportMetric((cpuMs()-t)/float64(b.N), "cpu-ms") }()
	for b.Loop() {
		p := r.idat
		n := 0
		f.inflate(func() []byte {
			k, d, nx, _ := chunk(r.src, p)
			if k != "IDAT" {
				return nil
			}
			p = nx
			return d
		}, r.rowBytes(r.Width)+1, func(b []byte) (int, error) { n += len(b); return len(b), nil })
	}
}
