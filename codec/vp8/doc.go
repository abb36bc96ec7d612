// Package vp8 encodes key frames of the VP8 format, RFC 6386: the pictures in
// lossy WebP files.
//
// The files are named after the chapters they implement, like those of the decoder in
// golang.org/x/image/vp8, so that the writer can be read next to a reader:
//
//	partition.go    section 7          the bool encoder
//	frame.go        sections 9, 19.2   frame header and partitions
//	segment.go      section 9.3        segments, and how a picture is divided
//	quant.go        sections 9.6, 14.1 quantizer indices and steps
//	pred.go         section 11         writing of prediction modes
//	predfunc.go     section 12         predictors
//	token.go        section 13         tokens and their probabilities
//	idct.go         section 14         transforms
//	filter.go       sections 9.4, 15   loop filter, and the choice of its levels
//	tables.go       sections 11, 13    probability tables
//
// What only an encoder does:
//
//	encode.go       the way from a picture to a frame
//	import.go       full range to limited range, colors to Y'CbCr
//	mode.go         the choice of modes and levels
//	masking.go      how much of an error can be seen
//	cost.go         what bits cost
//	trellis.go      levels chosen with their cost in view
//	reconstruct.go  the samples and contexts around a macroblock
//	kernel.go       reference kernels for strips and blocks
//
// A picture is encoded in one pass. The macroblocks are divided into segments by their variance.
// Then the modes and levels of one macroblock after another are chosen, with token costs that
// follow from the macroblocks before it. After that, the loop filter's levels are tried on some of
// the rows, and the bits are written.
//
// High effort does more. It sharpens chroma to make up for the decoder's upsampling. It first
// learns the token costs from a quarter of the rows. It weighs the errors of each 4x4 block by how
// well the texture there hides them. The trellis quantizes more candidates before they are
// compared.
//
// The functions in kernels_amd64.go choose between reference kernels, whose names end in Generic,
// and AVX2 kernels, which _asm generates. Both give the same bytes. The build tag purego leaves the
// AVX2 kernels out.
package vp8
