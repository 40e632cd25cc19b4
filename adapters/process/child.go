package process

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"github.com/raftcheck/raftcheck/adapters/process/offspring"
)

// window is how many bytes may be asked ahead of the answers. It is below what any pipe holds, so that a program that is busy
// writing answers never keeps us from reading them.
const window = 4 << 10

// child is one process of the program. It is used by one goroutine at a time.
type child struct {
	name    string
	options *Options
	keeper  *offspring.Keeper
	cmd     *exec.Cmd
	in      *os.File // its standard input
	out     *os.File // its standard output
	lines   *bufio.Reader
	errs    *os.File
	said    tail
	expired atomic.Bool
	ended   chan struct{} // closed when the process is gone
	state   error         // how it ended; set before ended is closed
	talks   sync.WaitGroup
	fresh   bool // it was asked nothing yet
	gone    bool // it was ended, by us or by itself

	started bool      // it is a server
	at      *position // where in a history it is; nil when that is not known
	touched int       // when it was used last
}

// spawn starts the command. name is the server's, for the transcript.
func (p *Program) spawn(name string) (*child, error) {
	command, o := p.command, &p.options
	c := &child{name: name, options: o, keeper: p.offspring, cmd: exec.Command(command[0], command[1:]...), ended: make(chan struct{}), fresh: true}
	c.cmd.Dir = o.Dir
	if len(o.Env) > 0 {
		c.cmd.Env = append(os.Environ(), o.Env...)
	}
	ends, err := c.pipes()
	if err != nil {
		return nil, err
	}
	err = c.keeper.Start(c.cmd)
	for _, end := range ends {
		end.Close()
	}
	if err != nil {
		c.in.Close()
		c.out.Close()
		c.errs.Close()
		return nil, err
	}
	c.lines = bufio.NewReaderSize(c.out, 64<<10)
	c.talks.Add(1)
	go func() {
		defer c.talks.Done()
		_, _ = io.Copy(&c.said, c.errs) // it ends when the process does
	}()
	go func() {
		c.state = c.cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// pipes connects the process, and returns the ends of the pipes that are its own.
func (c *child) pipes() (its []*os.File, err error) {
	var files [6]*os.File
	for k := 0; k < len(files); k += 2 {
		if files[k], files[k+1], err = os.Pipe(); err != nil {
			for _, f := range files[:k] {
				f.Close()
			}
			return nil, err
		}
	}
	c.cmd.Stdin, c.in = files[0], files[1]
	c.out, c.cmd.Stdout = files[2], files[3]
	c.errs, c.cmd.Stderr = files[4], files[5]
	return []*os.File{files[0], files[3], files[5]}, nil
}

// end ends the process and everything it started, and waits until it is gone.
func (c *child) end() {
	if c.gone {
		return
	}
	c.gone = true
	c.keeper.Kill(c.cmd)
	c.keeper.Ended(c.cmd)
	c.in.Close()
	c.out.Close()
	<-c.ended
	c.errs.SetReadDeadline(time.Now().Add(time.Second)) // whoever fled from its group may hold the pipe
	c.talks.Wait()
	c.errs.Close()
}

// exchange asks all lines, each ending in a line break, and hands each answer to take, without its line break, as soon as it is there. It asks ahead,
// so that the program is busy while answers are looked at. The first error ends the exchange; those of the process are *Error.
func (c *child) exchange(asked [][]byte, take func(k int, answer []byte) error) error {
	sent, ahead := 0, 0
	var batch, last []byte
	for got := 0; got < len(asked); got++ {
		for batch = batch[:0]; sent < len(asked) && (sent == got || ahead+len(asked[sent]) <= window); sent++ {
			batch = append(batch, asked[sent]...)
			ahead += len(asked[sent])
		}
		answer, err := c.talk(batch, asked[got])
		if err == nil {
			err = take(got, answer)
		}
		if err != nil {
			return err
		}
		ahead -= len(asked[got])
		last = answer
	}
	if c.lines.Buffered() > 0 {
		return c.chatter(asked[len(asked)-1], last)
	}
	return nil
}

// talk writes a batch and reads one answer, within the limit.
func (c *child) talk(batch, asked []byte) (answer []byte, err error) {
	limit := c.options.Limit
	if c.fresh {
		limit, c.fresh = c.options.StartLimit, false
	}
	stop := c.options.watch(limit, func() {
		c.expired.Store(true)
		c.keeper.Kill(c.cmd)
		c.in.Close()
		c.out.Close()
	})
	defer stop()
	if len(batch) > 0 {
		c.note('<', batch)
		if _, err := c.in.Write(batch); err != nil {
			return nil, c.broken(asked, limit, nil)
		}
	}
	answer, err = c.line()
	c.note('>', answer)
	switch {
	case errors.Is(err, errLong):
		return nil, c.complain(asked, &Error{What: fmt.Sprintf("answers with more than %d bytes without a line break", c.options.Line), Line: string(answer), Hint: hintStdout})
	case err != nil:
		return nil, c.broken(asked, limit, answer)
	}
	return answer, nil
}

// note writes lines into the transcript. What becomes of it does not matter to the run.
func (c *child) note(direction byte, lines []byte) {
	if c.options.Transcript == nil {
		return
	}
	for line := range bytes.Lines(lines) {
		_, _ = fmt.Fprintf(c.options.Transcript, "%s %c %s\n", c.name, direction, bytes.TrimRight(line, "\n"))
	}
}

var errLong = errors.New("the line is too long")

// line reads one line. With an error it returns what there is of it.
func (c *child) line() ([]byte, error) {
	part, err := c.lines.ReadSlice('\n')
	if err == nil {
		return bytes.TrimRight(part, "\r\n"), nil
	}
	whole := bytes.Clone(part)
	for errors.Is(err, bufio.ErrBufferFull) && len(whole) <= c.options.Line {
		part, err = c.lines.ReadSlice('\n')
		whole = append(whole, part...)
	}
	if len(whole) > c.options.Line {
		return whole[:c.options.Line], errLong
	}
	return bytes.TrimRight(whole, "\r\n"), err
}

// broken says why there is no answer.
func (c *child) broken(asked []byte, limit time.Duration, part []byte) error {
	if c.expired.Load() {
		return c.complain(asked, &Error{What: fmt.Sprintf("gives no answer within %s", limit), Hint: hintSlow})
	}
	how := "closes its stdout"
	select {
	case <-c.ended:
		how = "ends with " + c.exit()
	case <-time.After(time.Second): // whoever closes its output is mostly about to end
	}
	if len(part) > 0 {
		return c.complain(asked, &Error{What: how + " in the middle of an answer", Line: string(part)})
	}
	return c.complain(asked, &Error{What: how + " without an answer"})
}

// exit says how the process ended.
func (c *child) exit() string {
	var status *exec.ExitError
	switch {
	case c.state == nil:
		return "exit status 0"
	case errors.As(c.state, &status):
		return status.String()
	}
	return c.state.Error()
}

// chatter says that something was written that nothing asked for: the line that was taken for the answer, if it is none, or else what is behind it.
func (c *child) chatter(asked, answer []byte) error {
	if !looksLikeAnswer(answer) {
		return c.complain(asked, &Error{What: "writes a line that is no answer, and more behind it", Line: string(answer), Hint: hintStdout})
	}
	more, _ := c.lines.Peek(min(c.lines.Buffered(), c.options.Line))
	more, _, _ = bytes.Cut(more, []byte("\n"))
	return c.complain(asked, &Error{What: "writes a second line", Line: string(more), Hint: hintStdout})
}

// complain ends the process and adds to an error what was asked and what is on stderr.
func (c *child) complain(asked []byte, e *Error) error {
	select {
	case <-c.ended:
	case <-time.After(50 * time.Millisecond): // it may be about to say why on stderr
	}
	c.end()
	e.Asked, e.Stderr = string(bytes.TrimRight(asked, "\n")), c.said.String()
	return e
}
