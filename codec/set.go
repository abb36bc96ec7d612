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
	ready []*decodedResult // by job: its result, if that is decoded and not handed out yet, else nil
}

// A decodedResult is a result whose picture is decoded.
type decodedResult struct {
	source  source
	target  *target
	info    Info
	picture picture

	written bool // the picture is encoded too, and out holds the file
	out     []byte
}

// NewSet returns a Set that makes a result of src for each of the jobs. It does no work yet. The
// Set holds src.
func NewSet(src []byte, jobs []Job) *Set {
	return &Set{src, jobs, make([]*decodedResult, len(jobs))}
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

// decode decodes a still source once for jobs[first] and for jobs after it. It skips jobs that are
// ready already and jobs with an error. It stops before the first job that needs another way of
// decoding or more memory than it may use. If only jobs[first] is left, the source is an animation
// or anything fails, nothing becomes ready.
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
	var group []int                            // the jobs to decode for
	var ts []*target                           // their targets
	var distinct []*target                     // the targets that get a picture of their own
	made := make([]decodedResult, len(s.jobs)) // by job
	pictureOf := make([]int, len(s.jobs))      // by job: which of distinct has its picture
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
		case len(ts) > 0 && !t.decodesWith(ts[0]):
			break jobs
		}
		if len(ts) > 0 {
			t.color.convert = ts[0].color.convert // equal, so one is enough
		}
		distinctWithT, at := t.sharePicture(distinct)
		if len(ts) > 0 && peakAll(opened, append(ts, t), distinctWithT, len(s.src)) > j.usable() {
			break
		}
		made[i], pictureOf[i] = decodedResult{source: opened, target: t, info: info}, at
		group, ts, distinct = append(group, i), append(ts, t), distinctWithT
	}
	if len(ts) < 2 {
		return
	}
	pictures, err := opened.still(ctx, distinct...)
	if err != nil {
		return
	}
	for _, i := range group {
		made[i].picture = pictures[pictureOf[i]]
		made[i].info.note(opened.note())
		s.ready[i] = &made[i]
	}
}

// decodesWith reports whether t and u, which are of one source, can be decoded at once: with the
// same conversion, and in the same way. The conversions of a source have the same transform, unless
// a result's format needs none.
func (t *target) decodesWith(u *target) bool {
	if (t.color.convert == nil) != (u.color.convert == nil) || t.color.first != u.color.first {
		return false
	}
	return !t.source.ownDecoding || (t.format == t.source) == (u.format == u.source)
}

// sharePicture finds the target whose picture t can be made of. distinct are the targets that get a
// picture of their own so far. If none of their pictures is right for t, t is added to them.
// sharePicture returns these targets, and the index of the one whose picture t uses.
func (t *target) sharePicture(distinct []*target) (with []*target, at int) {
	for i, u := range distinct {
		if t.w == u.w && t.h == u.h && t.keepsChroma() == u.keepsChroma() {
			if t.format.usesColors { // only pictures for such formats have the number of colors
				distinct = slices.Clone(distinct)
				distinct[i] = t
			}
			return distinct, i
		}
	}
	return append(distinct, t), len(distinct)
}

// write encodes r's picture, and hands the file to all results that are the same.
func (s *Set) write(ctx context.Context, r *decodedResult) (err error) {
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
			m.Image = copyOf(m.Image) // encoding may change the picture, which another result uses
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

// copyOf returns a copy of m, so that one of them can be changed. m has one of the types that a
// picture can have.
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
