package codec

// This file decides when a source is its own result.

// alreadyRight reports whether the source, its metadata aside, could itself be the result: it fits, it is upright, sRGB,
// and of the format that is wanted.
func (t *target) alreadyRight() bool {
	return t.same() && t.format == t.source && t.orientation == 1 && t.color.convert == nil && !t.inks
}

// leaveAlone returns the source when it already is what was asked for. Where there is metadata to strip, the container is
// rewritten and the pixels are not touched; where there is none, the picture is encoded and the smaller of the two is the
// result. It has been decoded to the end by now: a damaged file does not come this far.
func leaveAlone(src []byte, t *target, encode func() ([]byte, error)) ([]byte, error) {
	var out []byte
	var had bool
	var err error
	if t.format.strip != nil {
		if out, had, err = t.format.strip(src, t.color.carry != nil); err == nil && had {
			return out, nil
		}
	}
	out, encodeErr := encode()
	if encodeErr == nil && (len(out) < len(src) || err != nil || had) {
		return out, nil
	}
	return src, encodeErr
}
