// Package recorded opens recorded executions whatever program wrote them: [Open] tells the format by the first line, and
// [Verify] judges a file by the rulebook.
//
// Formats: the native one of package traces, etcd's with_tla of package traces/etcd, and CCF's raft_trace of package traces/ccf.
package recorded

import (
	"context"
	"io"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/ccf"
	"github.com/raftcheck/raftcheck/traces/etcd"
)

// The names of the formats, as reports give them.
const (
	Native = "native"
	Etcd   = "etcd with_tla"
	CCF    = "CCF raft_trace"
)

// Open opens a recorded execution and tells its format. "-" is standard input, as given. gzip and zstd are read as they are.
// Errors are *traces.InputError: the file is missing, empty, damaged, or of no known format.
func Open(name string, stdin io.Reader, options traces.Options) (traces.Source, string, error) {
	lines, err := traces.OpenLines(name, stdin)
	if err != nil {
		return nil, "", err
	}
	first, err := lines.Next()
	if err != nil {
		lines.Close()
		return nil, "", err
	}
	if ccf.Detect(first) {
		source, err := ccf.NewReaderAfter(lines, first, options)
		return source, CCF, err
	}
	if etcd.Detect(first) {
		source, err := etcd.NewReaderAfter(lines, first, options)
		return source, Etcd, err
	}
	source, err := traces.NewReaderAfter(lines, first, options)
	if err != nil {
		lines.Close()
		return nil, "", err
	}
	return source, Native, nil
}

// Verify judges one file; see traces.Verify. It returns the result and the format's name.
func Verify(ctx context.Context, name string, stdin io.Reader, reading traces.Options, judging traces.VerifyOptions) (*traces.Result, string, error) {
	source, format, err := Open(name, stdin, reading)
	if err != nil {
		return nil, "", err
	}
	if judging.Reopen == nil && name != "-" {
		judging.Reopen = func() (*traces.Lines, error) { return traces.OpenLines(name, nil) }
	}
	result, err := traces.Verify(ctx, source, judging)
	return result, format, err
}
