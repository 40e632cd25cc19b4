package traces

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces/internal/member"
)

func gzipped(t *testing.T, text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return out.Bytes()
}

func zstandard(t *testing.T, text string) []byte {
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return z.EncodeAll([]byte(text), nil)
}

func linesOf(l *Lines) (all []string, err error) {
	for {
		line, err := l.Next()
		if err != nil {
			return all, err
		}
		all = append(all, string(line))
	}
}

func TestLinesAreReadAsTheyLie(t *testing.T) {
	long := strings.Repeat("x", 1<<19)
	text := "\ufeffone\n\ntwo\r\n \t\r\n" + long + "\nlast"
	for name, data := range map[string][]byte{"plain": []byte(text), "gzip": gzipped(t, text), "zstd": zstandard(t, text)} {
		t.Run(name, func(t *testing.T) {
			l, err := NewLines("f", bytes.NewReader(data))
			require.NoError(t, err)
			got, err := linesOf(l)
			require.ErrorIs(t, err, io.EOF)
			require.Equal(t, []string{"one", "two", long, "last"}, got)
			require.Equal(t, 6, l.Number())
			require.True(t, l.Unterminated())
			l.Close()
		})
	}
}

// endless is one line without an end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for k := range p {
		p[k] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

func TestUnreadableInputs(t *testing.T) {
	whole := gzipped(t, strings.Repeat("a line of text\n", 1000))
	for _, c := range []struct {
		name string
		data io.Reader
		want string
	}{
		{"empty", strings.NewReader(""), "f:1: the file is empty"},
		{"only blank lines", strings.NewReader("\n\n"), "f:1: the file is empty"},
		{"binary", strings.NewReader("ab\x00cd\n"), "f:1:3: a zero byte: this is not a text file"},
		{"not UTF-8", strings.NewReader("ok\nab\xffcd\n"), "f:2:3: byte 0xff is not UTF-8"},
		{"empty gzip", bytes.NewReader(gzipped(t, "")), "f:1: the file is empty"},
		{"truncated gzip", bytes.NewReader(whole[:len(whole)-9]), "f:1001: the compressed data ends early: the file is truncated"},
		{"damaged gzip", bytes.NewReader([]byte{0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9}), "f:1: the gzip header is damaged"},
		{"truncated zstd", bytes.NewReader(zstandard(t, strings.Repeat("abcdefgh\n", 99))[:20]), "f:1: the compressed data ends early: the file is truncated"},
		{"a line without end", &endless{}, "f:1: a line longer than 16 MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := NewLines("f", c.data)
			if err == nil {
				_, err = linesOf(l)
			}
			var fault *InputError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.want, fault.Error())
			if e, ok := c.data.(*endless); ok {
				require.Less(t, e.read, 20<<20, "no more is read than needed")
			}
		})
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]string{filepath.Join(dir, "none"): "no such file or directory", dir: "is a directory, not a trace"} {
		_, err := OpenLines(name, nil)
		var fault *InputError
		require.ErrorAs(t, err, &fault)
		require.Equal(t, name+": "+want, err.Error())
	}
}

const header = `{"format":"raftcheck-trace","version":1,"servers":["n1","n2"]}`

