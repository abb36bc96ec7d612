// Package browsertest tests the playground in a real browser. It is a module of its own, so that
// the main module does not depend on the browser's driver.
//
//	go test ./...      in this folder; the tests are skipped when no Chromium is installed
//
// Screenshots are written to desk/shots, which is not part of the repository.
package browsertest
