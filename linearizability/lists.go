package linearizability

import (
	"slices"
	"strings"
)

// lists is what is known of the keys of a part that are appended to. A list from which an element is taken out everywhere (from every
// append, every write and every read) behaves as before: what was linearizable still is. So elements that do not matter can be left
// out of a witness. A text that clients append to is such a list too, if it can be read in one way only as a sequence of what they
// wrote and appended; then it is turned into one.
type lists struct {
	keys  map[string]bool     // that are appended to
	left  map[int][]Action    // operations as they were before elements were left out; by index
	parts map[string][]string // of a key that was a text: the words it consists of, ascending
	kept  map[element]bool    // the elements that were not left out
	all   []element           // in the order of their first append
}

type element struct {
	key   string
	value Value
}

// listsOf looks for appends among the operations, and turns texts into lists. It returns nil if there is nothing to leave out.
func listsOf(h *History, keys []string, set []int) *lists {
	l := &lists{keys: map[string]bool{}, parts: map[string][]string{}, left: map[int][]Action{}, kept: map[element]bool{}}
	for _, k := range set {
		for _, a := range h.Operations[k].Do {
			if a.Kind == Append {
				l.keys[a.Key] = true
			}
		}
	}
	if len(l.keys) == 0 || slices.ContainsFunc(keys, func(key string) bool { return h.initial(key) != Absent }) {
		return nil
	}
	for _, k := range set {
		l.left[k] = slices.Clone(h.Operations[k].Do)
	}
	for _, key := range keys {
		if l.keys[key] && !l.readable(h, key, set) {
			delete(l.keys, key)
		}
	}
	l.collect(h, set)
	if len(l.all) < 2 {
		return nil
	}
	return l
}

// readable makes sure that all that the key ever holds is a list, turning texts into lists if that can be done in one way only.
func (l *lists) readable(h *History, key string, set []int) bool {
	var words []string
	isList, isText := true, true
	each(h, key, set, func(a *Action) {
		if a.Kind != Read && a.Value != Absent {
			isList = isList && a.Value.IsList()
			isText = isText && a.Value[0] == kindText && len(a.Value) > 1
			words = append(words, string(a.Value[1:]))
		}
	})
	if isList || !isText {
		return isList
	}
	if !prefixFree(&words) {
		return false
	}
	l.parts[key] = words
	each(h, key, set, func(a *Action) {
		a.Value = inWords(a.Value, words)
		a.Expected = inWords(a.Expected, words)
	})
	return true
}

// prefixFree sorts words, drops those that occur twice, and reports whether none begins another: then a text consists of them in one
// way at most.
func prefixFree(words *[]string) bool {
	slices.Sort(*words)
	*words = slices.Compact(*words)
	for k := 1; k < len(*words); k++ {
		if strings.HasPrefix((*words)[k], (*words)[k-1]) {
			return false
		}
	}
	return true
}

// each calls change for every action on the key.
func each(h *History, key string, set []int, change func(*Action)) {
	for _, k := range set {
		for n := range h.Operations[k].Do {
			if a := &h.Operations[k].Do[n]; a.Key == key {
				change(a)
			}
		}
	}
}

// inWords returns a text as the list of the words it consists of. A text that does not consist of them stays: no order of the
// operations can lead to it. words are ascending, and none begins another.
func inWords(v Value, words []string) Value {
	if v == Absent || v[0] != kindText {
		return v
	}
	var list []byte
	for rest := string(v[1:]); rest != ""; {
		at, exact := slices.BinarySearch(words, rest)
		if !exact {
			at--
		}
		if at < 0 || !strings.HasPrefix(rest, words[at]) {
			return v
		}
		list = appendElement(list, Text(words[at]))
		rest = rest[len(words[at]):]
	}
	return listOf(list)
}

// collect lists the elements.
func (l *lists) collect(h *History, set []int) {
	for _, k := range set {
		for n := range h.Operations[k].Do {
			a := &h.Operations[k].Do[n]
			if !l.keys[a.Key] {
				continue
			}
			for v := range a.Value.Elements {
				if e := (element{a.Key, v}); !l.kept[e] {
					l.kept[e] = true
					l.all = append(l.all, e)
				}
			}
		}
	}
}

// shrink leaves out as many elements as it can, and operations that do nothing any more.
func (l *lists) shrink(s *shrinker, set *[]int) {
	for size := (len(l.all) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at < len(l.all); {
			if l.leaveOut(s, set, l.all[at:min(at+size, len(l.all))]) {
				l.all = slices.Delete(l.all, at, min(at+size, len(l.all)))
			} else {
				at += size
			}
		}
	}
}

// fewest looks whether the elements of the core are enough, or one element, or two, as they often are.
func (l *lists) fewest(s *shrinker, core *conflict, set *[]int) {
	if core != nil {
		kept := map[Value]bool{}
		for _, v := range core.elements {
			kept[v] = true
			for e := range v.Elements {
				kept[e] = true
			}
		}
		if l.only(s, set, func(e element) bool { return kept[e.value] }) {
			return
		}
	}
	for _, e := range l.all {
		if l.only(s, set, func(x element) bool { return x == e }) {
			return
		}
	}
	if len(l.all)*len(l.all) > 2*mostPairs {
		return
	}
	for k, e := range l.all {
		for _, f := range l.all[k+1:] {
			if e.key == f.key && l.only(s, set, func(x element) bool { return x == e || x == f }) {
				return
			}
		}
	}
}

// only leaves out all elements but some, unless that takes the wrong out too.
func (l *lists) only(s *shrinker, set *[]int, some func(element) bool) bool {
	others := slices.DeleteFunc(slices.Clone(l.all), some)
	if len(others) == 0 || !l.leaveOut(s, set, others) {
		return false
	}
	l.all = slices.DeleteFunc(l.all, func(e element) bool { return !some(e) })
	return true
}

// leaveOut takes elements out everywhere, unless that takes the wrong out too.
func (l *lists) leaveOut(s *shrinker, set *[]int, unwanted []element) bool {
	if s.late() {
		return false
	}
	before := make([][]Action, len(*set))
	for _, e := range unwanted {
		delete(l.kept, e)
	}
	var empty []int
	for n, k := range *set {
		o := &s.h.Operations[k]
		before[n] = o.Do
		o.Do = slices.Clone(o.Do)
		for a := range o.Do {
			l.project(&o.Do[a])
		}
		o.Do = slices.DeleteFunc(o.Do, func(a Action) bool { return a.Kind == Append && a.Value == Absent })
		if len(o.Do) == 0 {
			empty = append(empty, k)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(*set), func(k int) bool { return slices.Contains(empty, k) })
	if s.wrong(rest) {
		*set = rest
		return true
	}
	for n, k := range *set {
		s.h.Operations[k].Do = before[n]
	}
	for _, e := range unwanted {
		l.kept[e] = true
	}
	return false
}

// project leaves the elements out of an action that are not kept. That a comparison failed says nothing afterwards.
func (l *lists) project(a *Action) {
	if !l.keys[a.Key] {
		return
	}
	a.Value = l.projected(a.Key, a.Value)
	if a.Kind == CompareAndSet {
		a.Expected = l.projected(a.Key, a.Expected)
		if a.Differs {
			*a = Action{Kind: Read, Key: a.Key}
		}
	}
}

func (l *lists) projected(key string, v Value) Value {
	if !v.IsList() {
		return v
	}
	var list []byte
	for e := range v.Elements {
		if l.kept[element{key, e}] {
			list = appendElement(list, e)
		}
	}
	return listOf(list)
}
