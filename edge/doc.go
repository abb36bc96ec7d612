// Package edge answers one CloudFront origin-request: it makes the picture that the URL asks for,
// stores the picture in the source's bucket, and points the request at the stored picture.
//
//	h := edge.New(edge.Config{Memory: memory, CPU: edge.Share(memory)})
//	answer, err := h.Handle(ctx, event) // the request or a response, as JSON
//
// [Handler.Handle] and [Handler.Make] are the flow, top to bottom:
//
//	event.go    reads the event's JSON, and writes the request's JSON with only its uri replaced
//	query.go    reads size and to_webp from the query string
//	path.go     reads and writes a key in a URL's path
//	plan.go     turns an event into a Target (source, size, result), or says why it wants none
//	edge.go     HEADs of source and result; then, unless the result is fresh, GET, resize, PUT
//	fresh.go    whether a stored object is a result, of which source, and whether it is up to date
//	marker.go   remembers what could not be made
//	cost.go     refuses what cannot finish in time
//	answer.go   the answer: a stored result, the bytes, a redirect, or the request unchanged
//	all.go      makes all results of a source
//	record.go   the JSON log line of a request
//
// The package fails open: the visitor gets the original, and never an error of ours. For a fault
// that lasts (the source is no picture, is damaged or is over a limit) the request is returned
// unchanged. A fault that may pass (of S3, out of time, a panic) is answered so that no cache keeps
// the original for longer than seconds.
package edge
