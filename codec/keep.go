package codec

// This file decides when a source is its own result.

// alreadyRight reports whether the source without its metadata could be the result: nothing is
// scaled, the format is the same, the source is upright, no color is converted, and nothing else
// demands that it is encoded.
func (t *target) alreadyRight() bool {
	return t.keepsSize() && t.format == t.source && t.orientation == 1 && t.color.convert == nil && !t.mustEncode
}

// smaller returns the result for a source that is already right. It is either src stripped of its
// metadata, or out, a new encoding of the same picture. An exact encoding is taken where it is
// smaller; one with loss must be a tenth smaller. Narrowing samples of 16 bits is not a loss, since
// every result has 8.
//
// err is the encoder's error. smaller returns it only if src cannot be stripped either. The source
// has been decoded to the end before, so it is not damaged.
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
