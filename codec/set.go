package codec

import (
	"context"
	"fmt"
	"image"
	"slices"

	"miniatura/internal/caught"
)

// This file makes several results of one source, which is decoded once for as many of them as fit in memory.

// A Job is one result of a Set: what Resize is told beside the source.
type Job struct {
	Fit func(w, h int) (int, int)
	Options
}

// A Set makes several results of one source. What it makes is Resize's to the byte, and so is every error: when decoding
// for several fails, each is tried alone. It is not safe for concurrent use.
type Set struct {
	src   []byte
	jobs  []Job
	ready []*ready // by job: what was made for it so far, nil for those to come and those that were handed out
}

// A ready is a result that only has to be written.
type ready struct {
	source  source
	target  *target
	info    Info
	picture picture

	written bool // out is the result
	out     []byte
}

// NewSet returns a Set for the results jobs of src. Nothing is done yet. The Set holds src.
func NewSet(src []byte, jobs []Job) *Set {
	return &Set{src, jobs, make([]*ready, len(jobs))}
}

// Resize makes the result of job i. The first call decodes the source for the jobs that follow too: they should be asked
// for in order, each once. Results that are the same may be the same slice.
func (s *Set) Resize(ctx context.Context, i int) ([]byte, Info, error) {
	if s.ready[i] == nil {
		s.decode(ctx, i)
	}
	r := s.ready[i]
	if r == nil {
		return Resize(ctx, s.src, s.jobs[i].Fit, s.jobs[i].Options)
	}
	s.ready[i] = nil
	if err := s.write(ctx, r); err != nil {
		return nil, r.info, fmt.Errorf("codec: %dx%d: %w", r.info.W, r.info.H, err)
	}
	return r.out, r.info, nil
}

// decode makes ready for the first job and those after it, as long as memory allows. Where that is one, or where anything
// goes wrong, nothing is ready.
func (s *Set) decode(ctx context.Context, first int) {
	defer func() {
		if recover() != nil { // Resize will meet it again, and say so
			clear(s.ready)
		}
	}()
	f, opened, h, err := open(s.src)
	if err != nil || h.frames != 1 {
		return
	}
	var group []int
	var ts []*target
	made := make([]ready, len(s.jobs))
jobs:
	for i := first; i < len(s.jobs); i++ {
		j := &s.jobs[i]
		t, info, err := plan(f, opened, &h, len(s.src), j.Fit, &j.Options)
		switch {
		case err != nil && i == first:
			return
		case err != nil || s.ready[i] != nil:
			continue
		case len(ts) > 0 && !t.color.share(&ts[0].color):
			break jobs
		case len(ts) > 0 && peakAll(opened, append(ts, t), len(s.src)) > j.usable():
			break jobs
		}
		made[i] = ready{source: opened, target: t, info: info}
		group, ts = append(group, i), append(ts, t)
	}
	if len(ts) < 2 {
		return
	}
	pictures, err := opened.still(ctx, ts...)
	if err != nil {
		return
	}
	for k, i := range group {
		made[i].picture = pictures[k]
		made[i].info.note(opened.note())
		s.ready[i] = &made[i]
	}
}

// share makes c's transform the one of d, if they are the same, and reports whether they are. What a source says of its
// colors leads to one transform at most: only a format may do without it.
func (c *conversion) share(d *conversion) bool {
	if (c.convert == nil) != (d.convert == nil) || c.first != d.first {
		return false
	}
	c.convert = d.convert
	return true
}

// write makes r's result out of its picture, and hands it on to those that will be the same.
func (s *Set) write(ctx context.Context, r *ready) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = caught.Error(p)
		}
	}()
	if err := ctx.Err(); err != nil || r.written {
		return err
	}
	m := r.picture
	r.picture = picture{}
	for _, other := range s.ready {
		if other != nil && other.picture.Image == m.Image {
			m.Image = copyOf(m.Image) // writing may change it
			break
		}
	}
	src := s.src
	if !r.target.alreadyRight() {
		src = nil
	}
	if r.out, err = write(r.source, r.target, m, src); err != nil {
		return err
	}
	for _, other := range s.ready {
		if other != nil && other.target.twin(r.target) {
			other.out, other.written, other.picture = r.out, true, picture{}
		}
	}
	return nil
}

// twin reports whether t and u, of one source, lead to the same result.
func (t *target) twin(u *target) bool {
	return t.format == u.format && t.w == u.w && t.h == u.h && t.quality == u.quality && t.effort == u.effort
}

// copyOf returns a picture that may be changed while m stays.
func copyOf(m image.Image) image.Image {
	switch m := m.(type) {
	case *image.Gray:
		c := *m
		c.Pix = slices.Clone(m.Pix)
		return &c
	case *image.NRGBA:
		c := *m
		c.Pix = slices.Clone(m.Pix)
		return &c
	case *image.YCbCr:
		c := *m
		c.Y, c.Cb, c.Cr = slices.Clone(m.Y), slices.Clone(m.Cb), slices.Clone(m.Cr)
		return &c
	}
	return m
}
