// Package effort has the type that says how long an encoder searches for fewer bytes. The packages
// that encode export it under names of their own.
package effort

// A Level is an encoder's effort. Its cost and its gain depend on the encoder.
type Level uint8

const (
	Default Level = iota // for a picture that somebody waits for
	High                 // more time, fewer bytes
)
