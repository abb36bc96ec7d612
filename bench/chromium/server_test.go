package chromium

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"os"
	"sync"

	"miniatura/codec"
)

//go:embed show.html
var page []byte

// A shown is what the page says of a file.
type shown struct {
	W, H, Frames, Loops int
	Delays              []float64 // in microseconds
	Error               string
	Turned              string // how the frame is to be turned, its format and color space
}

// A result is one of the files made of a source.
type result struct {
	size, kind string // "SS", "image/webp"
	file       []byte
	info       codec.Info
	shown      shown
	apart      []float64 // of each frame, its distance to the source's, scaled
}

// A task is one source and what was made of it.
type task struct {
	name    string // folder/file
	src     []byte
	kind    string // the source's media type
	passed  []string
	same    int // results that are the source itself
	results map[string]*result
	shown   shown
	frames  map[string][]*image.RGBA // of the source, scaled, by size
}

// A judge is the page's other side.
type judge struct {
	mu    sync.Mutex
	names []corpusFile // yet to be judged
	tasks map[int]*task
	n     int
	done  func(*task)
}

func (j *judge) handler() http.Handler {
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

// next makes the results of the next source and hands it out.
func (j *judge) next(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	if len(j.names) == 0 {
		j.mu.Unlock()
		fmt.Fprint(w, "{}")
		return
	}
	f := j.names[0]
	j.names = j.names[1:]
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
	json.NewEncoder(w).Encode(map[string]any{"id": id, "type": t.kind, "results": kinds})
}

// newTask reads a source and makes its results.
func newTask(f corpusFile) (*task, error) {
	src, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	t := &task{name: f.name, src: src, results: map[string]*result{}, frames: map[string][]*image.RGBA{}}
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
				t.passed = append(t.passed, fmt.Sprintf("%s webp=%v: %v", size.Name, webp, err))
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

func (j *judge) file(w http.ResponseWriter, r *http.Request) {
	t := j.task(w, r)
	if t == nil {
		return
	}
	if name := r.PathValue("name"); name != "source" {
		w.Write(t.results[name].file)
		return
	}
	w.Write(t.src)
}

// pixels takes a frame: of the source, to be scaled and kept; of a result, to be compared with that.
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
	if want := t.frames[res.size]; frame < len(want) && want[frame].Rect == m.Rect {
		res.apart = append(res.apart, distance(want[frame], m))
	}
}

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
	for name, res := range t.results {
		res.shown = said.Results[name]
	}
	j.done(t)
	t.src, t.frames, t.results = nil, nil, nil
}
