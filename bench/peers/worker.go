package main

// This file is our contender.

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/image/draw"

	"miniatura/codec"
	"miniatura/sizes"
)

// workerFlag makes this binary a contender: a contender's arguments follow the flag.
const workerFlag = "-peers-worker"

// work does one kind of work several times and prints a sample. args are a contender's arguments.
func work(args []string) error {
	if len(args) != 5 {
		return fmt.Errorf("%s MODE FILE N WIDTHxHEIGHT OUT", workerFlag)
	}
	mode, file, out := args[0], args[1], args[4]
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	box, err := parseBox(args[3])
	if err != nil {
		return err
	}
	do, ok := modes[mode]
	if !ok {
		return fmt.Errorf("no mode %s", mode)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var s sample
	var last []byte // the result of the last iteration
	for range n {
		begin := time.Now()
		u0, s0 := cpuTime()
		if last, err = do(src, box); err != nil {
			return err
		}
		u1, s1 := cpuTime()
		s.User = append(s.User, u1-u0)
		s.Sys = append(s.Sys, s1-s0)
		s.Wall = append(s.Wall, float64(time.Since(begin).Microseconds())/1000)
	}
	s.Bytes = len(last)
	if s.RSS, err = peakRSS(); err != nil {
		return err
	}
	if out != "-" {
		if err := os.WriteFile(out, last, 0o600); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

// parseBox reads a box like 800x600.
func parseBox(v string) (sizes.Box, error) {
	width, height, _ := strings.Cut(v, "x")
	w, err := strconv.Atoi(width)
	if err != nil {
		return sizes.Box{}, err
	}
	h, err := strconv.Atoi(height)
	if err != nil {
		return sizes.Box{}, err
	}
	return sizes.Box{W: w, H: h}, nil
}

// modes are the kinds of work. Each makes the bytes of a result from the bytes of a picture, and
// from the box that the result has to fit.
var modes = map[string]func(src []byte, box sizes.Box) ([]byte, error){
	"jpeg":   resize(codec.Options{Quality: 80, Format: codec.JPEG}),
	"png":    resize(codec.Options{Quality: 80}),
	"webp":   resize(codec.Options{Quality: 80, Format: codec.WebP}),
	"pixels": resize(codec.Options{Quality: 100}), // nearly the pixels that the encoder gets
	"std":    stdResize,
}

// resize returns a mode that resizes with codec.
func resize(o codec.Options) func([]byte, sizes.Box) ([]byte, error) {
	o.Memory = 4 << 30 // in bytes; so much that no picture is refused
	return func(src []byte, box sizes.Box) ([]byte, error) {
		out, _, err := codec.Resize(context.Background(), src, box.Fit, o)
		return out, err
	}
}

// stdResize is a mode that resizes as Go programs commonly do, with image/jpeg and x/image/draw.
func stdResize(src []byte, box sizes.Box) ([]byte, error) {
	m, err := stdjpeg.Decode(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	w, h := box.Fit(m.Bounds().Dx(), m.Bounds().Dy())
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(dst, dst.Rect, m, m.Bounds(), draw.Src, nil)
	var b bytes.Buffer
	err = stdjpeg.Encode(&b, dst, &stdjpeg.Options{Quality: 80})
	return b.Bytes(), err
}

// peakRSS returns the process's peak resident set in MB.
func peakRSS() (float64, error) {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		text, ok := strings.CutPrefix(line, "VmHWM:")
		if !ok {
			continue
		}
		kB := strings.TrimSuffix(strings.TrimSpace(text), " kB")
		v, err := strconv.ParseFloat(kB, 64)
		if err != nil {
			return 0, err
		}
		return v / 1024, nil
	}
	return 0, fmt.Errorf("no VmHWM in /proc/self/status")
}
