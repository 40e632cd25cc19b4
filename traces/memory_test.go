package traces

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// A record is the same, and so is the error of a line that is none, whether or not what was read before is remembered: for every line of
// every native trace in the repository, in its order, and lines made of them that no recorder wrote.
func TestWhatIsRememberedIsWhatIsRead(t *testing.T) {
	chance := rand.New(rand.NewPCG(14, 5))
	lines, changed, faults := 0, 0, 0
	for _, file := range nativeTraces(t) {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		text := bytes.Split(bytes.TrimSpace(data), []byte("\n"))
		p := newPair(text[0])
		for k, line := range text[1:min(len(text), 400)] {
			p.requireEqual(t, file, line)
			lines++
			for range 40 {
				line := mutated(chance, line, text[1+chance.IntN(max(k, 1))])
				if !p.requireEqual(t, file, line) {
					faults++
				}
				changed++
			}
		}
		p.requireUnchanged(t, file)
	}
	t.Logf("%d lines, %d changed, of which %d are errors", lines, changed, faults)
	require.Greater(t, lines, 500)
	require.Greater(t, faults, changed/10)
	require.Less(t, faults, changed*9/10)
}

// nativeTraces are the native traces of the repository.
func nativeTraces(t *testing.T) (files []string) {
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".trace") {
			files = append(files, path)
		}
		return err
	}))
	require.NotEmpty(t, files)
	return files
}

// pair reads the same lines with a memory and without.
type pair struct {
	plain, fast decoder
	memory      wire.Memory
	slot        slot
	lenient     bool
	kept        []kept
}

// kept is what was read of a line some time ago.
type kept struct {
	line    []byte
	lenient bool
	step    spec.Step
}

func newPair(header []byte) *pair {
	h := newDecoder(header, true, nil).header()
	p := &pair{}
	p.plain.never = neverShown(h.Variants)
	p.fast.never = p.plain.never
	return p
}

func (p *pair) read(line []byte) (*Record, error) {
	var plain slot
	p.plain.begin(line, p.lenient)
	p.plain.record(&plain)
	return &plain.record, p.plain.Err()
}

// requireEqual reports whether the line is a record.
func (p *pair) requireEqual(t *testing.T, file string, line []byte) bool {
	want, wantErr := p.read(line)
	p.fast.begin(line, p.lenient)
	p.fast.Remember(&p.memory)
	p.fast.record(&p.slot)
	got, gotErr := &p.slot.record, p.fast.Err()
	if !reflect.DeepEqual(wantErr, gotErr) {
		require.Equal(t, wantErr, gotErr, "%s: %s", file, line)
	}
	p.lenient = !p.lenient && len(line)%2 == 0
	if wantErr != nil {
		return false
	}
	if !reflect.DeepEqual(want, got) {
		require.Equal(t, want, got, "%s: %s", file, line)
	}
	if got.Step != nil && len(p.kept) < 200 {
		step := *got.Step
		step.Output.Effects = slices.Clone(step.Output.Effects)
		p.kept = append(p.kept, kept{slices.Clone(line), p.plain.Lenient, step})
	}
	return true
}

// requireUnchanged: what was read is not changed by what is read after it.
func (p *pair) requireUnchanged(t *testing.T, file string) {
	for _, k := range p.kept {
		p.lenient = k.lenient
		want, err := p.read(k.line)
		require.NoError(t, err)
		if !reflect.DeepEqual(*want.Step, k.step) {
			require.Equal(t, *want.Step, k.step, "%s: %s", file, k.line)
		}
	}
}

// mutated returns a line that no recorder wrote: other bytes, or a member of another line.
func mutated(chance *rand.Rand, line, other []byte) []byte {
	line = slices.Clone(line)
	at := chance.IntN(len(line))
	switch chance.IntN(8) {
	case 0:
		line[at] = `{}[]",:0123456789ntf\ x`[chance.IntN(23)]
	case 1:
		line = slices.Delete(line, at, min(at+1+chance.IntN(3), len(line)))
	case 2: // cut off
		line = line[:at]
	case 3: // a number
		if k := bytes.IndexAny(line[at:], "0123456789"); k >= 0 {
			line[at+k] = "0123456789"[chance.IntN(10)]
		}
	case 4: // white space, or a member that nobody knows, or an entry
		if k := bytes.IndexAny(line[at:], ",:[{"); k >= 0 {
			what := []string{" ", "\t ", `"x":[{"y":1}],`, `{"term":1,"value":"a"},`, `"term":3,`, `"server":"n2",`, `"kind":"AppendEntries",`}[chance.IntN(7)]
			line = slices.Insert(line, at+k+1, []byte(what)...)
		}
	case 5: // a member twice, or elsewhere
		from, to := memberAt(line, at)
		place, _ := memberAt(line, chance.IntN(len(line)))
		line = slices.Insert(line, place, slices.Clone(line[from:to])...)
	case 6: // a member of another line in the place of one
		from, to := memberAt(line, at)
		a, b := memberAt(other, min(at, len(other)-1))
		line = slices.Replace(line, from, to, other[a:b]...)
	case 7: // a member less
		from, to := memberAt(line, at)
		line = slices.Delete(line, from, to)
	}
	if len(line) == 0 {
		return []byte("{")
	}
	return line
}

// memberAt returns where a text begins and ends that stands at or after a place, up to the comma after it: mostly a member, sometimes part of one.
func memberAt(line []byte, at int) (from, to int) {
	if k := bytes.IndexByte(line[at:], ','); k >= 0 {
		from = at + k + 1
	}
	depth := 0
	for to = from; to < len(line); to++ {
		switch line[to] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 0 {
				return from, to + 1
			}
		}
		if depth < 0 {
			break
		}
	}
	return from, min(to, len(line))
}

// FuzzMemory: any line, read after others, is read as it is read alone.
func FuzzMemory(f *testing.F) {
	var out bytes.Buffer
	require.NoError(f, Write(&out, twoLeaders()))
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		p := newPair([]byte("{}"))
		for line := range bytes.SplitSeq(data, []byte("\n")) {
			p.requireEqual(t, "fuzz", line)
		}
		p.requireUnchanged(t, "fuzz")
	})
}

// What is nested too deep is so whatever was read before.
func TestDepthIsNotRemembered(t *testing.T) {
	p := newPair([]byte("{}"))
	deep := strings.Repeat("[", 9_995) + strings.Repeat("]", 9_995)
	entries := `{"entries":[{"term":1,"x":` + deep + `}]}`
	require.True(t, p.requireEqual(t, "deep", []byte(`{"n":1,"server":"n1","event":"timeout","post":{"log":`+entries+`}}`)))
	require.False(t, p.requireEqual(t, "deep", []byte(`{"n":2,"server":"n1","event":"timeout","post":{"durable":{"log":`+entries+`}}}`)))
}
