package codec

// This file decides when a source is its own result.

// alreadyRight reports whether the source, its metadata aside, could itself be the result: it fits,
// it is upright, sRGB, and of the format that is wanted.
func (t *target) alreadyRight() bool {
	return t.same() && t.format == t.source && t.orientation == 1 && t.color.convert == nil && !t.another
}

// smaller returns what a source that is already right becomes: itself without its metadata, the
// samples not touched, or its encoding out. An exact encoding, which has no loss, is taken where it
// is smaller; one with loss has to be a tenth smaller. Narrowing samples of 16 bits is not a loss:
// every result has 8.
//
// The source has been decoded to the end by now: a damaged file does not come this far.
func smaller(s source, t *target, src, out []byte, exact bool, err error) ([]byte, error) {
	stripped, stripErr := src, error(nil)
	if t.format.strip != nil {
		stripped, stripErr = t.format.strip(s, src, t.color.carry != nil)
	}
	switch {
	case stripErr != nil:
		return out, err
	case err != nil, exact && len(out) >= len(stripped), !exact && 10*len(out) > 9*len(stripped):
		return stripped, nil
	}
	return out, nil
}
