// Package browsertest holds the playground's tests in a real browser. It is a module of its own, so
// that the browser's driver stays out of the main module.
//
//	go test ./...      in this folder; skips with a word when no Chromium is installed
//
// Screenshots go to desk/shots, which is not part of the repository.
package browsertest
