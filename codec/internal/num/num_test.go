package num

import (
	"math"
	"testing"
)

func TestDiv255Rounds(t *testing.T) {
	for v := range 255*255 + 1 {
		if got, want := Div255(uint32(v)), byte(math.Round(float64(v)/255)); got != want {
			t.Fatalf("%d / 255: %d, want %d", v, got, want)
		}
	}
}
