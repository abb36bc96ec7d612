package codec

import (
	"context"
	"fmt"
	"image"
	"slices"

	"miniatura/internal/caught"
)

// This file makes several results of one source. The source is decoded once for as many of them as
// fit in memory.

// A Job is one result of a Set: the arguments of Resize, without the source.
type Job struct {
	Fit func(w, h int) (int, int)
	Options
}

// A Set makes several results of one source. Results and errors are the same as those of Resize:
// when decoding for several fails, each is tried alone. It is not safe for concurrent use.
type Set struct {
	src   []byte
	jobs  []Job
	ready []*ready // by job: what is ready for it; nil before that, and after it was handed out
}

// A ready is a result whose picture is decoded and not encoded yet.
type ready struct {
	source  source
	target  *target
	info    Info
	picture picture

	written bool // out holds the encoded result
	out     []byte
}

// NewSet returns a Set for the results jobs of src, and does no work yet. The Set holds src.
func NewSet(src []byte, jobs []Job) *Set {
	return &Set{src, jobs, make([]*ready, len(jobs))}
}

// Resize makes the result of job i. The first call decodes the source for the following jobs too,
// so the jobs should be asked for in order, each once. Equal results may share a slice.
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

// decode decodes the source for the job first and those after it, as many as memory allows. Where
// only one fits, or where anything fails, nothing becomes ready.
func (s *Set) decode(ctx context.Context, first int) {
	defer func() {
		if recover() != nil { // Resize will meet the panic again, and report it
			clear(s.ready)
		}
	}()
	f, opened, h, err := open(s.src)
	if err != nil || h.frames != 1 {
		return
	}
	var group []int // the jobs
	var ts []*target
	var distinct []*target                                           // the targets that need a picture of their own
	made, of := make([]ready, len(s.jobs)), make([]int, len(s.jobs)) // of each job: which of distinct it uses
jobs:
	for i := first; i < len(s.jobs); i++ {
		j := &s.jobs[i]
		var info Info
		t, err := plan(f, opened, &h, len(s.src), j.Fit, &j.Options, &info)
		switch {
		case err != nil && i == first:
			return
		case err != nil || s.ready[i] != nil:
			continue
		case len(ts) > 0 && !t.together(ts[0]):
			break jobs
		}
		with, at := t.among(distinct)
		if len(ts) > 0 && peakAll(opened, append(ts, t), with, len(s.src)) > j.usable() {
			break
		}
		made[i], of[i] = ready{source: opened, target: t, info: info}, at
		group, ts, distinct = append(group, i), append(ts, t), with
	}
	if len(ts) < 2 {
		return
	}
	pictures, err := opened.still(ctx, distinct...)
	if err != nil {
		return
	}
	for _, i := range group {
		made[i].picture = pictures[of[i]]
		made[i].info.note(opened.note())
		s.ready[i] = &made[i]
	}
}

// together reports whether t and u can be decoded at once: with the same conversion, and in the
// same way. If their conversions are the same, it sets that of t to that of u. A source leads to at
// most one transform; a result's format may need none.
func (t *target) together(u *target) bool {
	if (t.color.convert == nil) != (u.color.convert == nil) || t.color.first != u.color.first {
		return false
	}
	t.color.convert = u.color.convert
	return !t.source.ownDecoding || (t.format == t.source) == (u.format == u.source)
}

// among finds the picture that t can be made of. distinct are the targets whose pictures are made
// so far. If none of them fits t, t is added. It returns the targets, and the index of the one for
// t.
func (t *target) among(distinct []*target) (with []*target, at int) {
	for i, u := range distinct {
		if t.w == u.w && t.h == u.h && t.wholeChroma() == u.wholeChroma() {
			if t.format.mixtures { // the picture of t has the number of colors, which the others do not need
				distinct = slices.Clone(distinct)
				distinct[i] = t
			}
			return distinct, i
		}
	}
	return append(distinct, t), len(distinct)
}

// write encodes r's picture, and hands the result to those that are the same.
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
			m.Image = copyOf(m.Image) // encoding may change the picture
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
		if other != nil && other.target.sameResult(r.target) {
			other.out, other.written, other.picture = r.out, true, picture{}
		}
	}
	return nil
}

// sameResult reports whether t and u, which are of one source, have the same result.
func (t *target) sameResult(u *target) bool {
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
