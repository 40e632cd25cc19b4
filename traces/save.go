package traces

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/raftcheck/raftcheck/whole"
)

// SavedUnder is where failing executions are kept: a place that goes into version control, so that what failed once is tried
// first the next time.
const SavedUnder = "testdata/raftcheck"

// Save writes a trace into a directory, which it makes if need be, under the name of what it breaks and a hash of what is in
// it. It returns the path, with slashes. The file is there whole or not at all.
func Save(dir, breaks string, t *Trace) (string, error) {
	var data bytes.Buffer
	if err := Write(&data, t); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	sum := sha256.Sum256(data.Bytes())
	path := filepath.Join(dir, fmt.Sprintf("%s-%x.trace", breaks, sum[:3]))
	return filepath.ToSlash(path), whole.WriteFile(path, data.Bytes())
}
