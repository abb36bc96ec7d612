package edge

import (
	"strings"

	"miniatura/sizes"
)

// ParseQuery reads the parameters size and to_webp from a raw query string. The string is split at
// '&'. Names and values are compared literally, without percent-decoding. Only the first size and
// the first to_webp count. webp reports whether to_webp is exactly "1". ok reports whether size is
// the name of a size. If ok is false, the other results are zero.
func ParseQuery(raw string) (size string, webp, ok bool) {
	var haveSize, haveWebP bool
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case name == "size" && !haveSize:
			haveSize = true
			size = value
		case name == "to_webp" && !haveWebP:
			haveWebP = true
			webp = value == "1"
		}
	}
	if _, ok = sizes.Parse(size); !ok {
		return "", false, false
	}
	return size, webp, true
}
