package codec

import (
	"context"
	"fmt"
	"image"
	"slices"

	"miniatura/internal/caught"
)

// This file makes several results of one source, which is decoded once for as many of them as fit
// in memory.

// A Job is one result of a Set: what Resize is told beside the source.
type Job struct {
	Fit func(w, h int) (int, int)
	Options
}

// A Set makes several results of one source. What it makes is Resize's to the byte, and so is every
// error: when decoding for several fails, each is tried alone. It is not safe for concurrent use.
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

// Resize makes the result of job i. The first call decodes the source for the jobs that follow too:
// they should be asked for in order, each once. Results that are the same may be the same slice.
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

// decode makes ready for the first job and those after it, as long as memory allows. Where that is
// one, or where anything goes wrong, nothing is ready.
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
	var group []int // the jobs
	var ts []*target
	var distinct []*target                                           // those of which each needs a picture of its own
	made, of := make([]ready, len(s.jobs)), make([]int, len(s.jobs)) // of: which of distinct
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

// together makes t's conversion the one of u, and reports whether both can be decoded at once: by
// one conversion, on one road. What a source says of its colors leads to one transform at most,
// which only a format may do without.
func (t *target) together(u *target) bool {
	if (t.color.convert == nil) != (u.color.convert == nil) || t.color.first != u.color.first {
		return false
	}
	t.color.convert = u.color.convert
	return !t.source.ownRoad || (t.format == t.source) == (u.format == u.source)
}

// among returns distinct with t, and where t's picture is among those of distinct.
func (t *target) among(distinct []*target) (with []*target, at int) {
	for i, u := range distinct {
		if t.w == u.w && t.h == u.h && t.wholeChroma() == u.wholeChroma() {
			if t.format.mixtures { // whose picture knows more, which the others do not ask for
				distinct = slices.Clone(distinct)
				distinct[i] = t
			}
			return distinct, i
		}
	}
	return append(distinct, t), len(distinct)
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
