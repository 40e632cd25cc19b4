package overlay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
)

// Path is the module whose releases are driven.
const Path = "github.com/nats-io/nats-server/v2"

// Tag is the build tag of what needs the overlay, and GatesTag of what needs gates besides.
const (
	Tag      = "overlaid"
	GatesTag = "gates"
)

// Flags returns what to give `go test` in the folder of a module, so that it builds with a release of nats-server as this package changes it. version
// is "" for the one that the module requires. The release comes from the module cache or, if it is not there, from where Go gets modules. All that is written
// goes to the user's folder for caches, to the same place for the same release, so that it is compiled once. gates lists where goroutines can be held; nil is nowhere.
func Flags(module, version string, gates rewrite.List) ([]string, error) {
	if version == "" {
		var err error
		if version, err = required(module); err != nil {
			return nil, err
		}
	}
	link, list, err := Release(module, version, gates)
	if err != nil {
		return nil, err
	}
	file, err := modFile(module, filepath.Dir(list), version, link)
	if err != nil {
		return nil, err
	}
	tags := Tag
	if gates != nil {
		tags += "," + GatesTag
	}
	return []string{"-mod=mod", "-modfile=" + file, "-overlay=" + list, "-tags=" + tags}, nil
}

// Release makes the overlay of a release, as Flags does, for a module with a go.mod of its own. It returns the folder that go.mod must take the release from, and the file to
// name after -overlay.
func Release(module, version string, gates rewrite.List) (folder, list string, err error) {
	source, err := download(module, version)
	if err != nil {
		return "", "", err
	}
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", "", err
	}
	to := filepath.Join(caches, "raftcheck", "nats", version)
	if gates != nil {
		to += "-gates"
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return "", "", err
	}
	folder = filepath.Join(to, "source") // Go wants nothing replaced in its own cache
	if at, err := os.Readlink(folder); err != nil || at != source {
		_ = os.Remove(folder)
		if err := os.Symlink(source, folder); err != nil {
			return "", "", err
		}
	}
	list, err = Write(folder, to, gates)
	return folder, list, err
}

// required returns the version that a module requires.
func required(module string) (string, error) {
	out, err := run(module, "list", "-m", "-f", "{{.Version}}", Path)
	return string(bytes.TrimSpace(out)), err
}

// download returns the folder of a release.
func download(module, version string) (string, error) {
	out, err := run(module, "mod", "download", "-json", Path+"@"+version)
	if err != nil {
		return "", err
	}
	var got struct{ Dir string }
	return got.Dir, json.Unmarshal(out, &got)
}

// modFile writes a go.mod like the module's that requires this version and takes it from a folder, and returns its path. One that is there already is kept, with what
// Go has added to it, as long as it was made of the same.
func modFile(module, to, version, folder string) (string, error) {
	path, made := filepath.Join(to, "go.mod"), filepath.Join(to, "go.mod.from")
	text, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return "", err
	}
	if was, err := os.ReadFile(made); err == nil && bytes.Equal(was, text) {
		return path, nil
	}
	sums, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.WriteFile(path, text, 0o600), os.WriteFile(filepath.Join(to, "go.sum"), sums, 0o600)); err != nil {
		return "", err
	}
	if _, err := run(module, "mod", "edit", "-require="+Path+"@"+version, "-replace="+Path+"="+folder, path); err != nil {
		return "", err
	}
	return path, os.WriteFile(made, text, 0o600)
}

// run runs the go command in a folder and returns what it prints.
func run(folder string, arguments ...string) ([]byte, error) {
	cmd := exec.Command("go", arguments...)
	cmd.Dir = folder
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("go %s: %w\n%s%s", arguments[0], err, out, failed.Stderr)
	}
	return out, err
}
