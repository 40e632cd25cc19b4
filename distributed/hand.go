package distributed

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// request asks for a part of the search: a line of what raftcheck check --share reads.
type request struct {
	Do       string   `json:"do"`
	Layer    string   `json:"layer,omitempty"`
	Shares   int      `json:"shares,omitempty"`
	From     int      `json:"from,omitempty"`
	To       int      `json:"to,omitempty"`
	Expanded []string `json:"expanded,omitempty"`
	Filled   string   `json:"filled,omitempty"`
	Share    int      `json:"share,omitempty"`
	Merged   []string `json:"merged,omitempty"`
	Seconds  float64  `json:"seconds,omitempty"`
}

// answer is a line of what it writes.
type answer struct {
	File   string  `json:"file"`
	Rounds int     `json:"rounds"`
	Depth  int     `json:"depth"`
	States uint64  `json:"states"`
	All    uint64  `json:"all"`
	Done   bool    `json:"done"`
	CPU    float64 `json:"cpu"`
	Error  string  `json:"error"`
	Exit   int     `json:"exit"`
}

// Refused says that a part of the search cannot be done, here or anywhere: that the implementation is not deterministic, a file is not what was written, or
// memory is short.
type Refused struct {
	What string
	Exit int // the exit code for it, of raftcheck
}

// Error says why.
func (r *Refused) Error() string { return r.What }

// hand is a program that does parts of one search, one at a time.
type hand struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	tired   *time.Timer // ends it when it has waited for work too long; nil before it waited first
}

func newHand(s *Search) (*hand, error) {
	c := exec.Command(s.Command[0], slices.Concat(s.Command[1:], []string{"--share", s.Folder, "--progress", "never"})...)
	c.Env = append(os.Environ(), "GOMAXPROCS=1")
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &hand{command: c, in: in, out: bufio.NewReaderSize(out, 1<<16)}, c.Start()
}

// ask has a part done. Any error but a *Refused means that the program is gone, or not what it should be.
func (h *hand) ask(q request) (answer, error) {
	var a answer
	line, err := json.Marshal(q)
	if err != nil {
		return a, err
	}
	if _, err := h.in.Write(append(line, '\n')); err != nil {
		return a, err
	}
	said, err := h.out.ReadBytes('\n')
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(said, &a); err != nil {
		return a, fmt.Errorf("%q: %w", said, err)
	}
	if a.Error != "" {
		return a, &Refused{a.Error, a.Exit}
	}
	return a, nil
}

// end lets the program end, and returns how.
func (h *hand) end() error {
	_ = h.in.Close()                  // it is ended one way or the other
	_, _ = io.Copy(io.Discard, h.out) // it may say more than an answer
	return h.command.Wait()
}

// hands are the programs of a worker, by search. They stay for the next bundle, with what is known of servers and the states that were met lately.
var hands = struct {
	sync.Mutex
	idle map[string][]*hand
	busy chan struct{}      // one for each program that is at work: as many as there are processors
	cpu  map[string]float64 // seconds that parts took, by what was asked for
}{idle: map[string][]*hand{}, busy: make(chan struct{}, runtime.GOMAXPROCS(0)), cpu: map[string]float64{}}

// tiredAfter is how long a program waits for work before it is ended.
const tiredAfter = time.Minute

// spent returns how many CPU seconds parts of searches took in this process, by what was asked for.
func spent() string {
	hands.Lock()
	defer hands.Unlock()
	var words []string
	for _, do := range []string{"expand", "fill", "merge", "close"} {
		if took, some := hands.cpu[do]; some {
			words = append(words, fmt.Sprintf("%s %.1f", do, took))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return "  CPU seconds here: " + strings.Join(words, ", ")
}

// tries is how often a worker tries a part of the search, with a new program each time.
const tries = 3

// do has a part of the search done by a program of this worker. One that ends in the middle of it, as when it is killed, is replaced by another, which does the part again.
func (s *Search) do(q request) (a answer, err error) {
	hands.busy <- struct{}{}
	defer func() { <-hands.busy }()
	var refused *Refused
	for range tries {
		var h *hand
		if h, err = s.take(); err != nil {
			return a, err
		}
		a, err = h.ask(q)
		count(q.Do, a.CPU)
		if err == nil || errors.As(err, &refused) {
			s.put(h)
			return a, err
		}
		var ended *exec.ExitError
		if errors.As(h.end(), &ended) && ended.ExitCode() > 0 { // not by a signal
			what := fmt.Sprintf("raftcheck check ended with exit code %d, and says above why", ended.ExitCode())
			if ended.ExitCode() == exitUsage {
				what = "raftcheck check does not take these flags"
			}
			return a, &Refused{what, ended.ExitCode()}
		}
	}
	return a, fmt.Errorf("raftcheck ended in the middle of its work, %d times: %w", tries, err)
}

// exitUsage is raftcheck's exit code for wrong flags, which it has told.
const exitUsage = 2

func (s *Search) key() string { return strings.Join(append(slices.Clone(s.Command), s.Folder), "\x00") }

func (s *Search) take() (*hand, error) {
	hands.Lock()
	defer hands.Unlock()
	idle := hands.idle[s.key()]
	if n := len(idle); n > 0 {
		h := idle[n-1]
		hands.idle[s.key()] = idle[:n-1]
		h.tired.Stop()
		return h, nil
	}
	return newHand(s)
}

// put lets a program wait for work. One that gets none for long is ended: a worker that a pool of Beam's has started stays when its job is done, and its programs hold memory.
func (s *Search) put(h *hand) {
	hands.Lock()
	defer hands.Unlock()
	hands.idle[s.key()] = append(hands.idle[s.key()], h)
	h.tired = time.AfterFunc(tiredAfter, func() { s.retire(h) })
}

// retire ends a program if it still waits for work.
func (s *Search) retire(h *hand) {
	hands.Lock()
	idle := hands.idle[s.key()]
	k := slices.Index(idle, h)
	if k >= 0 {
		hands.idle[s.key()] = slices.Delete(idle, k, k+1)
	}
	hands.Unlock()
	if k >= 0 {
		_ = h.end() // its work is done
	}
}

func count(do string, cpu float64) {
	hands.Lock()
	defer hands.Unlock()
	hands.cpu[do] += cpu
}

// release ends the programs of this worker that wait for work.
func (s *Search) release() {
	hands.Lock()
	idle := hands.idle[s.key()]
	delete(hands.idle, s.key())
	hands.Unlock()
	for _, h := range idle {
		h.tired.Stop()
		_ = h.end() // its work is done
	}
}
