package etcd

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// cuts is how many parts are taken of each trace. RAFTCHECK_CUTS asks for more.
func cuts() int {
	if n, err := strconv.Atoi(os.Getenv("RAFTCHECK_CUTS")); err == nil {
		return n
	}
	return 12
}

// mostLines is how many lines a part has at most, so that many parts of long traces can be tried.
const mostLines = 3000

// part is what is left of a trace without its beginning and without some servers.
type part struct {
	lines [][]byte
	what  string
}

func someOf(r *rand.Rand, whole [][]byte) part {
	from := r.IntN(len(whole))
	p := part{whole[from:min(len(whole), from+mostLines)], fmt.Sprintf("from line %d", from+1)}
	for range max(0, r.IntN(5)-2) {
		gone := 1 + r.IntN(6)
		p.what += fmt.Sprintf(" without n%d", gone)
		of := fmt.Appendf(nil, `"nid":"%d","state"`, gone)
		p.lines = slices.DeleteFunc(slices.Clone(p.lines), func(line []byte) bool { return bytes.Contains(line, of) })
	}
	return p
}

// TestTracesMayBeginAnywhere cuts any number of lines off the beginning of legal traces, and leaves out any servers. What is left is
// legal too. The long run over other traces:
//
//	RAFTCHECK_LEGAL='traces/*.ndjson.gz' RAFTCHECK_CUTS=1000 go test -run TracesMayBeginAnywhere .
//
// RAFTCHECK_KEEP names a folder for the parts in which something is found.
func TestTracesMayBeginAnywhere(t *testing.T) {
	for number, file := range legal(t) {
		r := rand.New(rand.NewPCG(uint64(number), 7))
		whole := linesOf(t, file)
		for n := range cuts() {
			p := someOf(r, whole)
			if len(p.lines) < 20 { // no step may be complete
				continue
			}
			result, err := verifyLines(t, p.lines)
			require.NoError(t, err, "%s %s", file, p.what)
			if len(result.Findings) == 0 {
				continue
			}
			if dir := os.Getenv("RAFTCHECK_KEEP"); dir != "" {
				name := fmt.Sprintf("%s-%d.ndjson", filepath.Base(file), n)
				require.NoError(t, os.WriteFile(filepath.Join(dir, name), append(bytes.Join(p.lines, []byte("\n")), '\n'), 0o644))
			}
			t.Errorf("%s %s: %s", file, p.what, report(result))
		}
	}
}

// TestPartsPutRulesToTheTest: what is known of the middle of a run suffices for most rules.
func TestPartsPutRulesToTheTest(t *testing.T) {
	lines := linesOf(t, filepath.Join("testdata", "base3-10000.ndjson.gz"))[5000:]
	r, err := verifyLines(t, lines)
	require.NoError(t, err)
	require.Empty(t, report(r))
	held := map[string]bool{}
	for _, rule := range r.Rules {
		held[rule.Rule.ID] = rule.Verdict == spec.Held
	}
	for _, id := range []string{"R5.1-01", "R5.2-02", "R5.2-03", "R5.3-16", "R5.3-17", "R5.3-20", "X-TR-01"} {
		require.True(t, held[id], id)
	}
	for k, line := range lines {
		if bytes.Contains(line, []byte(`"name":"Ready"`)) && k > 500 {
			lines[k] = regexp.MustCompile(`"term":\d+`).ReplaceAll(line, []byte(`"term":1`))
			break
		}
	}
	r, err = verifyLines(t, lines)
	require.NoError(t, err)
	require.Equal(t, "R5.1-01", r.Findings[0].Rule.ID)
}

// TestFaultsAreFoundInParts cuts off the beginning of traces with a fault. What is left shows the fault, at its line or where a later line
// shows it, as long as a part of what came before is there.
func TestFaultsAreFoundInParts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "faulty", "*.ndjson.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	if more := os.Getenv("RAFTCHECK_FAULTY"); more != "" {
		others, err := filepath.Glob(more)
		require.NoError(t, err)
		files = append(files, others...)
	}
	for _, file := range files {
		whole := linesOf(t, file)
		r, err := verifyLines(t, whole)
		require.NoError(t, err)
		if len(r.Findings) == 0 {
			continue
		}
		guilty := r.Findings[0].Evidence[0].Line
		same := 0
		for k := range 20 {
			from := guilty * k / 20
			r, err := verifyLines(t, whole[from:])
			require.NoError(t, err)
			require.NotEmpty(t, r.Findings, "%s from line %d: the fault is at line %d", file, from+1, guilty)
			at := from + r.Findings[0].Evidence[0].Line
			require.GreaterOrEqual(t, at, guilty, "%s from line %d: %s", file, from+1, report(r))
			if at == guilty {
				same++
			}
		}
		t.Logf("%s: %d of 20 parts name line %d", filepath.Base(file), same, guilty)
	}
}

// TestIDsAreAny64BitNumbers: the greatest there are, in whole traces and in parts, legal or not.
func TestIDsAreAny64BitNumbers(t *testing.T) {
	id := regexp.MustCompile(`"([0-9]+)"`)
	great := func(lines [][]byte) (all [][]byte) {
		for _, line := range lines {
			all = append(all, id.ReplaceAllFunc(line, func(text []byte) []byte {
				n, err := strconv.ParseUint(string(text[1:len(text)-1]), 10, 64)
				require.NoError(t, err)
				if n > 0 {
					n += math.MaxUint64 - 99 // in the same order
				}
				return strconv.AppendQuote(nil, strconv.FormatUint(n, 10))
			}))
		}
		return all
	}
	for _, name := range []string{"base5-500", "joint3-600", "snapcrash3-600", "allasync5-800", filepath.Join("faulty", "forge-grant"), filepath.Join("faulty", "forget-vote")} {
		lines := linesOf(t, filepath.Join("testdata", name+".ndjson.gz"))
		for _, from := range []int{0, len(lines) / 4} {
			small, err := verifyLines(t, lines[from:])
			require.NoError(t, err)
			large, err := verifyLines(t, great(lines[from:]))
			require.NoError(t, err)
			require.Equal(t, small.Verdict, large.Verdict, name)
			require.Len(t, large.Findings, len(small.Findings))
			for k := range small.Findings {
				require.Equal(t, small.Findings[k].Rule.ID, large.Findings[k].Rule.ID)
				require.Equal(t, small.Findings[k].Evidence[0].Line, large.Findings[k].Evidence[0].Line)
			}
		}
	}
}
