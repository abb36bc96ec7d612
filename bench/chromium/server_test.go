package chromium

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"miniatura/codec"
)

//go:embed show.html
var page []byte

// A shown is what the page reports about a file.
type shown struct {
	W, H, Frames, Loops int
	Delays              []float64 // in microseconds
	Error               string
	Img                 bool   // an img element shows the still picture, even if the decoder reports an Error
	Turned              string // how the frame has to be turned, and its format and color space
}

// An exception says what the results of a file are compared with if Chromium's picture of the
// source is not the right one.
type exception struct {
	why       string
	right     bool // with Chromium's picture, turned right by a quarter
	littleCMS bool // with the picture that LittleCMS makes of the source by the color profile
	short     bool // with nothing: a frame's data ends early, which ImageDecoder refuses and an img shows
}

var exceptions = map[string]exception{
	"reports/gif-short-lzw-eoi.gif":       {short: true},
	"reports/gif-short1px.gif":            {short: true},
	"orientation/webp-orientation-6.webp": {right: true, why: "Chromium does not heed EXIF in WebP; a result has none, and is upright"},
	"photos/Channel_digital_image_CMYK_color.jpg": {littleCMS: true, why: "Chromium converts a table of inks without black point compensation, " +
		"so that full ink is gray; LittleCMS, ImageMagick and sharp agree with each other"},
}

// A pass is a result that was not made, because the source passes through.
type pass struct {
	size string
	err  error
}

// A result is one of the files made from a source.
type result struct {
	size, kind string // "SS", "image/webp"
	file       []byte
	info       codec.Info
	shown      shown
	apart      []float64 // for each frame, the distance to the source's scaled frame
}

// A task is one source and its results.
type task struct {
	name    string // folder/file
	src     []byte
	path    string
	kind    string // the source's media type
	odd     exception
	passed  []pass
	same    int // how many results are the source itself
	results map[string]*result
	shown   shown
	frames  map[string][]*image.RGBA // the source's frames, scaled, by size
}

// A judge is the server that the page talks to.
type judge struct {
	mu    sync.Mutex
	files []corpusFile  // not sent to the page yet
	tasks map[int]*task // sent to the page, by number
	n     int           // the number of the last task
	done  func(*task)   // is called when the page has reported on a task
	heard time.Time     // when the page sent its last request

	pillow *pillow
}

// idle returns how long the page has been silent.
func (j *judge) idle() time.Duration {
	j.mu.Lock()
	defer j.mu.Unlock()
	return time.Since(j.heard)
}

// open returns the names of the files that the page has got and not reported on.
func (j *judge) open() (names []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, t := range j.tasks {
		names = append(names, t.name)
	}
	slices.Sort(names)
	return names
}

func (j *judge) handler() http.Handler {
	mux := j.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		j.mu.Lock()
		j.heard = time.Now()
		j.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

// routes returns the handler of the page's requests.
func (j *judge) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(page)
	})
	mux.HandleFunc("POST /next", j.next)
	mux.HandleFunc("GET /file/{id}/{name}", j.file)
	mux.HandleFunc("POST /pixels/{id}/{name}", j.pixels)
	mux.HandleFunc("POST /done/{id}", j.finish)
	return mux
}

// next makes the results of the next file, and tells the page what to fetch.
func (j *judge) next(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	if len(j.files) == 0 {
		j.mu.Unlock()
		fmt.Fprint(w, "{}")
		return
	}
	f := j.files[0]
	j.files = j.files[1:]
	j.n++
	id := j.n
	j.mu.Unlock()
	t, err := newTask(f)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	kinds := map[string]string{}
	for name, res := range t.results {
		kinds[name] = res.kind
	}
	j.mu.Lock()
	j.tasks[id] = t
	j.mu.Unlock()
	json.NewEncoder(w).Encode(map[string]any{"id": id, "type": t.kind, "results": kinds, "stall": (stall / 2).Milliseconds()})
}

