package bubble

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/raftcheck/raftcheck/spec"
)

// A panic in a goroutine that a server started ends the program, and nobody can keep it from that. So a Lab notes which step it is about to find out. The Lab of
// the same test in the next program reads the note, and when it comes to that step a program of its own tries it first. What ends that one is the fault of the step.

// apart is the environment variable that names the file in which a program of its own finds the step that it is to try.
const apart = "RAFTCHECK_STEP_APART"

// survived is the exit code of a program that tried a step and lives.
const survived = 3

// notes is where a Lab notes the step that it is about to find out. The zero value notes nothing.
type notes struct {
	file   *os.File // nil is nowhere
	feared string   // the step in which an earlier program may have died, as nameOf gives it; "" for none
	died   bool     // and a program of its own did
}

// places counts the Labs of each test that runs, so that each has a place of its own for its notes, the same in every program.
var places = struct {
	sync.Mutex
	taken map[string]int
}{taken: map[string]int{}}

// newPlace returns the number of a Lab among those of its test.
func newPlace(t *testing.T) int {
	places.Lock()
	defer places.Unlock()
	name := t.Name()
	place := places.taken[name]
	places.taken[name]++
	t.Cleanup(func() {
		places.Lock()
		defer places.Unlock()
		places.taken[name]--
	})
	return place
}

// openNotes opens the notes of a Lab, and reads what was noted by a program that is no more. Where there is no folder for it nothing is noted.
func openNotes(t *testing.T, place int) *notes {
	folder, err := os.UserCacheDir()
	if err != nil {
		return &notes{}
	}
	folder = filepath.Join(folder, "raftcheck", "steps")
	here, _ := os.Getwd() // "" tells fewer tests apart
	name := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", here, t.Name(), place))
	if os.MkdirAll(folder, 0o700) != nil {
		return &notes{}
	}
	file, err := os.OpenFile(filepath.Join(folder, hex.EncodeToString(name[:8])), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &notes{}
	}
	n := &notes{file: file}
	var of int
	var step string
	if _, err := fmt.Fscan(file, &of, &step); err == nil && !runs(of) {
		n.feared = step
	}
	t.Cleanup(n.close)
	return n
}

// runs reports whether there is a program of that number besides this one.
func runs(process int) bool {
	if process == os.Getpid() {
		return false // the number was given again
	}
	p, err := os.FindProcess(process)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}

// write notes a step of a program.
func (n *notes) write(of int, step string) {
	if n.file != nil {
		_, _ = n.file.WriteAt(fmt.Appendf(nil, "%10d %s\n", of, step), 0) // without it a panic is told less well
	}
}

// close forgets what was noted, but for a step of which a program died.
func (n *notes) close() {
	if n.died {
		n.write(0, n.feared)
	} else {
		os.Remove(n.file.Name())
	}
	n.file.Close()
}

// nameOf names the last step of a moment's history, of a server among others.
func nameOf(m *moment) string {
	name := sha256.Sum256(fmt.Appendf(m.history[:], "%d %v", m.root.id, m.root.servers))
	return hex.EncodeToString(name[:])
}

// dies notes that the last step of a moment is about to be found out. If an earlier program may have died of it, it is tried by a program of its own first;
// the result is what ended that, or nil.
func (l *Lab) dies(m *moment) error {
	name := nameOf(m)
	if name == l.notes.feared {
		if err := l.tryApart(m); err != nil {
			l.notes.died = true
			return err
		}
		l.notes.feared = ""
	}
	l.notes.write(os.Getpid(), name)
	return nil
}

// trial is a step that is tried by a program of its own, with all before it.
type trial struct {
	Place   int
	ID      spec.ServerID
	Servers []spec.ServerID
	Inputs  []spec.Input
}

// tryApart has this program run once more, up to where the Lab is made, to try the step there. What it dies of is the result.
func (l *Lab) tryApart(m *moment) error {
	what := trial{Place: l.place, ID: m.root.id, Servers: m.root.servers}
	for _, step := range m.way() {
		what.Inputs = append(what.Inputs, step.input)
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(&what); err != nil {
		return nil
	}
	path := l.notes.file.Name() + ".trial"
	if os.WriteFile(path, b.Bytes(), 0o600) != nil {
		return nil
	}
	defer os.Remove(path)
	var only []string
	for part := range strings.SplitSeq(l.t.Name(), "/") {
		only = append(only, "^"+regexp.QuoteMeta(part)+"$")
	}
	args := []string{"-test.run=" + strings.Join(only, "/"), "-test.count=1", "-test.timeout=0"}
	for _, arg := range os.Args[1:] {
		if !strings.HasPrefix(arg, "-test.") {
			args = append(args, arg)
		}
	}
	cmd := exec.CommandContext(l.t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), apart+"="+path)
	said, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if !errors.As(err, &ended) || ended.ExitCode() == survived {
		return nil
	}
	return deathOf(string(said))
}

// lastWords is how Go begins to tell of what ends a program.
var lastWords = regexp.MustCompile(`(?m)^(?:panic|fatal error): (.*)`)

// deathOf is the fault of a server whose program said this when it ended; nil if that was no panic.
func deathOf(said string) error {
	at := lastWords.FindStringSubmatchIndex(said)
	if at == nil {
		return nil
	}
	return &panicked{value: said[at[2]:at[3]], stack: []byte(strings.TrimSpace(said[at[0]:])), beside: true}
}

// tryHere tries the step for which this program was started, if it was, and ends.
func (l *Lab) tryHere() {
	path := os.Getenv(apart)
	if path == "" {
		return
	}
	b, err := os.ReadFile(path)
	var what trial
	if err != nil || gob.NewDecoder(bytes.NewReader(b)).Decode(&what) != nil || what.Place != l.place {
		return
	}
	for range stable {
		l.try(&what)
	}
	os.Exit(survived)
}

// try gives a fresh server in a bubble the inputs of a trial. A panic that can be recovered is no death, nor is a server that does not come to rest.
func (l *Lab) try(what *trial) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	err := l.inBubble(func() {
		defer func() { _ = recover() }() // of the server's methods
		server := l.start(what.ID, slices.Clone(what.Servers))
		defer server.Close()
		for _, in := range what.Inputs {
			server.Step(in)
		}
	})
	if _, stuck := err.(*restless); stuck {
		os.Exit(survived)
	}
}
