package sizes_test

import (
	"fmt"

	"miniatura/sizes"
)

func ExampleSize_Fit() {
	m, ok := sizes.Parse("M")
	if !ok {
		return
	}
	fmt.Println(m.Fit(4032, 3024)) // wider than high: 1200x628
	fmt.Println(m.Fit(3024, 4032)) // otherwise 628x1200
	fmt.Println(m.Fit(200, 100))   // never enlarged
	// Output:
	// 837 628
	// 628 837
	// 200 100
}

func ExampleBox_Fit() {
	thumbnail := sizes.Box{W: 100, H: 100}
	fmt.Println(thumbnail.Fit(1920, 1080))
	fmt.Println(thumbnail.Fit(6000, 35)) // at least 1 a side
	// Output:
	// 100 56
	// 100 1
}

func ExampleAll() {
	for _, s := range sizes.All() {
		w, h := s.Fit(1000, 1000)
		fmt.Printf("%-3s %dx%d\n", s.Name, w, h)
	}
	// Output:
	// L   720x720
	// M   628x628
	// S   480x480
	// XS  240x240
	// SL  1000x1000
	// SM  540x540
	// SS  360x360
	// SXS 180x180
}
