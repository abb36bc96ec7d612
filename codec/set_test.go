package codec

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"miniatura/sizes"
)

// sixteen returns the jobs of a source: every size, in its own format and as WebP.
func sixteen(memory int64) (jobs []Job) {
	for _, s := range sizes.All() {
		for _, webp := range []bool{false, true} {
			jobs = append(jobs, Job{s.Fit, Options{Format: formatOf(webp), Memory: memory}})
		}
	}
	return jobs
}

// sameAsResize makes all jobs of src together and alone, and compares bytes, Info and errors. It
// returns how many have a result.
func sameAsResize(t *testing.T, name string, src []byte, jobs []Job) (made int) {
	t.Helper()
	keep := bytes.Clone(src)
	set := NewSet(src, jobs)
	var all [][]byte
	for i, j := range jobs {
		out, info, err := set.Resize(context.Background(), i)
		want, wantInfo, wantErr := Resize(context.Background(), src, j.Fit, j.Options)
		if !bytes.Equal(out, want) || info != wantInfo || fmt.Sprint(err) != fmt.Sprint(wantErr) {
			t.Errorf("%s, job %d: %d bytes, %+v, %v; alone: %d bytes, %+v, %v", name, i, len(out), info, err, len(want), wantInfo, wantErr)
		}
		if err == nil {
			made++
		}
		all = append(all, want, out)
	}
	for i := 0; i < len(all); i += 2 { // results that were handed out do not change later
		if !bytes.Equal(all[i], all[i+1]) {
			t.Errorf("%s, job %d: changed after it was returned", name, i/2)
		}
	}
	if !bytes.Equal(src, keep) {
		t.Errorf("%s: the source was changed", name)
	}
	return made
}

// All sixteen results of a photo are the same when they are made together as when each is made
// alone. The photos are baseline and progressive, of every sampling, gray, CMYK, with profiles,
// orientations and restart markers.
func TestSetIsResizeForPhotos(t *testing.T) {
	folders := []string{"photos", "orientation"}
	if os.Getenv("MINIATURA_LONG") != "" {
		folders = append(folders, "hostile", "png", "gif", "bmp", "webp")
	}
	some := map[string]bool{
		"012mp-bus.jpg": true, "flower.png.im_q85_420_progr.jpg": true, "flower.png.im_q85_422.jpg": true,
		"flower.png.im_q85_444.jpg": true, "flower.png.im_q85_asymmetric.jpg": true, "grayscale.jpg": true,
		"pizza-cmyk8-usswop.jpg": true, "pizza-rgb8-adobergb.jpg": true, "Landscape_6.jpg": true, "Portrait_8.jpg": true,
	}
	files := 0
	for _, row := range corpus(t, folders...) {
		if os.Getenv("MINIATURA_LONG") == "" && !some[filepath.Base(row.name)] {
			continue
		}
		src, err := os.ReadFile(row.path)
		if err != nil {
			t.Fatal(err)
		}
		files++
		made := sameAsResize(t, row.name, src, sixteen(1<<30))
		if made == 0 && !strings.HasPrefix(row.name, "hostile") && !strings.Contains(row.must, "nchanged") {
			t.Logf("%s: no result", row.name)
		}
	}
	if files < len(some) {
		t.Errorf("%d files", files)
	}
}

// This tests every kind of source, and every format, at several sizes. Some of the sizes are equal,
// some are that of the source, and one is refused.
func TestSetIsResizeForEveryKind(t *testing.T) {
	boxes := []func(w, h int) (int, int){
		func(w, h int) (int, int) { return (w + 1) / 2, (h + 1) / 2 },
		func(w, h int) (int, int) { return w, h },
		func(w, h int) (int, int) { return w + 1, h }, // not allowed
		func(w, h int) (int, int) { return max(w/3, 1), max(h/3, 1) },
		func(w, h int) (int, int) { return 1, 1 },
		func(w, h int) (int, int) { return (w + 1) / 2, (h + 1) / 2 },
	}
	var jobs []Job
	for _, fit := range boxes {
		for _, f := range append([]*Format{nil}, formats...) {
			jobs = append(jobs, Job{fit, Options{Format: f}})
		}
		jobs = append(jobs, Job{fit, Options{Format: JPEG, Quality: 95}})
	}
	for name, read := range goldenSources(t) {
		src := read()
		if made := sameAsResize(t, name, src, jobs); made < len(jobs)/4 {
			t.Errorf("%s: %d results", name, made)
		}
		if name == "420.jpg" || name == "progressive.jpg" {
			for o := 2; o <= 8; o++ {
				sameAsResize(t, fmt.Sprint(name, ", orientation ", o), withOrientation(src, o), jobs[:2*len(formats)])
			}
		}
	}
}