// newTask reads a source and makes its results.
func newTask(f corpusFile) (*task, error) {
	src, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	t := &task{name: f.name, path: f.path, src: src, odd: exceptions[f.name], results: map[string]*result{}, frames: map[string][]*image.RGBA{}}
	for _, size := range judged {
		for _, webp := range []bool{false, true} {
			opt := codec.Options{Quality: quality}
			if webp {
				opt.Format = codec.WebP
			}
			out, info, err := codec.Resize(context.Background(), src, size.Fit, opt)
			t.kind = info.Source
			switch {
			case err != nil:
				t.passed = append(t.passed, pass{fmt.Sprintf("%s webp=%v", size.Name, webp), err})
			case string(out) == string(src):
				t.same++
			default:
				name := fmt.Sprintf("%s-%v", size.Name, webp)
				t.results[name] = &result{size: size.Name, kind: info.ContentType, file: out, info: info}
			}
		}
	}
	return t, nil
}

// task returns the task that a request names. If there is none, it answers the request and returns
// nil.
func (j *judge) task(w http.ResponseWriter, r *http.Request) *task {
	var id int
	fmt.Sscan(r.PathValue("id"), &id)
	j.mu.Lock()
	defer j.mu.Unlock()
	t := j.tasks[id]
	if t == nil {
		http.Error(w, "no such task", http.StatusNotFound)
	}
	return t
}

// file sends the source or a result of a task to the page.
func (j *judge) file(w http.ResponseWriter, r *http.Request) {
	t := j.task(w, r)
	if t == nil {
		return
	}
	name := r.PathValue("name")
	switch res := t.results[name]; {
	case name == "source":
		w.Write(t.src)
	case res != nil:
		w.Write(res.file)
	default:
		http.Error(w, "no such result", http.StatusNotFound)
	}
}

// expected returns the picture that results are compared with. That is m, Chromium's picture of the
// source, unless the source is an exception.
func (j *judge) expected(t *task, m *image.RGBA) (*image.RGBA, error) {
	switch {
	case t.odd.right:
		w, h := m.Rect.Dx(), m.Rect.Dy()
		turned := image.NewRGBA(image.Rect(0, 0, h, w))
		for y := range h {
			for x := range w {
				turned.SetRGBA(h-1-y, x, m.RGBAAt(x, y))
			}
		}
		return turned, nil
	case t.odd.littleCMS && j.pillow != nil:
		return j.pillow.convert(t.path, m.Rect)
	}
	return m, nil
}

// pixels receives a frame. It scales and keeps a frame of the source, and compares a frame of a
// result with the source's scaled frame.
func (j *judge) pixels(w http.ResponseWriter, r *http.Request) {
	t := j.task(w, r)
	if t == nil {
		return
	}
	frame, m, err := readPixels(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := r.PathValue("name")
	if name == "source" {
		if m, err = j.expected(t, m); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		seen := map[string]bool{}
		for _, res := range t.results {
			if !seen[res.size] {
				seen[res.size] = true
				t.frames[res.size] = append(t.frames[res.size], scaled(m, res.info.OutW, res.info.OutH))
			}
		}
		return
	}
	res := t.results[name]
	if res == nil {
		http.Error(w, "no such result", http.StatusNotFound)
		return
	}
	if want := t.frames[res.size]; frame < len(want) && want[frame].Rect == m.Rect {
		res.apart = append(res.apart, distance(want[frame], m))
	}
}

// finish receives the page's last message about a task.
func (j *judge) finish(w http.ResponseWriter, r *http.Request) {
	t := j.task(w, r)
	if t == nil {
		return
	}
	var said struct {
		Source  shown
		Results map[string]shown
	}
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	t.shown = said.Source
	if t.shown.Img { // the decoder refuses files that are cut off, and does not count frames without fcTL
		t.shown.Error, t.shown.Frames = "", 1
	}
	if t.odd.right {
		t.shown.W, t.shown.H = t.shown.H, t.shown.W
	}
	for name, res := range t.results {
		res.shown = said.Results[name]
	}
	j.done(t)
	var id int
	fmt.Sscan(r.PathValue("id"), &id)
	j.mu.Lock()
	delete(j.tasks, id) // pixels of a picture that the page gave up may still come, and are ignored
	j.mu.Unlock()
}
