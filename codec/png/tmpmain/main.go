package main

import (
	"context"
	"encoding/json"
	"fmt"
	"miniatura/codec"
	"miniatura/sizes"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
)

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
}
func main() {
	mode, file, n := os.Args[1], os.Args[2], 1
	fmt.Sscan(os.Args[3], &n)
	src, _ := os.ReadFile(file)
	_ = debug.SetGCPercent
	s, ok := sizes.Parse("M")
	if !ok {
		panic("size")
	}
	if len(os.Args) > 4 {
		f, _ := os.Create(os.Args[4])
		pprof.StartCPUProfile(f)
		defer pprof.StopCPUProfile()
	}
	var cs []float64
	var out []byte
	for range n {
		t := cpu()
		var err error
		out, _, err = codec.Resize(context.Background(), src, s.Fit, codec.Options{Quality: 80, JPEG: mode == "jpeg", WebP: mode == "webp"})
		if err != nil {
			panic(err)
		}
		cs = append(cs, cpu()-t)
	}
	b, _ := os.ReadFile("/proc/self/status")
	var hwm string
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "VmHWM") {
			hwm = l
		}
	}
	j, _ := json.Marshal(cs)
	fmt.Println(mode, file[strings.LastIndex(file, "/")+1:], len(src)>>20, "MB file;", len(out), "bytes; cpu", string(j), hwm)
}
