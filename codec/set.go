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
// when decoding for several results fails, each result is tried alone. A Set is not safe for
// concurrent use.
type Set struct {
	src   []byte
	jobs  []Job
	ready []*decodedResult // by job: a result that is decoded and not handed out yet, else nil
}

// A decodedResult is a result whose picture is decoded.
type decodedResult struct {
	source  source
	target  *target
	info    Info
	picture picture

	encoded bool // the picture is encoded too, and out is the file
	out     []byte
}

// NewSet returns a Set that makes a result of src for each of the jobs. It does no work yet. The
// Set holds src.
func NewSet(src []byte, jobs []Job) *Set {
	return &Set{src, jobs, make([]*decodedResult, len(jobs))}
}

// Resize makes the result of job i. The first call decodes the source for the jobs after i too. So
// call Resize for the jobs in their order, once for each. Equal results may share a slice.
func (s *Set) Resize(ctx context.Context, i int) ([]byte, Info, error) {
	if s.ready[i] == nil {
		s.decode(ctx, i)
	}
	r := s.ready[i]
	if r == nil {
		return Resize(ctx, s.src, s.jobs[i].Fit, s.jobs[i].Options)
	}
	s.ready[i] = nil
	if err := s.encode(ctx, r); err != nil {
		return nil, r.info, fmt.Errorf("codec: %dx%d: %w", r.info.W, r.info.H, err)
	}
	return r.out, r.info, nil
}

// decode decodes a still source once for a group of jobs, which become ready. The group begins with
// jobs[first]. Nothing becomes ready if the group has only one job, if the source is an animation,
// or if anything fails.
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
	var group []int                               // the jobs of the group
	var ts []*target                              // the targets of the group
	var distinct []*target                        // those of ts that get a picture of their own
	results := make([]decodedResult, len(s.jobs)) // by job; only the group's are filled in
	pictureOf := make([]int, len(s.jobs))         // by job: the index in distinct of the job's picture
jobs: // collect the group
	for i := first; i < len(s.jobs); i++ {
		j := &s.jobs[i]
		var info Info
		t, err := plan(f, opened, &h, len(s.src), j.Fit, &j.Options, &info)
		switch {
		case err != nil && i == first:
			return
		case err != nil || s.ready[i] != nil:
			continue // left out
		case len(ts) > 0 && !t.decodesWith(ts[0]):
			break jobs // the group ends before a job that needs another way of decoding
		}
		if len(ts) > 0 {
			t.color.convert = ts[0].color.convert // one source has equal transforms: keep one of them
		}
		distinctWithT, chosen := t.sharePicture(distinct)
		if len(ts) > 0 && peakAll(opened, append(ts, t), distinctWithT, len(s.src)) > j.usable() {
			break jobs // and before a job that may not use the memory that the group would need with it
		}
		results[i] = decodedResult{source: opened, target: t, info: info}
		pictureOf[i] = chosen
		group, ts, distinct = append(group, i), append(ts, t), distinctWithT
	}
	if len(ts) < 2 {
		return // nothing is shared: Resize decodes for the one job
	}
	// Decode, and hand the pictures to the group.
	pictures, err := opened.decodeStill(ctx, distinct...)
	if err != nil {
		return
	}
	for _, i := range group {
		results[i].picture = pictures[pictureOf[i]]
		results[i].info.addNote(opened.note())
		s.ready[i] = &results[i]
	}
}

// decodesWith reports whether t and u, which are of one source, can be decoded at once. Both or
// neither must convert colors, at the same step, and both must be decoded in the same way.
func (t *target) decodesWith(u *target) bool {
	tConverts, uConverts := t.color.convert != nil, u.color.convert != nil
	if tConverts != uConverts || t.color.first != u.color.first {
		return false
	}
	if !t.source.ownDecoding {
		return true
	}
	// The source is decoded in one way for results of its own format, in another way for the rest.
	tOwn, uOwn := t.format == t.source, u.format == u.source
	return tOwn == uOwn
}

// sharePicture chooses the decoded picture of which t's result is made. distinct are the targets
// before t that get a picture of their own. The picture of one of them is chosen if it is right for
// t. Otherwise t gets a picture of its own. sharePicture returns the targets that have a picture of
// their own now, and the index of the one whose picture was chosen.
func (t *target) sharePicture(distinct []*target) (distinctWithT []*target, chosen int) {
	for i, u := range distinct {
		if t.w == u.w && t.h == u.h && t.keepsChroma() == u.keepsChroma() {
			// The colors are counted only for a target whose format uses their number. So let t
			// take u's place if t's format does.
			if t.format.usesColors {
				distinct = slices.Clone(distinct)
				distinct[i] = t
			}
			return distinct, i
		}
	}
	return append(distinct, t), len(distinct)
}

// encode encodes r's picture, and hands the file to all results that are the same.
func (s *Set) encode(ctx context.Context, r *decodedResult) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = caught.Error(p)
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.encoded {
		return nil
	}
	m := r.picture
	r.picture = picture{}
	for _, other := range s.ready {
		if other != nil && other.picture.Image == m.Image {
			m.Image = copyOf(m.Image) // encoding may change m, and the other result needs m as it is
			break
		}
	}
	src := s.src
	if !r.target.alreadyRight() {
		src = nil
	}
	if r.out, err = writeStill(r.source, r.target, m, src); err != nil {
		return err
	}
	for _, other := range s.ready {
		if other != nil && other.target.sameResult(r.target) {
			other.out, other.encoded, other.picture = r.out, true, picture{}
		}
	}
	return nil
}

// sameResult reports whether t and u, which are of one source, have the same result.
func (t *target) sameResult(u *target) bool {
	return t.format == u.format && t.w == u.w && t.h == u.h && t.quality == u.quality && t.effort == u.effort
}

// copyOf returns a copy of m that shares no samples with m. m has one of the types that a picture
// can have.
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