func TestUnreadableTraces(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"no header", `{"n":1}` + "\n", `f:1:1: the first line must be a header with "format" and "version"`},
		{"other format", `{"format":"x","version":1}` + "\n", `f:1:2: format "x", not "raftcheck-trace"`},
		{"later version", `{"format":"raftcheck-trace","version":2}` + "\n", "f:1:29: format version 2; this program reads version 1"},
		{"only a header", header + "\n", "f:1: the trace has a header and no records"},
		{"no event", header + "\n" + `{"n":1,"server":"n1"}` + "\n", `f:2:1: a record without "event"`},
		{"unknown event", header + "\n" + `{"n":1,"server":"n1","event":"sleep"}` + "\n", `f:2:30: unknown event "sleep"`},
		{"no server", header + "\n" + `{"n":1,"event":"timeout"}` + "\n", `f:2:16: event "timeout" has no "server"`},
		{"no message", header + "\n" + `{"n":1,"server":"n1","event":"deliver"}` + "\n", `f:2:30: event "deliver" has no "message"`},
		{"bad server", header + "\n" + `{"n":1,"server":"one","event":"timeout"}` + "\n", `f:2:17: "one" is not a server: n1, n2, …`},
		{"cut off", header + "\n" + `{"n":1,"server":"n1","ev`, `f:2:25: the line is cut off: the line ends inside a string`},
		{"truncated", `{"format":"raftcheck-trace","version":1,"servers":["n1"],"records":2}` + "\n" + `{"n":1,"server":"n1","event":"timeout"}` + "\n",
			"f:2: the file ends after 1 of the 2 records its header promises: it is truncated"},
		{"numbers fall", header + "\n" + `{"n":2,"server":"n1","event":"timeout"}` + "\n" + `{"n":1,"server":"n1","event":"timeout"}` + "\n",
			"f:3: record number 1 does not come after 2"},
		{"a stranger", header + "\n" + `{"n":1,"server":"n9","event":"timeout"}` + "\n", "f:2: n9 is not one of the cluster's servers"},
		{"never sent", header + "\n" + `{"n":1,"server":"n1","event":"timeout"}` + "\n" +
			`{"n":2,"server":"n2","event":"deliver","message":{"kind":"RequestVote","from":"n1","to":"n2","term":1}}` + "\n",
			"f:3: delivers a message that is not in flight: RequestVote n1->n2 term=1 last=?@?"},
		{"another state", header + "\n" + `{"n":1,"server":"n1","event":"timeout","post":{"term":2}}` + "\n" + `{"n":2,"server":"n1","event":"timeout","pre":{"term":3}}` + "\n",
			"f:3: n1 begins with term 3, not 2 as it was last seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Read("f", strings.NewReader(c.text))
			var fault *InputError
			require.ErrorAs(t, err, &fault)
			require.Equal(t, c.want, fault.Error())
		})
	}
}

func TestLenientReadersSkipUnknownEvents(t *testing.T) {
	l, err := NewLines("f", strings.NewReader(header+"\n"+`{"n":1,"server":"n1","event":"sleep"}`+"\n"+`{"n":2,"server":"n1","event":"timeout"}`+"\n"))
	require.NoError(t, err)
	r, err := NewReader(l, Options{Lenient: true})
	require.NoError(t, err)
	record, err := r.Next()
	require.NoError(t, err)
	require.Equal(t, "timeout", record.Event)
	_, err = r.Next()
	require.ErrorIs(t, err, io.EOF)
}

func TestSavedTracesAreReadBack(t *testing.T) {
	path, err := Save(filepath.Join(t.TempDir(), "deep"), "election-safety", twoLeaders())
	require.NoError(t, err)
	trace, err := ReadFile(path)
	require.NoError(t, err)
	require.Len(t, trace.Records, len(twoLeaders().Records))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	_, err = Read("cut", bytes.NewReader(data[:len(data)/2]))
	var fault *InputError
	require.True(t, errors.As(err, &fault))
}

// FuzzReader: what is read without an error is written and read back as the same.
// A member that is known and stands twice in an object, at whatever depth, is an error that names it; one that nobody knows is none. It is the
// same after other lines, which are remembered.
func TestAMemberStandsOnce(t *testing.T) {
	lines := []string{
		`{"format":"raftcheck-trace","version":1,"servers":["n1","n2"],"variants":["configuration-in-log"],"bounds":{"terms":2},"joined":false}`,
		`{"n":1,"server":"n1","event":"deliver","message":{"kind":"AppendEntries","from":"n2","to":"n1","term":2,"prevLogIndex":0,"prevLogTerm":0,"entries":[{"term":1,"kind":"no-op"},{"term":2,"value":"x"}],"leaderCommit":1},` +
			`"effectCount":2,"effects":[{"sync":{"term":2,"votedFor":"n2","log":{"entries":[{"term":1,"kind":"no-op"},{"term":2,"value":"x"}]}}},{"send":{"kind":"AppendEntriesReply","from":"n1","to":"n2","term":2,"success":true,"matchIndex":2}}],` +
			`"pre":{"role":"follower","term":1},"post":{"role":"follower","term":2,"votedFor":"n2","leader":"n2","log":{"entries":[{"term":1,"kind":"no-op"},{"term":2,"value":"x"}]},"commit":1,"applied":1,"config":{"voters":["n1","n2"]}}}`,
		`{"n":2,"server":"n2","event":"tick","post":{"role":"leader","term":2,"progress":[{"server":"n1","next":3,"match":2}]}}`,
		`{"n":3,"server":"n2","event":"propose","value":"y","client":"c","request":"r","effects":[{"answer":{"value":"y","index":3,"term":2}}]}`,
		`{"n":4,"server":"n2","event":"propose","valueBase64":"eQ=="}`,
	}
	require.NoError(t, verifyLines(t, lines))
	tried := 0
	for k, line := range lines {
		for name, all := range member.Doubled([]byte(line)) {
			for _, twice := range all {
				changed := slices.Clone(lines)
				changed[k] = string(twice)
				err := verifyLines(t, changed)
				require.ErrorContains(t, err, fmt.Sprintf("f:%d:", k+1), "%s", twice)
				require.ErrorContains(t, err, strconv.Quote(name)+" stands here twice", "%s", twice)
				tried++
			}
		}
	}
	require.Greater(t, tried, 80)
	lines[4] = `{"n":4,"server":"n2","event":"propose","value":"y","valueBase64":"eg=="}`
	require.ErrorContains(t, verifyLines(t, lines), `f:5:52: "valueBase64" stands here twice`)
	lines[4] = `{"n":4,"server":"n2","event":"propose","clock":1,"clock":2,"clock":[{"a":1,"a":2}]}`
	require.NoError(t, verifyLines(t, lines))
}

