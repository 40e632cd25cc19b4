package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/subject"
)

// place tells a report where its paths are, for formats that others read who know only the repository.
func (a *app) place(r *report.Report) {
	r.Root = a.belowRoot()
	for k := range r.Checks {
		if c := r.Checks[k].Report; c != nil {
			c.Root = r.Root
		}
	}
}

// belowRoot is the working directory as it is seen from the root of the repository: what a CI system calls its workspace, or the nearest
// folder above that is a repository of git. It is "" at the root, and where there is none.
func (a *app) belowRoot() string {
	here, err := os.Getwd()
	if err != nil {
		return ""
	}
	for _, name := range []string{"GITHUB_WORKSPACE", "CI_PROJECT_DIR"} {
		if root, set := a.env(name); set && root != "" {
			if below, inside := within(root, here); inside {
				return below
			}
		}
	}
	for dir := here; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			below, _ := within(dir, here)
			return below
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}

// within returns the path of a folder below another, with slashes; "" for that folder itself.
func within(root, dir string) (string, bool) {
	root, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", false
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", false
	}
	below, err := filepath.Rel(root, dir)
	if err != nil || below == ".." || strings.HasPrefix(below, ".."+string(filepath.Separator)) {
		return "", false
	}
	if below == "." {
		below = ""
	}
	return filepath.ToSlash(below), true
}

// sourceOf is the file of the program that --exec runs, if one of the words of the command is one: the last, since interpreters stand before
// what they run.
func sourceOf(s *subject.Subject) report.Place {
	words := s.Words()
	for k := len(words) - 1; k >= 0; k-- {
		if info, err := os.Stat(words[k]); err == nil && info.Mode().IsRegular() && !filepath.IsAbs(words[k]) {
			return report.Place{File: words[k]}
		}
	}
	return report.Place{}
}
