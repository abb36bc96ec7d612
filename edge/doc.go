// Package edge answers one CloudFront origin-request: it makes the picture
// that the URL asks for, stores it in the bucket beside its source and points
// the request at it.
//
// The flow stands in [Handler.Handle] and [Handler.Make], top to bottom:
//
//	event.go    the event's JSON in, the request's JSON out with only uri replaced
//	query.go    size and to_webp, as the URL contract reads them
//	path.go     a key's one spelling in a URL
//	plan.go     event -> Target: which source, which size, which result, or why none
//	edge.go     HEAD result and source; fresh: rewrite; else GET, resize, PUT, rewrite
//	fresh.go    what is a result, of which source, and does it still hold
//	marker.go   what could not be made, remembered
//	cost.go     what cannot finish is not begun
//	answer.go   the answer when nothing is stored: an older result, the bytes, a redirect, the request
//	all.go      all results of a source
//	record.go   the one JSON log line a request leaves
//
// It fails open: the visitor gets the original and never an error that is ours.
// What lasts (no picture, damaged, over a limit) returns the request as it came.
// What may pass (S3, time, a panic) is answered so that no cache keeps the
// original for longer than seconds.
package edge
