package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/gate"
)

// onlySince leaves out the checks none of whose inputs changed since the branch left a commit: neither in commits, nor in the working tree.
func (g *gateRun) onlySince(ctx context.Context, ref string) error {
	changed, err := g.changedSince(ctx, ref)
	if err != nil {
		return err
	}
	declared := []string{filepath.Base(g.name), g.file.KnownFile}
	if path := g.flags.known.path; path != "" {
		full, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		declared = append(declared, full)
	}
	if g.touchesNamed(changed, declared...) {
		return nil // what is declared, or accepted, is another
	}
	for _, c := range g.checks {
		patterns, all := inputsOf(&c)
		if all && !g.touches(changed, patterns...) && !g.touchesNamed(changed, g.namedBy(&c)...) {
			g.skip[c.Name] = "no input of it changed since " + ref
		}
	}
	return nil
}

// changedSince lists the files that differ from the commit at which the branch left ref, as absolute paths.
func (g *gateRun) changedSince(ctx context.Context, ref string) ([]string, error) {
	if strings.HasPrefix(ref, "-") {
		return nil, usageError("as in --since origin/main", "--since %q is no name of a commit", ref)
	}
	root, err := g.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, usageError("run it in a repository, or without --since", "--since %s: %w", ref, err)
	}
	if _, err := g.git(ctx, "rev-parse", "--verify", "--quiet", ref+"^{commit}"); err != nil {
		return nil, usageError("fetch it first; in CI with the whole history, as in fetch-depth: 0", "--since %s: git knows no such commit", ref)
	}
	base, err := g.git(ctx, "merge-base", ref, "HEAD")
	if err != nil {
		return nil, usageError("fetch more of the history, as in fetch-depth: 0", "--since %s: git finds no commit that it and HEAD have in common", ref)
	}
	committed, err := g.git(ctx, "diff", "--name-only", "--no-renames", "--no-relative", "--ignore-submodules=none", "-z", strings.TrimSpace(base), "--")
	if err != nil {
		return nil, &failure{exit: exitFault, err: err}
	}
	untracked, err := g.git(ctx, "ls-files", "--others", "--exclude-standard", "--full-name", "-z", strings.TrimSpace(root))
	if err != nil {
		return nil, &failure{exit: exitFault, err: err}
	}
	var all []string
	for _, name := range strings.Split(committed+untracked, "\x00") {
		if name != "" {
			all = append(all, filepath.Join(strings.TrimRight(root, "\n"), name))
		}
	}
	return all, nil
}

// git runs git in the folder of the file.
func (g *gateRun) git(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = g.dir
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil && said.Len() > 0 {
		err = fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(said.String()))
	}
	return string(out), err
}

// touches reports whether a changed file matches one of the patterns, which start from the folder of the gate's file.
func (g *gateRun) touches(changed []string, patterns ...string) bool {
	for _, pattern := range patterns {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.ToSlash(filepath.Join(resolved(g.dir), pattern))
		}
		for _, file := range changed {
			if is, _ := gate.Match(pattern, filepath.ToSlash(file)); is {
				return true
			}
		}
	}
	return false
}

// touchesNamed reports whether a changed file is one of these, or in a folder that is, each by its name or by where that leads. An empty name
// is none.
func (g *gateRun) touchesNamed(changed []string, names ...string) bool {
	for _, name := range names {
		if name == "" {
			continue
		}
		if !filepath.IsAbs(name) {
			name = filepath.Join(resolved(g.dir), name)
		}
		for _, is := range []string{resolved(filepath.Dir(name), filepath.Base(name)), resolved(name)} {
			if slices.ContainsFunc(changed, func(file string) bool { return file == is || strings.HasPrefix(file, is+string(filepath.Separator)) }) {
				return true
			}
		}
	}
	return false
}

// resolved is a path without symbolic links, as git names files, with the rest behind it; the path itself if there is none. A link to what is gone
// leads to where that was.
func resolved(path string, rest ...string) string {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	} else if to, err := os.Readlink(path); err == nil {
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = resolved(filepath.Dir(to), filepath.Base(to))
	}
	return filepath.Join(append([]string{path}, rest...)...)
}

// inputsOf returns patterns for the files on which a check depends, and whether these and those that its settings name are all of them: of a
// program it is not known what it reads unless inputs say so.
func inputsOf(c *gate.Check) (patterns []string, all bool) {
	return slices.Concat(c.Files, c.Inputs), c.Setting("exec") == nil || len(c.Inputs) > 0
}

// namedBy lists what may be a file or folder that a check depends on: what it reads, wherever that is a link to, what its settings say, and the
// words of a program's command line. That there is none of that name now says nothing: it may have been taken away.
func (g *gateRun) namedBy(c *gate.Check) (names []string) {
	for _, pattern := range slices.Concat(c.Files, c.Inputs) {
		found, _ := gate.Find(g.dir, pattern) // a malformed pattern was told before
		names = append(names, found...)
	}
	for _, s := range c.Settings {
		names = append(names, s.Values...)
		if s.Name != "exec" {
			continue
		}
		for _, command := range s.Values {
			words, _ := process.Words(command) // one that is malformed is told by the check
			names = append(names, words...)
		}
	}
	return names
}