// In a set, a damaged source fails for the same results as it does for each result alone. A damaged
// progressive source may have enough data for small results only.
func TestSetIsResizeForDamage(t *testing.T) {
	jobs := []Job{
		{func(w, h int) (int, int) { return max(w/20, 1), max(h/20, 1) }, Options{}},
		{func(w, h int) (int, int) { return max(w/3, 1), max(h/3, 1) }, Options{Format: WebP}},
		{func(w, h int) (int, int) { return max(w/8, 1), max(h/8, 1) }, Options{Format: WebP}},
		{func(w, h int) (int, int) { return max(w/4, 1), max(h/4, 1) }, Options{}},
	}
	whole, failed, partly := 0, 0, 0
	sources := goldenSources(t)
	for _, row := range corpus(t, "photos") {
		if strings.HasSuffix(row.name, "_420_progr.jpg") {
			sources[row.name] = func() []byte { b, _ := os.ReadFile(row.path); return b }
		}
	}
	for name, read := range sources {
		src := read()
		for i := 1; i < 12; i++ {
			b := bytes.Clone(src)
			at := len(b) * i / 12
			b[at] ^= 0x55
			for _, damaged := range [][]byte{b, src[:at]} {
				switch made := sameAsResize(t, fmt.Sprint(name, ", damaged at ", at), damaged, jobs); made {
				case 0:
					failed++
				case len(jobs):
					whole++
				default:
					partly++
				}
			}
		}
	}
	t.Logf("%d whole, %d failed, %d in part", whole, failed, partly)
	if whole < 20 || failed < 20 || partly < 1 {
		t.Errorf("%d whole, %d failed, %d in part", whole, failed, partly)
	}
}

func TestSetIsResizeForWhatIsRefused(t *testing.T) {
	for _, c := range contractCases(t) {
		opt := c.opt
		sameAsResize(t, c.name, c.src, []Job{{fitter(t, "SXS"), opt}, {fitter(t, "S"), opt}, {fitter(t, "L"), Options{}}})
	}
}

// A countedToy counts how often it is decoded, and for how many pictures at once.
type countedToy struct {
	source
	decoded *[]int
}

func (c countedToy) decodeStill(ctx context.Context, ts ...*target) ([]picture, error) {
	*c.decoded = append(*c.decoded, len(ts))
	return c.source.decodeStill(ctx, ts...)
}

// counted adds toy to the table with what it counts.
func counted(t *testing.T, change func(*Format)) *[]int {
	decoded := new([]int)
	format := *toy
	format.open = func(src []byte) (source, error) {
		s, err := openToy(src)
		return countedToy{s, decoded}, err
	}
	if change != nil {
		change(&format)
	}
	t.Cleanup(AddFormat(&format))
	return decoded
}

// A source is decoded once for as many results as fit in memory; those of one size share a picture.
func TestSetDecodesOnceWhereMemoryAllows(t *testing.T) {
	decoded := counted(t, nil)
	src := toyPicture(2000, 1200)
	for _, c := range []struct {
		memory int64
		least  int // decodings
		most   int
	}{{1 << 30, 1, 1}, {180 << 20, 2, 8}} {
		*decoded = nil
		jobs := sixteen(c.memory)
		set := NewSet(src, jobs)
		for i := range jobs {
			if _, _, err := set.Resize(context.Background(), i); err != nil {
				t.Errorf("job %d of %d MB: %v", i, c.memory>>20, err)
			}
		}
		sum := 0
		for _, n := range *decoded {
			sum += n
		}
		if n := len(*decoded); n < c.least || n > c.most || sum < len(jobs)/2 || sum > len(jobs)/2+n-1 {
			t.Errorf("%d MB: decoded for %v", c.memory>>20, *decoded)
		}
	}
	sameAsResize(t, "toy", src, sixteen(100<<20))
}

