package preempt

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Pass is called by rewritten source: the gate of that name, which says for whom where several goroutines run the function.
func Pass(gate string, who ...any) {
	if w := watching.Load(); w != nil {
		w.pass(named(gate, who))
	}
}

// After is called by rewritten source that waits for a timer at a gate. Where somebody watches, that timer fires when it is told to and not when its
// time has come.
func After(timer <-chan time.Time, gate string, who ...any) <-chan time.Time {
	if w := watching.Load(); w != nil {
		return w.timer(named(gate, who))
	}
	return timer
}

// named puts for whom a function runs behind its name: f/g and n2 are f(n2)/g.
func named(gate string, who []any) string {
	if len(who) == 0 {
		return gate
	}
	function, call, _ := strings.Cut(gate, "/")
	return function + "(" + strings.TrimSuffix(fmt.Sprintln(who...), "\n") + ")/" + call
}

// Is reports whether a gate, which may say for whom, is the one that is named, or in the function that is: f(n2)/g is f(n2)/g, f/g, f(n2) and f.
func Is(gate, name string) bool {
	function, _, _ := strings.Cut(gate, "/")
	return slices.Contains([]string{gate, function, ForAnybody(gate), ForAnybody(function)}, name)
}

// Chosen reports whether goroutines are held at a gate by a list of names; nil is every gate.
func Chosen(names []string, gate string) bool {
	return names == nil || slices.ContainsFunc(names, func(name string) bool { return Is(gate, name) })
}

// ForAnybody is the name of a gate, or of a function, without for whom, as it is in the source.
func ForAnybody(name string) string {
	function, call, is := strings.Cut(name, "/")
	of, _, _ := strings.Cut(function, "(")
	if !is {
		return of
	}
	return of + "/" + call
}

// Rewritten is called by rewritten source, once for each package, with its gates.
func Rewritten(pkg string, gates ...string) bool {
	rewritten[pkg] = gates
	return true
}

// Gates returns the gates of a package that this program was built with; none if its source was not rewritten.
func Gates(pkg string) []string { return rewritten[pkg] }

// All returns the gates of all packages that this program was built with, ascending.
func All() []string {
	var all []string
	for _, gates := range rewritten {
		all = append(all, gates...)
	}
	slices.Sort(all)
	return all
}

var (
	rewritten = map[string][]string{}
	watching  atomic.Pointer[Watch]
)

// Watch sees which gates the goroutines of one server pass, and holds one of them. There is one at a time in a program, as there is one bubble.
type Watch struct {
	mu     sync.Mutex
	passed map[string]bool
	hold   string
	held   *held
	stays  chan struct{} // closed when a goroutine is held
	timers map[string]chan time.Time
}

// held is a goroutine that stays at a gate.
type held struct {
	gate string
	in   []string // the functions that it is in, innermost first
	on   chan struct{}
}

// New makes a watch and begins to watch with it, in place of any other. It belongs to the bubble that it is made in.
func New() *Watch {
	w := &Watch{passed: map[string]bool{}, timers: map[string]chan time.Time{}, stays: make(chan struct{})}
	watching.Store(w)
	return w
}

// End lets go whoever is held, and watches no more.
func (w *Watch) End() {
	watching.CompareAndSwap(w, nil)
	w.Begin("")
	w.Resume()
}

// Begin begins a step, in which the first goroutine that comes to the gate hold is held there; "" is none. Who is held already stays.
func (w *Watch) Begin(hold string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.passed)
	w.hold, w.stays = hold, make(chan struct{})
}

// Passed returns the gates that were passed since the step began, ascending. It does not matter in which order that was.
func (w *Watch) Passed() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for gate := range w.passed {
		all = append(all, gate)
	}
	slices.Sort(all)
	return all
}

// Held returns the gate at which a goroutine is held; "" for none.
func (w *Watch) Held() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		return ""
	}
	return w.held.gate
}

// Stays is closed when a goroutine is held in this step.
func (w *Watch) Stays() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stays
}

// In reports whether the goroutine that is held is in a function whose name, with the package and its type, ends like this.
func (w *Watch) In(function string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.held != nil && slices.ContainsFunc(w.held.in, func(f string) bool { return strings.HasSuffix(f, function) })
}

// Resume lets go the goroutine that is held. It reports whether there was one.
func (w *Watch) Resume() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		return false
	}
	close(w.held.on)
	w.held = nil
	return true
}

// Fire lets the timer fire for which a goroutine waits at a gate. It reports whether one did.
func (w *Watch) Fire(gate string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	timer, waits := w.timers[gate]
	if waits {
		delete(w.timers, gate)
		timer <- time.Time{}
	}
	return waits
}

func (w *Watch) pass(gate string) {
	w.mu.Lock()
	w.passed[gate] = true
	if gate != w.hold || w.held != nil {
		w.mu.Unlock()
		return
	}
	h := &held{gate: gate, in: callers(), on: make(chan struct{})}
	w.hold, w.held = "", h
	close(w.stays)
	w.mu.Unlock()
	<-h.on
}

func (w *Watch) timer(gate string) <-chan time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	timer := make(chan time.Time, 1)
	w.timers[gate] = timer
	return timer
}

// callers returns the functions that the calling goroutine is in, innermost first.
func callers() (all []string) {
	var at [64]uintptr
	frames := runtime.CallersFrames(at[:runtime.Callers(4, at[:])])
	for {
		frame, more := frames.Next()
		all = append(all, frame.Function)
		if !more {
			return all
		}
	}
}
