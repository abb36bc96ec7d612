package desk

// This file serves the playground: the page at /, and what the page asks for below ownPrefix.
//
//	GET    app.css icon.svg and the scripts
//	GET    pictures?page=N&find=TEXT                a page of the pictures with TEXT in their keys
//	GET    pictures?at=KEY                          the page with the picture KEY
//	PUT    pictures?name=NAME                       an upload; the answer has its key
//	DELETE results?key=KEY                          deletes the stored results of a picture
//	GET    preview?key=KEY&size=S&webp=1&quality=N  a result that is not stored
//	GET    log?since=SEQ                            the last requests to the function and its answers

import (
	"bytes"
	"crypto/md5"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"miniatura/codec"
	"miniatura/edge"
	"miniatura/s3lite"
	"miniatura/sizes"
)

//go:embed page
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("index.html").Funcs(template.FuncMap{
	// path and query return what the template must not escape: a path that keyPath has encoded, and
	// a query that the template makes from the name of a size.
	"path":  func(key string) template.URL { return template.URL(keyPath(key)) },
	"query": func(text string) template.URL { return template.URL(text) },
}).ParseFS(pageFiles, "page/index.html"))

// pageLimit is how many pictures one page shows.
const pageLimit = 500

// ownCSP lets the page use only its own files, and blobs that it made itself as pictures.
const ownCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// serveOwn answers a request for the page or for a path below ownPrefix.
func (c *cloudFront) serveOwn(w http.ResponseWriter, r *http.Request, uri string) {
	h := w.Header()
	h.Set("Content-Security-Policy", ownCSP)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		http.Error(w, "a page of another site sent this request", http.StatusForbidden)
		return
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	var err error
	switch method + " " + strings.TrimPrefix(uri, ownPrefix) {
	case "GET /":
		err = c.servePage(w, r)
	case "GET app.css", "GET icon.svg", "GET base.js", "GET strip.js", "GET results.js", "GET compare.js", "GET app.js":
		http.ServeFileFS(w, r, pageFiles, "page/"+path.Base(uri))
	case "GET pictures":
		err = c.serveList(w, r)
	case "PUT pictures":
		err = c.upload(w, r)
	case "DELETE results":
		err = c.forget(w, r)
	case "GET preview":
		err = c.servePreview(w, r)
	case "GET log":
		since, _ := strconv.Atoi(r.FormValue("since"))
		err = writeJSON(w, c.journal.since(since))
	default:
		err = &httpError{http.StatusNotFound, "there is nothing here; the playground is at /"}
	}
	if err == nil {
		return
	}
	status := http.StatusBadGateway
	var he *httpError
	switch {
	case errors.As(err, &he):
		status = he.status
	case absent(err):
		status = http.StatusNotFound
	}
	http.Error(w, oneLine(err), status)
}

// An httpError is an answer with a text for the user of the page.
type httpError struct {
	status int
	words  string
}

func (e *httpError) Error() string { return e.words }

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// A picture is one picture in the list.
type picture struct {
	Key     string `json:"key"`
	Path    string `json:"path"` // percent-encoded
	Bytes   int64  `json:"bytes"`
	Version string `json:"version"` // changes when the picture does
}

// A catalogue is everything that the playground shows on one page of the list of pictures.
type catalogue struct {
	Where    string     `json:"where"`
	Resized  string     `json:"resized"`
	Quality  int        `json:"quality"`
	MaxBytes int        `json:"maxBytes"`
	Sizes    []pageSize `json:"sizes"`
	Pictures []picture  `json:"pictures"` // of one page
	First    int        `json:"first"`    // the number of the page's first picture, from 1; 0 if there is none
	Total    int        `json:"total"`    // the number of pictures on all pages
	Page     int        `json:"page"`     // from 1
	Pages    int        `json:"pages"`
	LeftOut  string     `json:"leftOut,omitempty"` // what is not shown, in words
	Trouble  string     `json:"trouble,omitempty"` // why the list is incomplete
}

// Last returns the number of the page's last picture.
func (c catalogue) Last() int { return c.First + len(c.Pictures) - 1 }

// Before returns the number of the page before this one, or 0 if there is none.
func (c catalogue) Before() int { return c.Page - 1 }

