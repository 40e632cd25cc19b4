package linearizability

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// explain says in words why no order of the witness fits.
func (f *Finding) explain(whole *History) {
	for _, try := range []func(*History) bool{f.explainThing, f.nobodyWrote, f.readEarly, f.twoStretches, f.neverPossible} {
		if try(whole) {
			return
		}
	}
	g := &f.Operations[f.Guilty]
	f.Message = fmt.Sprintf("%s: %s, which no order of the operations explains", g.Client, g.Text)
	f.Why = append(f.Why, "Every order was tried in which an operation that returned before another was called comes first. "+
		"In none of them does every operation see what it saw.")
}

// operation names an operation by its number in the witness.
func operation(n int) string { return fmt.Sprintf("operation %d", n+1) }

// does says what an operation did: "reads 3 from x".
func does(o *Operation) string {
	if len(o.Do) != 1 {
		return "does " + o.String()
	}
	a := &o.Do[0]
	from, to, of := "", "", ""
	if a.Key != "" {
		from, to, of = " from "+keyName(a.Key), " to "+keyName(a.Key), " of "+keyName(a.Key)
	}
	switch a.Kind {
	case Read:
		return "reads " + a.Value.String() + from
	case Write:
		return "writes " + a.Value.String() + to
	case Append:
		return "appends " + a.Value.String() + to
	case Add:
		return "adds " + a.Value.String() + to
	case Expect:
		return "does " + a.String()
	}
	said := fmt.Sprintf("compares and sets%s %s to %s", of, a.Expected, a.Value)
	if a.Differs {
		said = fmt.Sprintf("finds that the value%s is not %s", of, a.Expected)
	}
	return said
}

// nobodyWrote: a read of a value that no operation can have left there.
func (f *Finding) nobodyWrote(whole *History) bool {
	o := &f.History.Operations[f.Guilty]
	if len(o.Do) != 1 || o.Do[0].Kind != Read || o.Do[0].Value == whole.initial(o.Do[0].Key) || o.Do[0].Value.IsList() {
		return false
	}
	read := o.Do[0]
	failed := -1
	for k := range whole.Operations {
		w := &whole.Operations[k]
		for _, a := range w.Do {
			switch {
			case a.Key != read.Key || !a.changes(w.Outcome == Returned):
			case (a.Kind == Append || a.Kind == Add) && w.Outcome != Failed:
				return false
			case a.Value == read.Value && w.Outcome != Failed:
				return false
			case a.Value == read.Value && w.callRank() < o.returnRank():
				failed = k
			}
		}
	}
	f.Message = fmt.Sprintf("%s %s, which nobody wrote", f.Operations[f.Guilty].Client, does(o))
	f.Why = append(f.Why, fmt.Sprintf("No operation writes %s%s.", read.Value, toKey(read.Key)))
	if failed >= 0 {
		w := &whole.Operations[failed]
		f.Message = fmt.Sprintf("%s %s, though the write of it failed", f.Operations[f.Guilty].Client, does(o))
		f.Why = []string{fmt.Sprintf("Only %s wanted to write %s%s, %s; its client was told that it definitely has no effect.",
			clientName(whole.Clients[w.Client]), read.Value, toKey(read.Key), called(w))}
	}
	return true
}

func toKey(key string) string {
	if key == "" {
		return ""
	}
	return " to " + keyName(key)
}

func called(o *Operation) string {
	if o.CallLine > 0 {
		return fmt.Sprintf("at line %d", o.CallLine)
	}
	return fmt.Sprintf("at moment %d", o.Call)
}

// register returns the stretches of a register, that of the first value in front, if the witness is of one and no value in it is
// written twice.
func (f *Finding) register() ([]*stretch, bool) {
	if len(f.Keys) != 1 {
		return nil, false
	}
	first := &stretch{value: f.History.initial(f.Keys[0]), write: initialWrite}
	of := map[Value]*stretch{first.value: first}
	all := []*stretch{first}
	for k := range f.History.Operations {
		o := &f.History.Operations[k]
		a := &o.Do[0]
		if len(o.Do) != 1 || a.Kind != Read && a.Kind != Write {
			return nil, false
		}
		s := of[a.Value]
		if s == nil {
			s = &stretch{value: a.Value, write: initialWrite}
			of[a.Value] = s
			all = append(all, s)
		}
		if a.Kind == Write {
			if s.write != initialWrite || s == first {
				return nil, false
			}
			s.write = k
		}
		s.ops = append(s.ops, k)
	}
	return all, true
}

// stretch is the time during which a register holds a value.
type stretch struct {
	value Value
	write int   // index into the witness; initialWrite if nobody writes it
	ops   []int // the write and the reads
}

// readEarly: a read of a value before it is written.
func (f *Finding) readEarly(*History) bool {
	all, ok := f.register()
	if !ok {
		return false
	}
	for _, s := range all {
		for _, k := range s.ops {
			if s.write == initialWrite || k == s.write || !precedes(f.History, k, s.write) {
				continue
			}
			f.Message = fmt.Sprintf("%s %s before it is written", f.Operations[k].Client, does(&f.History.Operations[k]))
			f.Why = append(f.Why, fmt.Sprintf("%s, the only one that writes %s, was called after %s had returned.",
				sentence(operation(s.write)), s.value, operation(k)))
			return true
		}
	}
	return false
}

