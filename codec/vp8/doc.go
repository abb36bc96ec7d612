// Package vp8 encodes key frames of the VP8 format, RFC 6386: the pictures in
// lossy WebP files.
//
// The files are named after the chapters they implement, and as those of the
// decoder in golang.org/x/image/vp8, so that reader and writer read side by
// side:
//
//	partition.go    section 7       the bool encoder
//	frame.go        sections 9, 19  frame header and partitions
//	segment.go      section 9.3     segments
//	quant.go        sections 9.6, 14.1
//	pred.go         section 11      writing of prediction modes
//	predfunc.go     section 12      predictors
//	token.go        section 13      tokens and their probabilities
//	idct.go         section 14      transforms
//	filter.go       section 15      loop filter
//	import.go, mode.go, cost.go, reconstruct.go: what only an encoder does
package vp8
