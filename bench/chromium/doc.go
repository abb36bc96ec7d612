// Package chromium compares the project's results with what a browser shows. It is a module of its
// own, so that the main module does not depend on the browser's driver.
//
//	go test ./...      in this folder; skipped with a message without Chromium or the corpus
//	MINIATURA_ONLY=png go test -v ./...      only the files whose names begin with "png"
//
// Every picture of the corpus and of the folders beside it is resized to the sizes SS and SXS, in
// its own format and as WebP. Chromium must read the result: WebCodecs' ImageDecoder reads all of
// it, and an img element the pixels of stills. The result's dimensions, frames, delays and loops
// must be exact. Every frame must be close to Chromium's picture of the source, scaled by slow and
// exact code: within one level of 255, plus 1.25 times what Pillow's encoder loses at the same
// quality. Where Chromium's picture of a source is not the right one, a list of exceptions names
// what is used instead.
//
//	judge_test.go    what each result must fulfil, the tally, and the exceptions
//	server_test.go   the server that sends files to the page and receives pixels
//	picture_test.go  scaling and difference (scaled_test.go tests them)
//	pillow_test.go   what Pillow's encoders lose (pillow.py)
//	show.html        the page: ImageDecoder to pixels
package chromium
