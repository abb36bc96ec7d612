// Package chromium holds the project's results against what a browser shows. It is a module of its
// own, so that the browser's driver stays out of the main module.
//
//	go test ./...      in this folder; is skipped with a message without Chromium or the corpus
//	MINIATURA_ONLY=png go test -v ./...      the files whose name begins so
//
// For every picture of the corpus and of the folders beside it, in its own format and as WebP, at
// SS and SXS, Chromium's own decoder (WebCodecs' ImageDecoder, and an img element for stills) reads
// the result and the source. The result has to be shown, its dimensions, frames, delays and loops
// be exact, and every frame be as near to Chromium's picture of the source, scaled the slow way, as
// one level and 1.25 times what Pillow's encoder loses of that at the same quality. The exceptions,
// where Chromium's picture is not the right one, are named with what takes its place.
//
//	judge_test.go    what is asked of each result, the tally and the named exceptions
//	server_test.go   the page's other side: files go out, pixels come in
//	picture_test.go  scaling and difference (scaled_test.go)
//	pillow_test.go   what Pillow's encoders lose (pillow.py)
//	show.html        the page: ImageDecoder to pixels
package chromium
