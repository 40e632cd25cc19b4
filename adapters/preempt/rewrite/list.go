package rewrite

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
)

// List says where gates are in the source of a package.
type List []Function

// Function is a function with gates, or a method of whatever type.
type Function struct {
	Name string
	// Who is an expression that says, in the function, for whom a goroutine runs it, as in string(s.peer.ID); "" where one goroutine does.
	Who string
	// Calls are what is done at a gate: a call of that name, as Save, or what is sent to a channel of that name, as applied<-, before the statement that does it; or
	// <-replies, once something was received from it. Save.2 is the second statement of the function that calls Save, and no other.
	Calls  []string
	Timers []string // what makes a timer, as in time.After, that is fired at its gate

	line int
}

// Read reads a list. A line is the name of a function, perhaps for whom it runs, a colon, and what is called at its gates:
//
//	dispatchLogs: getCurrentTerm StoreLogs
//	heartbeat for string(s.peer.ID): timer=randomTimeout
//	applier: applied<- Lock.2
//
// What follows # is for people. The error names the line as NAME:LINE.
func Read(name string, r io.Reader) (List, error) {
	var l List
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		cut := strings.LastIndexByte(text, ':')
		if cut < 0 {
			return nil, fmt.Errorf("%s:%d: no colon between the function and what is called at its gates", name, n)
		}
		f := Function{line: n}
		f.Name, f.Who, _ = strings.Cut(strings.TrimSpace(text[:cut]), " for ")
		for _, word := range strings.Fields(text[cut+1:]) {
			if timer, is := strings.CutPrefix(word, "timer="); is {
				f.Timers = append(f.Timers, timer)
			} else {
				f.Calls = append(f.Calls, word)
			}
		}
		switch {
		case f.Name == "" || strings.ContainsAny(f.Name, " \t"):
			return nil, fmt.Errorf("%s:%d: %q is no name of a function", name, n, f.Name)
		case len(f.Calls)+len(f.Timers) == 0:
			return nil, fmt.Errorf("%s:%d: nothing is called at the gates of %s", name, n, f.Name)
		case slices.ContainsFunc(l, func(g Function) bool { return g.Name == f.Name }):
			return nil, fmt.Errorf("%s:%d: %s is listed twice", name, n, f.Name)
		}
		l = append(l, f)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(l) == 0 {
		return nil, fmt.Errorf("%s: no function is listed", name)
	}
	return l, nil
}

// of returns what is listed of a function, or nil.
func (l List) of(name string) *Function {
	if k := slices.IndexFunc(l, func(f Function) bool { return f.Name == name }); k >= 0 {
		return &l[k]
	}
	return nil
}

// has reports whether there is a gate at a point.
func (f *Function) has(point string) bool {
	return point != "" && slices.ContainsFunc(f.Calls, func(listed string) bool {
		base, nth, numbered := strings.Cut(listed, ".")
		return listed == point || numbered && base == point && strings.Trim(nth, "0123456789") == ""
	})
}
