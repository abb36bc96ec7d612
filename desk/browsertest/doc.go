// Package browsertest tests the playground in a real browser. It is a module of its own, so that
// the main module does not depend on the browser's driver.
//
//	go test ./...      in this folder; the tests are skipped when no Chromium is installed
//
// Screenshots are written to desk/shots, which is not part of the repository.
//
//	browser_test.go   what the tests share: the server, the browser's tab, files
//	results_test.go   the results of demo pictures, and the progress
//	controls_test.go  sliders, preview, copying
//	keyboard_test.go  without a mouse, and without scripts
//	look_test.go      dark, narrow, contrast
//	hostile_test.go   hostile uploads
//	page_test.go      long lists, failed uploads, what passes through
//	readme_test.go    makes the README's pictures
package browsertest
