package process

import (
	"fmt"
	"strings"
	"sync"

	"github.com/raftcheck/raftcheck/spec"
)

// crew is the processes of one server, each at a place in a history.
type crew struct {
	parser
	program *Program

	mutex    sync.Mutex // held while a step is made
	children []*child
	can      Abilities
	known    bool              // can is known
	starts   map[string]string // what a start was answered first, by its line
	steps    int               // inputs answered
	begins   int               // times a process was wanted for a start
	clock    int
}

// start makes the server anew with what is on its disk.
func (c *crew) start(disk spec.Durable) (*position, *answer, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	line := startLine(c.id, c.servers, &disk)
	child, err := c.unused()
	if err != nil {
		return nil, nil, err
	}
	reply, err := c.ask(child, nil, nil, line)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.understand(line, reply, disk)
	if err != nil {
		return nil, nil, err
	}
	if err := c.begun(line, reply, a); err != nil {
		return nil, nil, err
	}
	child.at = newPosition(nil, line, reply, a)
	return child.at, a, nil
}

// begun checks what a start is answered, and learns from the first what the program is able to do.
func (c *crew) begun(line, reply string, a *answer) error {
	if a.refused || a.redirect != spec.None {
		return c.wrong(line, reply, "refuses to start", "")
	}
	a.can.State = a.state != ""
	if a.can.Load && !a.can.State {
		return c.wrong(line, reply, "says that it can load, and gives no state", "")
	}
	if !c.known {
		c.can, c.known = a.can, true
	}
	if a.can != c.can {
		return c.wrong(line, reply, "says that it is able to do something else than when it was started first", hintUnstable)
	}
	earlier, known := c.starts[line]
	if !known {
		c.starts[line] = reply
		return nil
	}
	if d := difference(earlier, reply); d != "" {
		return c.wrong(line, "", "answers otherwise than when it was started so before: "+d, hintUnstable)
	}
	return nil
}

// step gives the server at a position an input, and returns what it answers and where it is then.
func (c *crew) step(at *position, line string) (*answer, *position, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if at.last.line == line {
		return at.last.answer, at.last.next, nil
	}
	reply, child, err := c.reply(at, line)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.understand(line, reply, at.written)
	if err != nil {
		return nil, nil, err
	}
	next, err := c.arrived(at, line, reply, a)
	if err != nil {
		return nil, nil, err
	}
	child.at = next
	if next.state != "" && next.key == at.key {
		child.at = at // the program says that it is where it was
	}
	c.steps++
	if err := c.audit(at, next, line, reply); err != nil {
		return nil, nil, err
	}
	at.last = step{line, a, next}
	return a, next, nil
}

// arrived returns where an answer leads.
func (c *crew) arrived(at *position, line, reply string, a *answer) (*position, error) {
	switch {
	case a.refused && a.shown && difference(shown(&at.post), shown(&a.post)) != "":
		return nil, c.wrong(line, reply, "refuses, so that nothing happens, and is another after it: "+difference(shown(&at.post), shown(&a.post)), "")
	case a.refused:
		return at, nil
	case (a.state != "") != c.can.State:
		return nil, c.wrong(line, reply, "gives a state now and then: it is in every answer that is not refused, or in none", "")
	}
	return newPosition(at, line, reply, a), nil
}

// reply gets a program to a position and asks it.
func (c *crew) reply(at *position, line string) (string, *child, error) {
	for _, child := range c.children {
		if child.at.same(at) {
			reply, err := c.ask(child, nil, nil, line)
			return reply, child, err
		}
	}
	if c.can.Load {
		child, err := c.loadable(at)
		if err != nil {
			return "", nil, err
		}
		reply, err := c.ask(child, nil, nil, loading(at.state, line))
		return reply, child, err
	}
	return c.replay(at, line)
}

// loadable returns a process that was started.
func (c *crew) loadable(at *position) (*child, error) {
	for _, child := range c.children {
		if child.started {
			return child, nil
		}
	}
	child, err := c.unused()
	if err != nil {
		return nil, err
	}
	_, err = c.ask(child, [][]byte{[]byte(at.root().line)}, []*position{at.root()}, "")
	return child, err
}

