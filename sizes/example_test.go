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
	// Each side is at least 1.
	fmt.Println(thumbnail.Fit(6000, 35))
	// Output:
	// 100 56
	// 100 1
}

// This example finds the smallest size whose result is at least 600 pixels wide.
func ExampleAll() {
	var least sizes.Size
	width := 0
	for _, s := range sizes.All() {
		if w, _ := s.Fit(1920, 1080); w >= 600 && (width == 0 || w < width) {
			least, width = s, w
		}
	}
	fmt.Println(least.Name, width)
	// Output: S 853
}