// After returns the number of the page after this one, or 0 if there is none.
func (c catalogue) After() int {
	if c.Page == c.Pages {
		return 0
	}
	return c.Page + 1
}

// Names returns the names of the square sizes or, if square is false, of the others.
func (c catalogue) Names(square bool) string {
	var names []string
	for _, s := range c.Sizes {
		if (s.Wide == s.Tall) == square {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, " ")
}

type pageSize struct {
	Name string `json:"name"`
	Wide [2]int `json:"wide"`
	Tall [2]int `json:"tall"`
}

// catalogueFor returns the catalogue with the page that r asks for.
func (c *cloudFront) catalogueFor(r *http.Request) catalogue {
	cat := catalogue{
		Where:    c.bucket.where,
		Resized:  c.bucket.resized,
		Quality:  c.bucket.quality,
		MaxBytes: edge.MaxSource,
		Pictures: []picture{}, // in JSON a list, even when it is empty
	}
	for _, s := range sizes.All() {
		cat.Sizes = append(cat.Sizes, pageSize{s.Name, [2]int{s.Wide.W, s.Wide.H}, [2]int{s.Tall.W, s.Tall.H}})
	}
	// List the pictures, and keep those whose keys have the text that r asks for.
	l, err := c.bucket.pictures(r.Context())
	if err != nil {
		cat.Trouble = oneLine(err)
	}
	cat.LeftOut = l.leftOut()
	if find := strings.ToLower(r.FormValue("find")); find != "" {
		l.objects = slices.DeleteFunc(l.objects, func(o *s3lite.Object) bool {
			return !strings.Contains(strings.ToLower(o.Key), find)
		})
	}
	cat.Total = len(l.objects)
	cat.Pages = max(1, (cat.Total+pageLimit-1)/pageLimit)
	// Choose the page. r asks for the page with a number, or for the page with a picture's key.
	cat.Page, _ = strconv.Atoi(r.FormValue("page"))
	if at := r.FormValue("at"); at != "" {
		i := slices.IndexFunc(l.objects, func(o *s3lite.Object) bool { return o.Key == at })
		cat.Page = max(i, 0)/pageLimit + 1
	}
	cat.Page = min(max(cat.Page, 1), cat.Pages)
	from := (cat.Page - 1) * pageLimit
	cat.First = min(from+1, cat.Total)
	for _, o := range l.objects[from:min(from+pageLimit, cat.Total)] {
		version := fmt.Sprintf("%d-%d", o.Size, o.LastModified.UnixNano())
		cat.Pictures = append(cat.Pictures, picture{o.Key, keyPath(o.Key), o.Size, version})
	}
	return cat
}

// servePage answers with the page.
func (c *cloudFront) servePage(w http.ResponseWriter, r *http.Request) error {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, c.catalogueFor(r)); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := w.Write(b.Bytes())
	return err
}

// serveList answers with the catalogue, as JSON.
func (c *cloudFront) serveList(w http.ResponseWriter, r *http.Request) error {
	return writeJSON(w, c.catalogueFor(r))
}

// upload stores the body of r under a key like the name that r asks for. It never replaces another
// picture that may be read.
func (c *cloudFront) upload(w http.ResponseWriter, r *http.Request) error {
	if err := c.bodies.acquire(r.Context(), edge.MaxSource); err != nil {
		return err
	}
	defer c.bodies.release(edge.MaxSource)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, edge.MaxSource))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the picture is over %d MB, more than the function takes", edge.MaxSource>>20)}
	}
	if err != nil {
		return &httpError{http.StatusBadRequest, "the upload was cut off"}
	}
	format := codec.Sniff(body)
	if format == nil {
		return &httpError{http.StatusUnsupportedMediaType, "its bytes are not a JPEG, PNG, GIF, BMP or WebP picture"}
	}
	name := uploadName(r.FormValue("name"), format.Extension())
	sum := md5.Sum(body)
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	// Take the first key that is free, or that has this very picture already.
	for i := 1; i <= 100; i++ {
		key := name
		if i > 1 {
			ext := path.Ext(name)
			key = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ext), i, ext)
		}
		o, err := c.bucket.client.Head(r.Context(), key)
		if err == nil && o.ETag != etag {
			continue // another picture has this key
		}
		if absent(err) { // the key is free
			err = c.bucket.client.Put(r.Context(), key, body, s3lite.PutOptions{ContentType: format.MediaType()})
		}
		if err != nil {
			return fmt.Errorf("the bucket does not take it: %w", err)
		}
		version := hex.EncodeToString(sum[:8])
		return writeJSON(w, picture{key, keyPath(key), int64(len(body)), version})
	}
	return &httpError{http.StatusConflict, "the bucket has a hundred pictures of this name"}
}