// replay goes through the history of a position again, from where a process is already if it is on the way there, and asks.
func (c *crew) replay(at *position, line string) (string, *child, error) {
	for from := at; from != nil; from = from.parent {
		for _, child := range c.children {
			if child.at.same(from) {
				lines, way := at.linesAfter(from)
				reply, err := c.ask(child, lines, way, line)
				return reply, child, err
			}
		}
	}
	child, err := c.unused()
	if err != nil {
		return "", nil, err
	}
	lines, way := at.linesAfter(nil)
	reply, err := c.ask(child, lines, way, line)
	return reply, child, err
}

// ask gives a process the lines of a history, whose answers must be those that the history has, and then one line more, if it
// is not empty. It returns the answer to that.
func (c *crew) ask(child *child, lines [][]byte, way []*position, line string) (reply string, err error) {
	if line != "" {
		lines = append(lines, []byte(line))
	}
	c.clock++
	child.touched = c.clock
	child.at = nil
	err = child.exchange(lines, func(k int, answer []byte) error {
		child.started = true
		if k == len(way) {
			reply, child.at = string(answer), nil
			return nil
		}
		if d := difference(way[k].reply, string(answer)); d != "" {
			return c.wrong(string(lines[k]), "", "answers otherwise than before, after the same inputs since the same start: "+d, c.suspects())
		}
		child.at = way[k]
		return nil
	})
	if err != nil {
		c.dismiss(child)
		return "", c.signed(err)
	}
	return reply, nil
}

// suspects says what may make a program do something else when it is given the same again.
func (c *crew) suspects() string {
	if c.can.State {
		return hintState
	}
	return hintUnstable
}

// unused returns a process that can be started: a new one as long as there are few and now and then, or the one that was
// unused longest.
func (c *crew) unused() (*child, error) {
	if c.program.closed.Load() {
		return nil, c.signed(&Error{What: "was closed"})
	}
	c.begins++
	if c.can.Start && !rarely(c.begins) {
		for _, child := range c.children {
			if child.at == nil || child.at.parent == nil { // it is nowhere that is hard to get to
				return child, nil
			}
		}
	}
	if len(c.children) >= c.most() {
		oldest := c.children[0]
		for _, child := range c.children {
			if child.touched < oldest.touched {
				oldest = child
			}
		}
		if c.can.Start && !rarely(c.begins) {
			return oldest, nil
		}
		c.dismiss(oldest)
	}
	child, err := c.program.spawn(c.id.String())
	if err != nil {
		return nil, c.signed(&Error{What: fmt.Sprintf("cannot be run: %v", err)})
	}
	c.children = append(c.children, child)
	return child, nil
}

// most returns how many processes are worth what it takes to begin them: one for a program that can load; for one that cannot,
// more the longer it goes on, and as many as there may be if each history needs a new one anyway.
func (c *crew) most() int {
	processes := c.program.options.Processes
	switch {
	case !c.known || c.can.Load:
		return 1
	case c.can.Start:
		return min(processes, 1+c.begins/256)
	}
	return processes
}

// rarely is true for 16, 256, 4096, …: often enough to find what a start in the same process does not set again, and seldom enough
// not to feel how long a process takes to begin.
func rarely(n int) bool {
	for ; n > 16 && n%16 == 0; n /= 16 {
	}
	return n == 16
}

// dismiss ends a process.
func (c *crew) dismiss(gone *child) {
	gone.end()
	for k, child := range c.children {
		if child == gone {
			c.children = append(c.children[:k], c.children[k+1:]...)
			return
		}
	}
}

// understand parses an answer.
func (c *crew) understand(line, reply string, disk spec.Durable) (*answer, error) {
	a, err := c.parse([]byte(reply), disk)
	if err != nil {
		e := err.(*Error)
		e.Asked = strings.TrimRight(line, "\n")
		return nil, c.signed(e)
	}
	return a, nil
}

func (c *crew) wrong(line, reply, what, hint string) error {
	return c.signed(&Error{Asked: strings.TrimRight(line, "\n"), What: what, Line: reply, Hint: hint})
}

// signed notes whose fault an error is.
func (c *crew) signed(err error) error {
	if e, ok := err.(*Error); ok {
		e.Server = c.id
	}
	return err
}
