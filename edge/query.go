package edge

import (
	"strings"

	"miniatura/sizes"
)

// ParseQuery reads a raw query string as the URL contract has it: split on
// '&', names and values compared literally, no percent-decoding. The first
// size alone decides: ok reports whether it names a size. The
// first to_webp alone decides: exactly "1" is WebP.
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
