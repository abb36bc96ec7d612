package edge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/codec"
	"miniatura/s3lite"
	"miniatura/s3lite/s3test"
)

// A damagedAt stands for the error of a format's reader.
type damagedAt struct{ offset int }

func (damagedAt) Error() string { return "damaged" }

// The log says at which byte a source of any format is damaged, and the error of a result is still
// the one that codec returned.
func TestDamageReachesTheLog(t *testing.T) {
	for _, name := range []string{"444.jpg", "rgb.png", "still.gif", "24.bmp", "lossy.webp"} {
		src, err := os.ReadFile(filepath.Join("..", "codec", "testdata", "golden", name))
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		w.Put(name, s3test.Object{Body: src[:len(src)/2]})
		_, r := w.ask(t, context.Background(), eventSpec{uri: "/" + name, query: "size=SXS"})
		if r.Decision != Unchanged || strings.Count(r.Error, ": invalid format at byte ") != 1 {
			t.Errorf("%s: %s, %q", name, r.Decision, r.Error)
		}
	}

	w := newWorld(t)
	broken := work{
		source:  &s3lite.Object{Body: []byte("anything")},
		elapsed: stopwatch(),
		resize: func(context.Context, []byte, func(w, h int) (int, int), codec.Options) ([]byte, codec.Info, error) {
			return nil, codec.Info{}, fmt.Errorf("codec: %w", damagedAt{7})
		},
	}
	target := mustPlan(t, eventSpec{uri: "/a.png", query: "size=SXS"})
	var damage damagedAt
	if err := w.h.finish(context.Background(), target, broken, new(Record), new(rescue)); !errors.As(err, &damage) || damage.offset != 7 {
		t.Errorf("the error of a result is %v", err)
	}
}
