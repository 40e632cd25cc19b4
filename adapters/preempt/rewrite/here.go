package rewrite

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Here makes the overlay of the package in the folder dir with the gates that its file gates lists, and returns the path of the file to name after -overlay. All
// that is written goes to the user's folder for caches, to the same place for the same folder.
func Here(dir string) (string, error) {
	path := filepath.Join(dir, "gates")
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	l, err := Read(path, f)
	if err != nil {
		return "", err
	}
	for _, f := range l {
		if len(f.Timers) > 0 {
			return "", fmt.Errorf("%s:%d: timer=%s: timers are told to fire by adapters of your own only", path, f.line, f.Timers[0])
		}
	}
	cmd := exec.Command("go", "list", "-f", "{{.ImportPath}}\n{{.Dir}}", ".")
	cmd.Dir = dir
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("go list: %w\n%s", err, failed.Stderr)
	}
	pkg, at, is := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if err != nil || !is {
		return "", fmt.Errorf("go list says nothing of %s: %w", dir, err)
	}
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	name := sha256.Sum256([]byte(at))
	to := filepath.Join(caches, "raftcheck", "gates", hex.EncodeToString(name[:8]))
	if err := os.MkdirAll(to, 0o700); err != nil {
		return "", err
	}
	list, _, err := Overlay(at, pkg, l, to)
	return list, err
}
