// Package demo draws the kinds of pictures that a site serves, for users who have no pictures of
// their own, and for tests and benchmarks. It makes the same bytes each time. The numbers in the
// drawings were chosen by looking at the pictures.
//
//	demo.go   the list of pictures, and helpers that encode them
//	noise.go  colors, and noise of many frequencies, for textures like those of photographs
//	lake.go   photo-like: sky, ridges, water, foliage
//	still.go  photo-like: skin-like gradients, blur, grain; stored sideways, as phones do
//	page.go   text on paper
//	logo.go   a transparent logo with a soft shadow
//	map.go    a palette picture, whose name has characters that need encoding
//	orbit.go  an animation
package demo

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"sync"
)

// A Picture is a file.
type Picture struct {
	Name string
	Type string // media type
	Data []byte
}

// Pictures draws all pictures, at the same time.
func Pictures() []Picture {
	drawings := []struct {
		name, kind string
		draw       func() []byte
	}{
		{"lake.jpg", "image/jpeg", drawLake},
		{"still life, sideways.jpg", "image/jpeg", drawStill},
		{"page.png", "image/png", drawPage},
		{"logo.png", "image/png", drawLogo},
		{"orbit.gif", "image/gif", drawOrbit},
		{"Übersicht 1+1 = 100%.png", "image/png", drawMap},
	}
	pictures := make([]Picture, len(drawings))
	var wg sync.WaitGroup
	for i, d := range drawings {
		wg.Go(func() { pictures[i] = Picture{d.name, d.kind, d.draw()} })
	}
	wg.Wait()
	return pictures
}

// encodeJPEG returns m as a JPEG of a camera's quality. Writing to memory does not fail.
func encodeJPEG(m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 92}); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// encodePNG returns m as a PNG. Writing to memory does not fail.
func encodePNG(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// withOrientation returns a copy of jpg with an EXIF segment after the SOI marker. The segment
// holds only the orientation.
func withOrientation(jpg []byte, orientation uint16) []byte {
	var tiff bytes.Buffer
	tiff.WriteString("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08") // big-endian, IFD0 at 8
	for _, v := range []any{
		uint16(1),                                                    // entries
		uint16(0x0112), uint16(3), uint32(1), orientation, uint16(0), // Orientation, SHORT, one value
		uint32(0), // no further IFD
	} {
		binary.Write(&tiff, binary.BigEndian, v)
	}
	out := append([]byte{}, jpg[:2]...)                  // SOI
	out = append(out, 0xff, 0xe1, 0, byte(tiff.Len()+2)) // APP1, and its length with these 2 bytes
	out = append(out, tiff.Bytes()...)
	return append(out, jpg[2:]...)
}

// rows calls paint for every row y in [0, h), on several processors.
func rows(h int, paint func(y int)) {
	const band = 32 // rows for one goroutine
	var wg sync.WaitGroup
	limit := make(chan struct{}, 8) // goroutines at a time
	for top := 0; top < h; top += band {
		limit <- struct{}{}
		wg.Go(func() {
			for y := top; y < min(top+band, h); y++ {
				paint(y)
			}
			<-limit
		})
	}
	wg.Wait()
}