// sentence gives our own words a capital; keys and values stay as they are.
func sentence(s string) string {
	if strings.HasPrefix(s, "operation ") || strings.HasPrefix(s, "client ") || s == "the register" || strings.HasPrefix(s, "the lock") {
		return strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}

// twoStretches: two values of a register that would each have to come before the other.
func (f *Finding) twoStretches(whole *History) bool {
	all, ok := f.register()
	if !ok {
		return false
	}
	for _, a := range all {
		for _, b := range all {
			if a == b || b == all[0] {
				continue
			}
			a1, b2, before := f.before(a, b)
			b1, a2, after := f.before(b, a)
			if before && after && a2 != initialWrite && f.History.Operations[a2].Do[0].Kind == Read {
				f.tellStretches(whole, a, b, a1, b2, b1, a2)
				return true
			}
		}
	}
	return false
}

// before returns an operation of one stretch that returned before one of the other was called; initialWrite stands for the beginning.
func (f *Finding) before(a, b *stretch) (x, y int, found bool) {
	if a.write == initialWrite && a.value == f.History.initial(f.Keys[0]) && len(b.ops) > 0 {
		return initialWrite, b.ops[0], true
	}
	for _, x := range a.ops {
		for _, y := range b.ops {
			if precedes(f.History, x, y) {
				return x, y, true
			}
		}
	}
	return 0, 0, false
}

// tellStretches: a comes before b, as a1 was over when b2 began; b comes before a, as b1 was over when the read a2 began.
func (f *Finding) tellStretches(whole *History, a, b *stretch, a1, b2, b1, a2 int) {
	key := keyName(f.Keys[0])
	if key == "" {
		key = "the register"
	}
	f.Guilty = a2
	f.Message = fmt.Sprintf("%s %s after %s had replaced it", f.Operations[a2].Client, does(&f.History.Operations[a2]), b.value)
	f.Why = append(f.Why, f.onlySource(whole, a, key))
	if a1 != initialWrite {
		f.Why = append(f.Why, fmt.Sprintf("%s came first: %s.", a.value, f.over(a1, b2)))
	}
	f.Why = append(f.Why, fmt.Sprintf("%s had replaced it before %s was called, which reads %s: %s.", b.value, operation(a2), a.value, f.over(b1, a2)))
}

// onlySource says where the value of a stretch comes from, and why from nowhere else.
func (f *Finding) onlySource(whole *History, s *stretch, key string) string {
	if s.write == initialWrite {
		return fmt.Sprintf("%s holds %s at first, and nobody can have written it again.", sentence(key), s.value)
	}
	writes := 0
	for k := range whole.Operations {
		o := &whole.Operations[k]
		for n := range o.Do {
			if a := &o.Do[n]; o.Outcome != Failed && a.Key == f.Keys[0] && a.changes(o.Outcome == Returned) && a.Value == s.value {
				writes++
			}
		}
	}
	if writes == 1 {
		return fmt.Sprintf("%s holds %s during one stretch of time: only %s writes it.", sentence(key), s.value, operation(s.write))
	}
	return fmt.Sprintf("%s holds the %s that was read during one stretch of time: only %s can have written it, since other writes of it were replaced "+
		"before, or called later.", sentence(key), s.value, operation(s.write))
}

// over says that one operation had returned when another was called, and where that is seen.
func (f *Finding) over(x, y int) string {
	a, b := &f.History.Operations[x], &f.History.Operations[y]
	where := ""
	if a.ReturnLine > 0 && b.CallLine > 0 && a.ReturnLine != b.CallLine {
		where = fmt.Sprintf(" (line %d, then line %d)", a.ReturnLine, b.CallLine)
	}
	return fmt.Sprintf("%s (%s) had returned when %s (%s) was called%s", operation(x), f.History.text(a), operation(y), f.History.text(b), where)
}

// mostOrders is how many steps are taken to find out what an operation could have seen.
const mostOrders = 200_000

// neverPossible: what the last operation to return could have seen, in every order of the others.
func (f *Finding) neverPossible(*History) bool {
	g := &f.History.Operations[f.Guilty]
	if g.Outcome != Returned || len(f.History.Operations) > 16 {
		return false
	}
	e := eventualities{Finding: f, h: f.History, guilty: f.Guilty, seen: map[string]bool{}, steps: mostOrders}
	e.from(make([]bool, len(f.History.Operations)), map[string]Value{})
	if e.steps <= 0 || len(e.found) == 0 || slices.Contains(e.found, e.saw) {
		return false
	}
	slices.Sort(e.found)
	if len(e.found) > 8 {
		return false
	}
	what := "see " + orList(e.found)
	f.Message = fmt.Sprintf("%s %s, but can only %s", f.Operations[f.Guilty].Client, does(g), what)
	if elements := f.listRead(g, e.values); elements != "" {
		f.Message = fmt.Sprintf("%s reads %s", f.Operations[f.Guilty].Client, elements)
	}
	far := ""
	if f.lists != nil && slices.ContainsFunc(f.Operations, func(o Witnessed) bool { return strings.Contains(o.Text, "…") }) {
		far = ", of the elements that matter"
	}
	f.Why = append(f.Why, fmt.Sprintf("In whatever order the other operations happened that fits what they saw, %s could only %s%s. It saw %s.",
		operation(f.Guilty), what, far, e.saw))
	return true
}

// listRead says in which elements a list that was read differs from all that it could have been; "" if it is no list, or cannot be
// said in short.
func (f *Finding) listRead(o *Operation, could []Value) string {
	a := &o.Do[0]
	if len(o.Do) != 1 || a.Kind != Read || !slices.ContainsFunc(append(could, a.Value), Value.IsList) {
		return ""
	}
	read := slices.Collect(a.Value.Elements)
	for e := range could[0].Elements {
		if !slices.Contains(read, e) && inAll(could, e) {
			return fmt.Sprintf("%s without %s, which had been appended before", keyName(a.Key), e)
		}
	}
	for _, e := range read {
		if !slices.ContainsFunc(could, func(v Value) bool { return inAll([]Value{v}, e) }) {
			return fmt.Sprintf("%s with %s, which cannot be there", keyName(a.Key), e)
		}
	}
	return fmt.Sprintf("%s: %s, in an order that others contradict", keyName(a.Key), f.value(a.Key, a.Value))
}

// inAll reports whether all of the lists have the element.
func inAll(lists []Value, e Value) bool {
	for _, v := range lists {
		if !slices.Contains(slices.Collect(v.Elements), e) {
			return false
		}
	}
	return true
}

// value prints a value of the witness: a list of the words of a text as the text.
func (f *Finding) value(key string, v Value) string {
	if f.lists == nil || f.lists.parts[key] == nil || v != Absent && !v.IsList() {
		return v.String()
	}
	text := ""
	for e := range v.Elements {
		text += string(e[1:])
	}
	return strconv.Quote(text)
}

func orList(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// eventualities collects what an operation could have seen, by trying all orders of the others.
type eventualities struct {
	*Finding
	h      *History
	guilty int
	seen   map[string]bool
	found  []string
	values []Value // of a guilty operation that is one read
	saw    string
	steps  int
}

// from tries all orders of what is not done, in a state; it stops at the guilty operation, since nothing that comes later returned before it.
func (e *eventualities) from(done []bool, state map[string]Value) {
	for k := range e.h.Operations {
		if e.steps--; e.steps <= 0 {
			return
		}
		if done[k] || !e.next(done, k) {
			continue
		}
		o := &e.h.Operations[k]
		if k == e.guilty {
			e.note(o, state)
			continue
		}
		after := make(map[string]Value, len(state)+1)
		for key, v := range state {
			after[key] = v
		}
		fits := true
		for n := range o.Do {
			held, ok := o.Do[n].take(e.held(after, o.Do[n].Key), o.Outcome == Returned)
			fits = fits && ok
			after[o.Do[n].Key] = held
		}
		if fits {
			done[k] = true
			e.from(done, after)
			done[k] = false
		}
	}
}

func (e *eventualities) held(state map[string]Value, key string) Value {
	if v, set := state[key]; set {
		return v
	}
	return e.h.initial(key)
}

// next reports whether nothing that is not done had returned when operation k was called.
func (e *eventualities) next(done []bool, k int) bool {
	for j := range e.h.Operations {
		if !done[j] && j != k && precedes(e.h, j, k) {
			return false
		}
	}
	return true
}

// note adds what the guilty operation sees in a state.
func (e *eventualities) note(o *Operation, state map[string]Value) {
	own := map[string]Value{}
	var could, saw []string
	for n := range o.Do {
		a := &o.Do[n]
		held, changed := own[a.Key]
		if !changed {
			held = e.held(state, a.Key)
		}
		name := ""
		if len(o.Do) > 1 {
			name = keyName(a.Key) + ": "
		}
		switch {
		case a.Kind == Read && a.Shown:
			could, saw = append(could, name+e.value(a.Key, held)), append(saw, name+e.value(a.Key, a.Value))
			e.values = append(e.values, held)
		case a.Kind == Expect && a.Differs:
			could, saw = append(could, name+e.value(a.Key, held)), append(saw, name+"something other than "+a.Value.String())
		case a.Kind == Expect:
			could, saw = append(could, name+e.value(a.Key, held)), append(saw, name+e.value(a.Key, a.Value))
		case a.Kind == CompareAndSet && a.Differs:
			could, saw = append(could, name+e.value(a.Key, held)), append(saw, name+"something other than "+a.Expected.String())
		case a.Kind == CompareAndSet:
			could, saw = append(could, name+e.value(a.Key, held)), append(saw, name+e.value(a.Key, a.Expected))
		}
		own[a.Key], _ = a.take(held, false)
	}
	e.saw = strings.Join(saw, ", ")
	if s := strings.Join(could, ", "); s != "" && !e.seen[s] {
		e.seen[s] = true
		e.found = append(e.found, s)
	}
}
