package codec

// This file decides when a source is its own result.

// alreadyRight reports whether the source, its metadata aside, could itself be the result: it fits,
// it is upright, it is sRGB, and it is of the result's format.
func (t *target) alreadyRight() bool {
	return t.keepsSize() && t.format == t.source && t.orientation == 1 && t.color.convert == nil && !t.another
}

// smaller returns the result for a source that is already right: either src without its metadata,
// the samples untouched, or its encoding out. An exact encoding is taken where it is smaller; one
// with loss must be a tenth smaller. Narrowing samples of 16 bits is not a loss, since every result
// has 8.
//
// The source has been decoded to the end before, so it is not damaged.
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
