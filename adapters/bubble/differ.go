package bubble

import (
	"runtime"

	"github.com/raftcheck/raftcheck/spec"
)

// comparisons is how many pairs of servers are compared to find out where two differ.
const comparisons = 8

// where says in which part of their state two servers differ that were given the inputs that lead to a moment, if they can say so (spec.Differ); "" if not, or if
// these two happen to be equal.
func (l *Lab) where(m *moment) string {
	if before := runtime.GOMAXPROCS(1); before != 1 {
		defer runtime.GOMAXPROCS(before)
	}
	for range comparisons {
		if at := l.compare(m); at != "" {
			return " (" + at + ")"
		}
	}
	return ""
}

// compare gives two servers, in a bubble each, the inputs that lead to a moment, and returns the first part of their state that differs. The first one waits until
// the second is compared with it.
func (l *Lab) compare(m *moment) (at string) {
	first, compared, over := make(chan spec.Differ, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		defer close(first)
		_ = l.inBubble(func() {
			l.led(m, func(s spec.Differ) {
				first <- s
				<-compared
			})
		})
	}()
	if one := <-first; one != nil {
		_ = l.inBubble(func() {
			l.led(m, func(s spec.Differ) { at = one.Difference(s) })
		})
	}
	close(compared)
	<-over
	return at
}

// led calls then with a server that was given the inputs that lead to a moment, if it can be compared.
func (l *Lab) led(m *moment, then func(spec.Differ)) {
	defer func() { _ = recover() }() // what is wrong is told by others
	server := l.start(m.root.id, m.root.servers)
	defer server.Close()
	for _, step := range m.way() {
		server.Step(step.input)
	}
	if s, is := server.(spec.Differ); is {
		then(s)
	}
}
