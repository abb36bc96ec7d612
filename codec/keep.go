package codec

// This file decides when a source is its own result.

// alreadyRight reports whether the source without its metadata could be the result: nothing is
// scaled, the format is the same, the source is upright, no color is converted, and nothing else
// demands that it is encoded.
func (t *target) alreadyRight() bool {
	return t.keepsSize() && t.format == t.source && t.orientation == 1 && t.color.convert == nil && !t.mustEncode
}

// smaller returns the result for a source that is already right: either src without its metadata,
// or out, a new encoding of the same picture. If exact is true, out is taken whenever it is
// smaller. Otherwise out is taken only if it is smaller by a tenth. An encoding of 16-bit samples
// as 8 bits can be exact in this sense.
//
// err is the encoder's error. smaller returns it only if src cannot be stripped either. src is
// known to be undamaged, because it was decoded to its end.
func smaller(s source, t *target, src, out []byte, exact bool, err error) ([]byte, error) {
	stripped, stripErr := src, error(nil)
	if t.format.strip != nil {
		stripped, stripErr = t.format.strip(s, src, t.color.carry != nil)
	}
	if stripErr != nil {
		return out, err
	}
	outIsBetter := 10*len(out) <= 9*len(stripped)
	if exact {
		outIsBetter = len(out) < len(stripped)
	}
	if err != nil || !outIsBetter {
		return stripped, nil
	}
	return out, nil
}
