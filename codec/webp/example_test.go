package webp_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"log"
	"time"

	xwebp "golang.org/x/image/webp"

	"miniatura/codec/webp"
)

// flat returns a picture of one color.
func flat(c color.NRGBA) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 64, 48))
	for i := range 64 * 48 {
		m.SetNRGBA(i%64, i/64, c)
	}
	return m
}

func ExampleEncode() {
	var b bytes.Buffer
	if err := webp.Encode(&b, flat(color.NRGBA{R: 200, G: 30, B: 30, A: 255}), &webp.Options{Quality: 80, Lossy: true}); err != nil {
		log.Fatal(err)
	}
	m, err := xwebp.Decode(&b)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %T\n", m.Bounds().Size(), m) // any reader will do
	// Output: (64,48) *image.YCbCr
}

func ExampleAnimationWriter() {
	a, err := webp.NewAnimationWriter(64, 48, 0, &webp.Options{Quality: 80}) // 0: for ever
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range []color.NRGBA{{R: 200, A: 255}, {G: 200, A: 255}, {B: 200, A: 255}} {
		if err := a.Add(flat(c), 100*time.Millisecond); err != nil {
			log.Fatal(err)
		}
	}
	file, err := a.Bytes()
	if err != nil {
		log.Fatal(err)
	}

	f, err := webp.NewReader(file)
	if err != nil {
		log.Fatal(err)
	}
	p := webp.NewPlayer(f)
	for {
		canvas, delay, err := p.Next(context.Background())
		if err == io.EOF {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		fmt.Println(canvas.Bounds().Size(), delay)
	}
	// Output:
	// (64,48) 100ms
	// (64,48) 100ms
	// (64,48) 100ms
}