// maxUploadName is the length of the longest key that uploadName makes, in bytes.
const maxUploadName = 200

// uploadName makes a key from a file's name as a browser sends it, which may be anything. The key
// has no folder, no control characters and no leading dot. On Windows it has no character that a
// file's name cannot have. The key keeps the extension of name if the function reads such files,
// and else gets the given extension.
func uploadName(name, extension string) string {
	name = strings.ToValidUTF8(name, "_")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		control := r < ' ' || (r >= 0x7f && r < 0xa0)
		reserved := runtime.GOOS == "windows" && strings.ContainsRune(`<>:"|?*`, r)
		if control || reserved {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ". ")
	name = strings.TrimRight(name, " ")
	ext := extension
	if edge.HasExtension(name) {
		ext = path.Ext(name)
		name = strings.TrimSuffix(name, ext)
	}
	for len(name)+len(ext) > maxUploadName { // cut off whole characters
		_, n := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-n]
	}
	if name == "" {
		name = "picture"
	}
	return name + ext
}

// forget deletes the stored results of a picture, so that the next request makes them again.
func (c *cloudFront) forget(w http.ResponseWriter, r *http.Request) error {
	t := edge.Target{Key: r.FormValue("key"), Resized: c.bucket.resized}
	t.Size = sizes.All()[0] // any size, because Valid checks the length of a result's key
	if err := t.Valid(); err != nil {
		return &httpError{http.StatusBadRequest, oneLine(err)}
	}
	for _, t.Size = range sizes.All() {
		for _, t.WebP = range []bool{false, true} {
			if err := c.bucket.client.Delete(r.Context(), t.ResultKey()); err != nil {
				return err
			}
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// servePreview makes a result at any quality and does not store it.
func (c *cloudFront) servePreview(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	size, ok := sizes.Parse(q.Get("size"))
	quality, err := strconv.Atoi(q.Get("quality"))
	validQuality := err == nil && quality >= 1 && quality <= 100
	if !ok || !validQuality || q.Get("key") == "" {
		return &httpError{http.StatusBadRequest, "a preview needs key, size (" + strings.Join(sizeNames(), " ") + ") and quality (1-100)"}
	}
	// Wait until fewer than atOnce previews are being made.
	select {
	case c.previews <- struct{}{}:
		defer func() { <-c.previews }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	source, err := c.bucket.client.Get(r.Context(), q.Get("key"), edge.MaxSource)
	if err != nil {
		return err
	}
	// Make the result.
	start := time.Now()
	opt := codec.Options{Quality: quality}
	if q.Get("webp") == "1" {
		opt.Format = codec.WebP
	}
	body, info, err := codec.Resize(r.Context(), source.Body, size.Fit, opt)
	// Answer with the result. Without one, a thumbnail is replaced by the original.
	h := w.Header()
	thumbnail := q.Get("v") != "" // the page asks for thumbnails with the picture's version
	if thumbnail {
		h.Set("Cache-Control", "private, max-age=3600")
	}
	switch {
	case err != nil && thumbnail:
		http.Redirect(w, r, keyPath(q.Get("key")), http.StatusFound)
		return nil
	case err != nil:
		return &httpError{http.StatusUnprocessableEntity, "this picture passes through: " + oneLine(err)}
	}
	h.Set("Content-Type", info.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Server-Timing", fmt.Sprintf("resize;dur=%.3f", float64(time.Since(start).Microseconds())/1000))
	_, err = w.Write(body)
	return err
}

// keyPath returns the path of a link to key. Every byte of key is percent-encoded except the
// unreserved characters of RFC 3986 section 2.3 and the slash. If key begins with a slash, the path
// begins with "/.//", because browsers take what follows a leading "//" for a host.
func keyPath(key string) string {
	var b strings.Builder
	b.WriteByte('/')
	if strings.HasPrefix(key, "/") {
		b.WriteString("./")
	}
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