// A failure of one result, by a limit, an error of the writer or a panic, does not affect the
// others.
func TestSetLosesNoOtherResult(t *testing.T) {
	calls := 0
	decoded := counted(t, func(f *Format) {
		f.encode = func(m picture, t *target) ([]byte, bool, error) {
			if calls++; calls == 3 {
				return nil, false, errors.New("a disk is full")
			}
			if calls == 4 {
				panic("a writer is broken")
			}
			for i := range m.Image.(*image.NRGBA).Pix { // it may change the picture
				m.Image.(*image.NRGBA).Pix[i] = 7
			}
			return []byte{1}, false, nil
		}
	})
	var jobs []Job
	for i, w := range []int{100, 90, 80, 70, 60, 50} {
		opt := Options{}
		if i == 1 {
			opt.Memory = 1 // only this result is over the limit
		}
		jobs = append(jobs, Job{func(int, int) (int, int) { return w, w }, opt}, Job{func(int, int) (int, int) { return w, w }, Options{Format: PNG}})
	}
	set := NewSet(toyPicture(400, 400), jobs)
	want := map[int]string{2: "memory", 6: "a disk is full", 8: "a writer is broken"}
	for i := range jobs {
		out, info, err := set.Resize(context.Background(), i)
		switch {
		case want[i] == "" && err != nil, want[i] != "" && (err == nil || !strings.Contains(err.Error(), want[i])):
			t.Errorf("job %d: %v, want %q", i, err, want[i])
		case err != nil && (out != nil || !strings.HasPrefix(err.Error(), "codec: 400x400: ") && i != 2 || info.W != 400):
			t.Errorf("job %d: %d bytes, %+v, %v", i, len(out), info, err)
		case i%2 == 1:
			alone, _, err := Resize(context.Background(), toyPicture(400, 400), jobs[i].Fit, jobs[i].Options)
			if err != nil || !bytes.Equal(out, alone) {
				t.Errorf("job %d: another writer's picture", i)
			}
		}
	}
	if (*decoded)[0] != len(jobs)/2 {
		t.Errorf("decoded for %v first", *decoded)
	}
}

// Results that are the same are written once.
func TestSetWritesTheSameOnce(t *testing.T) {
	calls := 0
	counted(t, func(f *Format) {
		f.encode = func(m picture, t *target) ([]byte, bool, error) { calls++; return writeToy(m, t) }
	})
	src := toyPicture(90, 60) // fits every size
	jobs := sixteen(0)
	set := NewSet(src, jobs)
	for i := range jobs {
		out, info, err := set.Resize(context.Background(), i)
		if err != nil || info.OutW != 90 || len(out) == 0 {
			t.Errorf("job %d: %+v, %v", i, info, err)
		}
	}
	if calls != 1 {
		t.Errorf("written %d times", calls)
	}
}

// A context that ends stops the decoding and everything after it, and the rest of a set can be made
// under another context.
func TestSetStopsWithItsContext(t *testing.T) {
	decoded := counted(t, nil)
	src := toyPicture(2000, 1200)
	jobs := sixteen(1 << 30)
	set := NewSet(src, jobs)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if out, _, err := set.Resize(ended, 0); !errors.Is(err, context.Canceled) || out != nil {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	if _, _, err := set.Resize(context.Background(), 1); err != nil {
		t.Error(err)
	}
	n := len(*decoded)
	for i := 2; i < len(jobs); i++ {
		ctx, want := ended, context.Canceled
		if i%2 == 0 {
			ctx, want = context.Background(), nil
		}
		if _, _, err := set.Resize(ctx, i); !errors.Is(err, want) {
			t.Errorf("job %d: %v, want %v", i, err, want)
		}
	}
	if len(*decoded) != n {
		t.Errorf("decoded %d times after the first", len(*decoded)-n)
	}
}
