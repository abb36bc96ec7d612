// Package damage makes the message of an error about a damaged file. Each format's package, called
// a room, has a FormatError of its own, so that a caller can tell which format is damaged. All
// FormatErrors have messages of the same form.
//
//	func (e FormatError) Error() string { return damage.Text("png", e.Offset, e.Msg) }
package damage

import "strconv"

// Text returns the message of a room's FormatError. An offset of 0 is left out: either the file
// does not begin as it should, or the place of the damage is not known.
func Text(room string, offset int, msg string) string {
	if offset == 0 {
		return room + ": invalid format: " + msg
	}
	return room + ": invalid format at byte " + strconv.Itoa(offset) + ": " + msg
}
