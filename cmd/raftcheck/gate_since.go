package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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
	if g.touches(changed, filepath.Base(g.name)) || g.alone && g.touchesFile(changed, g.target) {
		return nil // what is declared, or accepted, is another
	}
	for _, c := range g.checks {
		patterns, all := inputsOf(&c)
		if all && !g.touches(changed, patterns...) {
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
	committed, err := g.git(ctx, "diff", "--name-only", "--no-renames", "-z", strings.TrimSpace(base), "--")
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
	dir, err := filepath.EvalSymlinks(g.dir)
	if err != nil {
		dir = g.dir
	}
	for _, pattern := range patterns {
		if !filepath.IsAbs(pattern) {
			pattern = filepath.ToSlash(filepath.Join(dir, pattern))
		}
		for _, file := range changed {
			if is, _ := gate.Match(pattern, filepath.ToSlash(file)); is {
				return true
			}
		}
	}
	return false
}

func (g *gateRun) touchesFile(changed []string, path string) bool {
	full, err := filepath.Abs(path)
	return err == nil && g.touches(changed, full)
}

// inputsOf returns patterns for the files on which a check depends, and whether these are all of them: of a program it is not known what it
// reads unless inputs say so.
func inputsOf(c *gate.Check) (patterns []string, all bool) {
	patterns = append(append(patterns, c.Files...), c.Inputs...)
	command := c.Setting("exec")
	if len(command) == 0 {
		return patterns, true
	}
	words, err := process.Words(command[0])
	if err != nil {
		return patterns, false
	}
	for _, word := range words {
		if info, err := os.Stat(word); err == nil && info.Mode().IsRegular() && !filepath.IsAbs(word) {
			patterns = append(patterns, filepath.ToSlash(word))
		}
	}
	return patterns, len(c.Inputs) > 0
}
