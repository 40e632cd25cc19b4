//go:build !linux

package whole

import "os"

// aside makes a file in a folder.
func aside(dir string) (*os.File, string, error) { return asideNamed(dir) }

// name is for files without one, of which there are none here.
func name(file *os.File, _ string) (string, error) { return file.Name(), nil }
