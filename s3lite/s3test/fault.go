package s3test

// This file has the faults, and the rules that say when they happen.

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// A Fault answers a request in the place of the Server. honest gives the Server's own answer.
type Fault func(w http.ResponseWriter, r *http.Request, honest http.Handler)

// Rule says which requests get a Fault, and which Fault.
type Rule struct {
	Method string // HEAD, GET, PUT, DELETE or LIST; "" means any
	Key    string // "" means any
	Times  int    // for how many requests; 0 means all
	Fault  Fault
}

// Script adds rules. A request gets the Fault of the first rule that matches it.
func (s *Server) Script(rules ...Rule) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rules {
		if r.Times == 0 {
			r.Times = -1
		}
		s.rules = append(s.rules, &r)
	}
}

// Calm removes all rules.
func (s *Server) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

// useRule returns the first rule that matches a request and is not used up, or nil, and counts one
// use of the rule. The caller holds s.mu.
func (s *Server) useRule(method, key string) *Rule {
	for _, r := range s.rules {
		// Times counts down to 0, and then the rule is used up. Script has made it -1 for "all".
		usedUp := r.Times == 0
		matches := (r.Method == "" || r.Method == method) && (r.Key == "" || r.Key == key)
		if usedUp || !matches {
			continue
		}
		if r.Times > 0 {
			r.Times--
		}
		return r
	}
	return nil
}

// Status answers with status and an S3 error document that says code.
func Status(status int, code string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		if status == 307 {
			w.Header().Set("Location", "http://"+r.Host+r.RequestURI)
		}
		writeFailure(w, r, &failure{status: status, code: code})
	}
}

// HTML answers with an HTML page, as a proxy does.
func HTML(status int) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		if r.Method != "HEAD" {
			io.WriteString(w, "<html>bad gateway</html>")
		}
	}
}

// Delay waits for d, then gives the Server's own answer.
func Delay(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		// Package net/http sees that a client has gone only after the body is read.
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		select {
		case <-time.After(d):
			honest.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// Reset ends the connection with a TCP reset, before any answer.
func Reset() Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		c := hijack(w)
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
		c.Close()
	}
}

// EOF closes the connection before any answer.
func EOF() Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		io.Copy(io.Discard, r.Body)
		hijack(w).Close()
	}
}

// Late carries out the request, and then closes the connection without an answer.
func Late() Fault {
	return func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		honest.ServeHTTP(&recorder{header: http.Header{}}, r)
		hijack(w).Close()
	}
}

// Truncate promises the whole body in Content-Length, and sends n bytes of it.
func Truncate(n int) Fault { return partial(n, true, 0) }

// NoLength sends n bytes of the body without a Content-Length.
func NoLength(n int) Fault { return partial(n, false, 0) }

// Stall sends n bytes of the body and then nothing, until d has passed or the client has gone.
func Stall(n int, d time.Duration) Fault { return partial(n, true, d) }

// partial sends n bytes of the body. withLength says whether there is a Content-Length, which is
// that of the whole body. partial then closes the connection when the client does, or when wait has
// passed.
func partial(n int, withLength bool, wait time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		rec := record(w, r, honest)
		c := hijack(w)
		defer c.Close()
		fmt.Fprintf(c, "HTTP/1.1 %d X\r\n", rec.status)
		if !withLength {
			rec.header.Del("Content-Length")
			rec.header.Set("Connection", "close")
		}
		rec.header.Write(c)
		io.WriteString(c, "\r\n")
		c.Write(rec.body.Bytes()[:min(n, rec.body.Len())])
		awaitClose(c, wait)
	}
}

// Drip sends the body n bytes at a time, with a pause of d before each.
func Drip(n int, d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		rec := record(w, r, honest)
		copyHeader(w, rec)
		for b := rec.body; b.Len() > 0; {
			select {
			case <-time.After(d):
			case <-r.Context().Done():
				return
			}
			w.Write(b.Next(n))
			http.NewResponseController(w).Flush()
		}
	}
}

// Hang sends nothing until d has passed or the client has gone, and then closes the connection.
func Hang(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		c := hijack(w)
		defer c.Close()
		awaitClose(c, d)
	}
}

// BadChecksum sends the body with a wrong CRC32.
func BadChecksum() Fault {
	return func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		rec := record(w, r, honest)
		rec.header.Set("X-Amz-Checksum-Crc32", "AAAAAA==")
		rec.header.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		copyHeader(w, rec)
		w.Write(rec.body.Bytes())
	}
}

// Flip sends the body with one bit in its middle inverted.
func Flip() Fault {
	return func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		rec := record(w, r, honest)
		copyHeader(w, rec)
		b := rec.body.Bytes()
		if len(b) > 0 {
			b[len(b)/2] ^= 8
		}
		w.Write(b)
	}
}

// A recorder keeps an answer in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(200)
	return r.body.Write(b)
}

// record returns the Server's own answer, with a Content-Length.
func record(w http.ResponseWriter, r *http.Request, honest http.Handler) *recorder {
	rec := &recorder{header: w.Header().Clone()}
	honest.ServeHTTP(rec, r)
	if rec.header.Get("Content-Length") == "" {
		rec.header.Set("Content-Length", strconv.Itoa(rec.body.Len()))
	}
	return rec
}

// copyHeader writes the header and the status of rec to w.
func copyHeader(w http.ResponseWriter, rec *recorder) {
	for name, values := range rec.header {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.status)
}

// hijack returns the connection of a request.
func hijack(w http.ResponseWriter) net.Conn {
	c, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes the connection, as every caller intends
	}
	return c
}

// awaitClose returns when the client has closed c, or after d.
func awaitClose(c net.Conn, d time.Duration) {
	c.SetReadDeadline(time.Now().Add(d))
	io.Copy(io.Discard, c)
}
