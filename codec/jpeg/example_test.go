package jpeg_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"log"

	"miniatura/codec/jpeg"
)

// ramp returns a gray picture that gets lighter to the right.
func ramp(w, h int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i % w * 255 / w)
	}
	return m
}

func ExampleEncode() {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, ramp(640, 480), &jpeg.Options{Quality: 80, Progressive: true}); err != nil {
		log.Fatal(err)
	}
	c, err := jpeg.DecodeConfig(&b)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Width, c.Height)
	// Output: 640 480
}

// A Reader decodes at N/8: here at a quarter of the width and height, band by band.
func ExampleReader() {
	src, err := jpeg.Append(nil, ramp(640, 480), nil)
	if err != nil {
		log.Fatal(err)
	}
	d, err := jpeg.NewReader(src) // headers only
	if err != nil {
		log.Fatal(err)
	}
	n := [4]int{2, 2, 2, 2} // eighths
	w, h := d.PlaneSize(0, n[0])
	rows := 0
	err = d.Decode(context.Background(), n, func(component, y int, band []byte, stride, count int) error {
		rows += count // band[i*stride:][:w] is row y+i, valid until this returns
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%dx%d, %d component, as %dx%d: %d rows\n", d.Width, d.Height, len(d.Components), w, h, rows)
	// Output: 640x480, 1 component, as 160x120: 120 rows
}
