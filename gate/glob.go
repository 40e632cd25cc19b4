package gate

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Find returns the files below a folder that a pattern matches, as they are seen from there, with slashes, in order. A pattern is as in path.Match,
// and "**" stands for any number of folders. A path outside the folder, or an absolute one, is matched as it is.
func Find(dir, pattern string) ([]string, error) {
	if _, err := Match(pattern, "x"); err != nil {
		return nil, err
	}
	full := pattern
	if !filepath.IsAbs(pattern) {
		full = path.Join(filepath.ToSlash(dir), pattern)
	}
	if !strings.Contains(pattern, "**") {
		found, err := filepath.Glob(filepath.FromSlash(full))
		found = slices.DeleteFunc(found, func(f string) bool {
			return !strings.Contains(pattern, ".git") && slices.Contains(strings.Split(filepath.ToSlash(f), "/"), ".git")
		})
		return below(dir, filesOnly(found), pattern), err
	}
	// Walk from the last folder in front of the first wildcard.
	start, _, _ := strings.Cut(full, "**")
	for strings.ContainsAny(start, `*?[\`) || !strings.HasSuffix(start, "/") && start != "" {
		start = start[:strings.LastIndexByte(strings.TrimSuffix(start, "/"), '/')+1]
	}
	var found []string
	err := filepath.WalkDir(filepath.FromSlash(max(start, ".")), func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if entry != nil && entry.IsDir() && entry.Name() == ".git" {
				return fs.SkipDir
			}
			return nil // what cannot be read matches nothing
		}
		if is, _ := Match(path.Clean(full), filepath.ToSlash(at)); is {
			found = append(found, at)
		}
		return nil
	})
	return below(dir, filesOnly(found), pattern), err
}

// filesOnly leaves out folders.
func filesOnly(paths []string) []string {
	return slices.DeleteFunc(paths, func(p string) bool {
		info, err := os.Stat(p)
		return err == nil && info.IsDir()
	})
}

// below takes the folder off what was found, unless the pattern was absolute.
func below(dir string, found []string, pattern string) []string {
	for k, f := range found {
		if rel, err := filepath.Rel(dir, f); err == nil && !filepath.IsAbs(pattern) {
			f = rel
		}
		found[k] = filepath.ToSlash(f)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Match reports whether a pattern matches a path, both with slashes. The error is path.ErrBadPattern.
func Match(pattern, name string) (bool, error) {
	for part := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(part, ""); err != nil {
			return false, err
		}
	}
	return match(strings.Split(path.Clean(pattern), "/"), strings.Split(path.Clean(name), "/")), nil
}

func match(pattern, name []string) bool {
	if len(pattern) == 0 {
		return len(name) == 0
	}
	if pattern[0] == "**" {
		return match(pattern[1:], name) || len(name) > 0 && match(pattern, name[1:])
	}
	if len(name) == 0 {
		return false
	}
	is, _ := path.Match(pattern[0], name[0]) // Match has looked whether it is well-formed
	return is && match(pattern[1:], name[1:])
}