// verifyLines returns what is wrong with lines as a file.
func verifyLines(t *testing.T, lines []string) error {
	l, err := NewLines("f", strings.NewReader(strings.Join(lines, "\n")+"\n"))
	require.NoError(t, err)
	r, err := NewReader(l, Options{})
	if err != nil {
		return err
	}
	_, err = Verify(context.Background(), r, VerifyOptions{})
	return err
}

// TestFieldsThatNobodyKnowsMayHoldAnyJSON: numbers of any size, and values nested deeply.
func TestFieldsThatNobodyKnowsMayHoldAnyJSON(t *testing.T) {
	for _, value := range []string{strings.Repeat("9", 400), "1E700", "-1e-999", "0.1e+400", strings.Repeat("[", 5000) + strings.Repeat("]", 5000), `{"a":[{}]}`, "null"} {
		text := header + "\n" + `{"n":1,"server":"n1","event":"timeout","clock":` + value + `,"post":{"role":"follower","term":1}}` + "\n"
		_, err := verifyText(t, text, VerifyOptions{})
		require.NoError(t, err, "%.20s", value)
	}
	for _, value := range []string{"1.", ".5", "+1", "1e", "--1", "0x10", "NaN", strings.Repeat("[", 20000)} {
		text := header + "\n" + `{"n":1,"server":"n1","event":"timeout","clock":` + value + `}` + "\n"
		_, err := verifyText(t, text, VerifyOptions{})
		require.Error(t, err, "%.20s", value)
	}
}

func FuzzReader(f *testing.F) {
	var out bytes.Buffer
	require.NoError(f, Write(&out, twoLeaders()))
	f.Add(out.Bytes())
	f.Add([]byte(header + "\n" + `{"n":1,"server":"n1","event":"crash","lossy":true,"x":[1]}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := Read("fuzz", bytes.NewReader(data))
		if err != nil {
			return
		}
		var once, twice bytes.Buffer
		require.NoError(t, Write(&once, first))
		second, err := Read("fuzz", bytes.NewReader(once.Bytes()))
		require.NoError(t, err)
		require.NoError(t, Write(&twice, second))
		require.Equal(t, once.String(), twice.String())
	})
}

// TestWithin reads what stands between two lines of another file, and nothing after it.
func TestWithin(t *testing.T) {
	const page = "<html>\n<begin 1>\na\n\nb\n<end>\n<begin 2>\nc\n<end>\n"
	open := func() *Lines {
		l, err := NewLines("page", strings.NewReader(page))
		require.NoError(t, err)
		return l
	}
	l := open()
	begins, err := l.Within([]byte("<begin"), []byte("<end>"))
	require.NoError(t, err)
	require.Equal(t, "<begin 1>", string(begins))
	for _, want := range []string{"a", "b"} {
		line, err := l.Next()
		require.NoError(t, err)
		require.Equal(t, want, string(line))
	}
	require.Equal(t, 5, l.Number())
	for range 3 {
		_, err = l.Next()
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, 5, l.Number(), "the line that ends it is none of its own")
	}
	l = open()
	_, err = l.Within([]byte("<begin"), []byte("<end>"))
	require.NoError(t, err)
	require.Equal(t, 5, l.Drain())
	begins, err = open().Within([]byte("<other"), []byte("<end>"))
	require.NoError(t, err)
	require.Nil(t, begins)
}
