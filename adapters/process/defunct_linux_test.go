package process_test

import (
	"bytes"
	"fmt"
	"os"
)

// defunct reports whether a process has ended and nobody has asked how yet.
func defunct(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || bytes.Contains(stat, []byte(") Z "))
}
