package bubble

import (
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// patience is how long a bubble may take by the clock of the machine, unless Options say otherwise. The longest histories take a fraction of a second.
const patience = time.Minute

// inBubble runs f in a bubble and waits until all goroutines there have ended. The error says what keeps them from it: they are left behind then, and so is what
// they do.
func (l *Lab) inBubble(f func()) error {
	var bubble atomic.Value // its name in the stacks of its goroutines
	var returned atomic.Bool
	over := make(chan any, 1)
	go func() {
		defer func() { over <- recover() }()
		synctest.Test(l.t, func(*testing.T) {
			var own [128]byte
			bubble.Store(ofBubble.FindString(string(own[:runtime.Stack(own[:], false)])))
			defer returned.Store(true)
			f()
		})
	}()
	limit := l.options.Patience
	if limit == 0 {
		limit = patience
	}
	impatient := time.NewTimer(limit)
	defer impatient.Stop()
	select {
	case broke := <-over:
		if broke == nil {
			return nil
		}
		there := told(goroutinesOf(bubble.Load()))
		if returned.Load() {
			return fmt.Errorf("the server does not end: when all was done for that, goroutines were still there%s\n%v", there, broke)
		}
		return fmt.Errorf("the bubble broke: %v%s", broke, there)
	case <-impatient.C:
		return &restless{limit, goroutinesOf(bubble.Load())}
	}
}

// restless is the fault of a server that did not come to rest.
type restless struct {
	after time.Duration
	there []goroutine
}

// Error says what goes on, and where.
func (r *restless) Error() string {
	there := slices.Clone(r.there)
	slices.SortStableFunc(there, func(a, b goroutine) int {
		switch {
		case a.durable == b.durable:
			return 0
		case b.durable:
			return -1
		}
		return 1
	})
	return fmt.Sprintf("the server does not come to rest: after %v goroutines still run, timers go on firing because a call does not return, or somebody waits for what is not in the bubble, "+
		"such as a lock that nobody gives back%s%s", r.after, r.standstill(), told(there))
}

// standstill says that a goroutine sleeps while another one waits for a lock, if so: no time passes in a bubble then.
func (r *restless) standstill() string {
	waits := func(part string) bool {
		return slices.ContainsFunc(r.there, func(g goroutine) bool { return strings.Contains(g.waits, part) })
	}
	if !waits("Mutex") || !waits("sleep") {
		return ""
	}
	return "; if one that sleeps holds a lock for which another one waits, it never wakes up, since no time passes meanwhile: let it give the lock back first"
}

// goroutine is what a stack tells of one.
type goroutine struct {
	waits   string // for what, as Go says
	durable bool   // only others in the bubble, or a timer, end the wait
	frames  []string
}

var (
	ofBubble = regexp.MustCompile(`synctest bubble \d+`)
	header   = regexp.MustCompile(`^goroutine \d+ \[([^],]*)`)
)

// goroutinesOf returns the goroutines of a bubble, by its name.
func goroutinesOf(bubble any) (all []goroutine) {
	name, is := bubble.(string)
	if !is {
		return nil
	}
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for text := range strings.SplitSeq(string(stacks), "\n\n") {
		head, rest, _ := strings.Cut(text, "\n")
		words := header.FindStringSubmatch(head)
		if words == nil || ofBubble.FindString(head) != name {
			continue
		}
		g := goroutine{waits: strings.TrimSuffix(words[1], " (durable)"), durable: strings.HasSuffix(words[1], "(durable)")}
		for lines := strings.Split(rest, "\n"); len(lines) > 1; lines = lines[2:] {
			if g.add(lines[0], lines[1]) {
				break
			}
		}
		if len(g.frames) > 0 {
			all = append(all, g)
		}
	}
	return all
}

// most is how much is told of goroutines: of how many, and how many calls of each.
const most = 6

// add adds a call to a goroutine's, unless it is one of the runtime's, and reports whether what comes then is this package's.
func (g *goroutine) add(call, place string) (ours bool) {
	call = strings.TrimPrefix(call, "created by ")
	if at := strings.LastIndexByte(call, '('); at > 0 {
		call = call[:at]
	}
	call, _, _ = strings.Cut(call, " in goroutine")
	for _, of := range []string{"runtime.", "runtime/", "internal/", "testing.", "testing/", "sync.", "sync/", "time.", "reflect.", "panic"} {
		if strings.HasPrefix(call, of) {
			return false
		}
	}
	if strings.Contains(call, "/adapters/bubble.") {
		return true
	}
	place, _, _ = strings.Cut(strings.TrimSpace(place), " +0x")
	g.frames = append(g.frames, call+"  "+place)
	return false
}

// Asleep returns where a goroutine of the caller's bubble sleeps in a call of a function, which is named by a part of its name: the innermost call that is not of Go
// itself. "" is that none does.
func Asleep(in string) string {
	var own [128]byte
	for _, g := range goroutinesOf(ofBubble.FindString(string(own[:runtime.Stack(own[:], false)]))) {
		if g.waits == "sleep" && slices.ContainsFunc(g.frames, func(frame string) bool { return strings.Contains(frame, in) }) {
			return g.frames[0]
		}
	}
	return ""
}

// told tells of goroutines, each with the calls that it is in.
func told(all []goroutine) string {
	var b strings.Builder
	for _, g := range all[:min(len(all), most)] {
		fmt.Fprintf(&b, "\n  %s", g.waits)
		for _, frame := range g.frames[:min(len(g.frames), most)] {
			fmt.Fprintf(&b, "\n      %s", frame)
		}
	}
	if more := len(all) - most; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}
