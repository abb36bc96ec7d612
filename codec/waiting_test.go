package codec_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"miniatura/codec"
	"miniatura/edge"
	"miniatura/sizes"
)

// waitingFile tells how large an animation a function can make.
const waitingFile = "../docs/waiting.md"

// edgeSeconds is the longest that a function of Lambda@Edge has for a request.
const edgeSeconds = 30

// TestWaitingTable compares docs/waiting.md with the model:
//
//	go test ./codec -run Waiting -update
func TestWaitingTable(t *testing.T) {
	want := waiting(t)
	if *codec.UpdateGolden {
		if err := os.WriteFile(waitingFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(waitingFile); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what the model says (%v): run with -update", waitingFile, err)
	}
}

func waiting(t *testing.T) []byte {
	memories := []int64{128, 256, 512, 1024, 1769}
	var b bytes.Buffer
	b.WriteString("# How large an animation a function can make\n\n" +
		"A Lambda function has a whole CPU from 1,769 MB of memory on, and a part of one below. A picture that cannot be finished in\n" +
		fmt.Sprintf("the %d seconds that Lambda@Edge has for a request is not begun: the visitor gets the original at once.\n\n", edgeSeconds) +
		"The table says how many frames are estimated to take half of that time at size M, to GIF and to animated WebP. Up to that\n" +
		"number an animation is made even if the estimate is half of the true time. An animation of twice as many frames is the\n" +
		"largest that is tried. The functions that make results ahead (`warm`, the events' function) have no such limit.\n\n")
	b.WriteString("| source, a GIF |")
	for _, mb := range memories {
		fmt.Fprintf(&b, " %d MB |", mb)
	}
	b.WriteString("\n|---|" + strings.Repeat("---:|", len(memories)) + "\n")
	for _, kind := range []struct {
		name  string
		bytes float64 // a pixel
	}{{"drawing", 1. / 32}, {"film", 1. / 2}} {
		for _, d := range [][2]int{{320, 240}, {480, 270}, {640, 360}, {800, 600}, {1280, 720}} {
			fmt.Fprintf(&b, "| %s, %dx%d |", kind.name, d[0], d[1])
			for _, mb := range memories {
				fmt.Fprintf(&b, " %s, %s |", longest(t, d, kind.bytes, codec.GIF, mb), longest(t, d, kind.bytes, codec.WebP, mb))
			}
			b.WriteString("\n")
		}
	}
	fmt.Fprintf(&b, "\nThe first number is for GIF results, the second for WebP. A drawing has one byte for 32 pixels of all frames, a film one byte\n"+
		"for two. In both every frame changes the whole picture. A star means that another limit comes first: %d million pixels in all\n"+
		"frames, %d frames, a file of %d MB, or memory. `go run . explain -source FILE URL` says which limit holds for a file.\n\n"+
		"`go test ./codec -run Waiting -update` writes this file from the measured table in codec/cost_table.go. How fast Lambda's CPUs\n"+
		"are, compared with the one that was measured on, is an assumption (`lambdaCore` in edge/cost.go).\n",
		codec.MaxPixels/1_000_000, codec.MaxFrames, edge.MaxSource>>20)
	return b.Bytes()
}

// longest returns, in words, how many frames of w x h there are time and memory for.
func longest(t *testing.T, d [2]int, bytesPerPixel float64, to *codec.Format, mb int64) string {
	size, _ := sizes.Parse("M")
	area := d[0] * d[1]
	budget := edge.Share(mb<<20) * edgeSeconds * 1000 / 2
	best, limited := 0, false
	for low, high := 1, codec.MaxFrames+1; low <= high; {
		n := (low + high) / 2
		bytes := int(bytesPerPixel * float64(area) * float64(n))
		ms, err := codec.CostOfGIF(d[0], d[1], n, bytes, size.Fit, codec.Options{Format: to, Memory: mb << 20})
		over := err != nil || bytes > edge.MaxSource
		if !over && ms <= budget {
			best, low = n, n+1
		} else {
			limited, high = over, n-1
		}
	}
	if best < 2 { // a still
		return "none"
	}
	if limited {
		return fmt.Sprintf("%d*", best)
	}
	return fmt.Sprint(best)
}
