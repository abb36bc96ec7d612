package webp

// This file copies a WebP file without its metadata. It reads chunks as riff.go does (RFC 9649
// section 2).

import "encoding/binary"

// Strip returns src without EXIF, XMP and unknown chunks, and without what follows the RIFF chunk.
// The bitstreams are copied byte for byte. An ICC profile stays if keepICC is set, and the flags of
// VP8X are adjusted. The orientation is lost, as it is part of EXIF. So a picture whose orientation
// is not 1 should not be stripped, but decoded and turned.
//
// Strip makes one pass over src. Its result takes at most len(src) + 1 bytes: src may lack the last
// pad byte.
func Strip(src []byte, keepICC bool) ([]byte, error) {
	body, err := riffBody(src)
	if err != nil {
		return nil, err
	}
	s := stripper{out: make([]byte, 0, len(src)+1), keepICC: keepICC, vp8x: -1}
	s.out = append(s.out, src[:riffHeader]...)
	p := riffHeader
	for p < len(body) && !s.simple {
		id, payload, next, err := chunk(body, p)
		if err != nil {
			if s.picture && len(body)-p < chunkHeader {
				break // stray bytes behind the picture, too few for a chunk's header
			}
			return nil, err
		}
		if err := s.keepShown(body, p, id, payload); err != nil {
			return nil, err
		}
		p = next
	}
	if !s.picture {
		return nil, FormatError{p, "no picture"}
	}
	// Set the flags to what was kept.
	if s.vp8x >= 0 {
		s.out[s.vp8x] &^= flagICC | flagEXIF | flagXMP
		if s.profile {
			s.out[s.vp8x] |= flagICC
		}
	}
	return finishRIFF(s.out, 0)
}

// A stripper is the state of Strip.
type stripper struct {
	out     []byte
	keepICC bool
	vp8x    int  // position of VP8X's flags in out, or -1
	picture bool // a picture, or a frame of an animation, was kept
	profile bool // ICCP was kept
	simple  bool // the picture was kept, and is all of a file without VP8X (sections 2.5, 2.6)
}

// keep copies a chunk to the output.
func (s *stripper) keep(id uint32, payload []byte) {
	s.out = appendChunk(s.out, nameOf(id), payload)
}

// nameOf returns the four letters of a chunk's identifier.
func nameOf(id uint32) string { return string(binary.LittleEndian.AppendUint32(nil, id)) }

// keepShown keeps a chunk if it changes what is shown. The chunk begins at src[p].
func (s *stripper) keepShown(src []byte, p int, id uint32, payload []byte) error {
	switch id {
	case fccVP8X:
		if p != riffHeader || len(payload) < 10 {
			return FormatError{p, "short VP8X chunk, or not the first"}
		}
		s.vp8x = len(s.out) + chunkHeader
		s.keep(id, payload)
	case fccVP8, fccVP8L:
		if s.picture {
			return nil // only the first picture counts
		}
		s.picture, s.simple = true, s.vp8x < 0
		s.keep(id, payload)
	case fccALPH, fccANIM:
		s.keep(id, payload)
	case fccANMF:
		return s.keepFrame(src[:p+chunkHeader+len(payload)], p)
	case fccICCP:
		if s.keepICC && !s.profile {
			s.profile = true
			s.keep(id, payload)
		}
	}
	return nil
}

// keepFrame keeps the ANMF chunk (section 2.7.1.1) that is src[p:]. Unknown chunks inside it are
// left out.
func (s *stripper) keepFrame(src []byte, p int) error {
	payload := src[p+chunkHeader:]
	if len(payload) < anmfHeader {
		return FormatError{p, "short ANMF chunk"}
	}
	frame := append([]byte(nil), payload[:anmfHeader]...)
	picture := false
	for at := p + chunkHeader + anmfHeader; at < len(src); {
		id, sub, next, err := chunk(src, at)
		if err != nil {
			if picture && len(src)-at < chunkHeader {
				break // stray bytes behind the picture, too few for a chunk's header
			}
			return err
		}
		if id == fccVP8 || id == fccVP8L || id == fccALPH {
			picture = picture || id != fccALPH
			frame = appendChunk(frame, nameOf(id), sub)
		}
		at = next
	}
	if !picture {
		return FormatError{p, "frame without a picture"}
	}
	s.picture = true
	s.keep(fccANMF, frame)
	return nil
}
