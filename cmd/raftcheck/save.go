package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/traces"
)

// savedUnder is where failing executions are kept unless --save says otherwise: a place that goes into version control, so
// that what failed once is tried first the next time.
const savedUnder = "testdata/raftcheck"

func addSave(flags *pflag.FlagSet, dir *string) {
	flags.StringVar(dir, "save", savedUnder, "the `directory` to save a failing execution in; none saves nothing")
}

// saveTrace writes a trace under a name that tells what it breaks and what is in it, and returns its path; "" if it was not saved.
func (a *app) saveTrace(dir, rule string, t *traces.Trace) (string, error) {
	if dir == "" || dir == "none" {
		return "", nil
	}
	var data bytes.Buffer
	if err := traces.Write(&data, t); err != nil {
		return "", &failure{exit: exitFault, err: fmt.Errorf("raftcheck has a bug: the execution it found is not a valid trace: %w", err)}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", usageError("--save names another directory, --save none saves nothing", "the execution cannot be saved: %w", err)
	}
	sum := sha256.Sum256(data.Bytes())
	path := filepath.Join(dir, fmt.Sprintf("%s-%x.trace", rule, sum[:3]))
	if err := os.WriteFile(path, data.Bytes(), 0o666); err != nil {
		return "", usageError("--save names another directory, --save none saves nothing", "the execution cannot be saved: %w", err)
	}
	return filepath.ToSlash(path), nil
}
