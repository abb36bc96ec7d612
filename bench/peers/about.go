package main

// This file describes what the rows were measured on.

import (
	"encoding/json"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// An About is the first object in the file of -json. It says where and with what the Rows after it
// were measured.
type About struct {
	Work     string   `json:"work"` // "about", which no Row has
	Machine  string   `json:"machine"`
	Versions []string `json:"versions"`
	Commit   string   `json:"commit,omitempty"`
	Date     string   `json:"date"`
	Photos   bool     `json:"photos"` // true for real photos, false for pictures made by code
}

// aboutSection writes an About to the file of -json, if there is one.
func aboutSection(s *suite) error {
	if s.out == nil {
		return nil
	}
	a := About{
		Work:     "about",
		Machine:  machine(),
		Versions: []string{runtime.Version()},
		Date:     time.Now().UTC().Format(time.DateOnly),
		Photos:   s.photos != "",
	}
	for _, cmd := range [][]string{s.node, s.python} {
		if cmd == nil {
			continue
		}
		if v, err := version(cmd); err == nil {
			a.Versions = append(a.Versions, v)
		}
	}
	if out, err := exec.Command("cwebp", "-version").Output(); err == nil {
		first, _, _ := strings.Cut(string(out), "\n")
		a.Versions = append(a.Versions, "cwebp "+strings.TrimSpace(first))
	}
	git := exec.Command("git", "rev-parse", "--short", "HEAD")
	git.Dir = s.here
	if out, err := git.Output(); err == nil {
		a.Commit = strings.TrimSpace(string(out))
	}
	return json.NewEncoder(s.out).Encode(a)
}
