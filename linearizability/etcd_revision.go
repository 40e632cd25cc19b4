package linearizability

import (
	"fmt"
	"slices"
)

// etcd's revisions are an order of all changes. Where they contradict the time, each other, or what was read, two operations show it, however
// long the history is. What is found here is sure; what is not found is left to the search for an order.

// judgeRevisions returns the first thing that the revisions contradict.
func (e *etcd) judgeRevisions(changes []change) []Broken {
	if message, before, after, why := e.twoAtOnce(); message != "" {
		return []Broken{e.contradiction(message, before, after, why)}
	}
	if message, before, after, why := e.againstTime(); message != "" {
		return []Broken{e.contradiction(message, before, after, why)}
	}
	of := map[string][]change{}
	for _, c := range changes {
		of[c.Key] = append(of[c.Key], c)
	}
	for k := range e.all {
		if !e.all[k].answered() || e.all[k].Output.ClientError != "" {
			continue
		}
		if message, maker, why := e.misread(k, of); message != "" {
			return []Broken{e.contradiction(message, maker, k, why)}
		}
	}
	return nil
}

// twoAtOnce looks for two operations that were both told that they made a revision.
func (e *etcd) twoAtOnce() (message string, a, b int, why string) {
	for k := range e.all {
		o := &e.all[k]
		if first, made := e.made[o.revision]; made && first != k && o.revision > 0 {
			return fmt.Sprintf("is told that it made revision %d, which another made", o.revision), first, k,
				"Every change of the store has a revision of its own."
		}
	}
	return "", 0, 0, ""
}

// at is the revision of the store when an operation took effect; 0 if that is not known.
func (o *etcdOperation) at() int64 {
	switch {
	case o.revision > 0:
		return o.revision
	case o.answered() && o.Output.ClientError == "":
		return max(o.Output.Revision, 0)
	}
	return 0
}

// againstTime looks for an operation that was called after another had returned, and has the smaller revision.
func (e *etcd) againstTime() (message string, a, b int, why string) {
	var returned []int // with a revision, in the order of their returns
	for k := range e.all {
		if o := &e.all[k]; o.at() > 0 && o.answered() {
			returned = append(returned, k)
		}
	}
	slices.SortStableFunc(returned, func(a, b int) int { return int(max(-1, min(1, e.all[a].Return-e.all[b].Return))) })
	most, next := -1, 0
	for k := range e.all { // in the order of their calls
		o := &e.all[k]
		for ; next < len(returned) && e.all[returned[next]].Return < o.Call; next++ {
			if most < 0 || e.all[returned[next]].at() > e.all[most].at() {
				most = returned[next]
			}
		}
		if most < 0 || o.at() == 0 {
			continue
		}
		if before := e.all[most].at(); o.at() < before || o.at() == before && o.revision > 0 {
			return fmt.Sprintf("is at revision %d, after revision %d was told", o.at(), before), most, k,
				fmt.Sprintf("Operation 1 had returned at revision %d when operation 2 was called; revisions do not go back.", before)
		}
	}
	return "", 0, 0, ""
}

// misread looks for something that an operation saw and that was not so at its revision.
func (e *etcd) misread(k int, of map[string][]change) (message string, maker int, why string) {
	o := &e.all[k]
	r := o.at()
	if o.revision > 0 {
		r-- // it saw what was there before
	}
	if o.Input.Range != nil && o.Input.Range.Revision != 0 {
		r = min(r, o.Input.Range.Revision) // it asked for what was there then
	}
	if r <= 0 {
		return "", 0, ""
	}
	own := map[string]bool{}
	for _, a := range e.shown(o) {
		if a.changes(true) {
			own[a.Key] = true
		}
		v, saw := a.seen()
		if !saw || own[a.Key] || a.Key == revisionKey {
			continue
		}
		if message, maker, why = e.misreadKey(a.Key, v, r, of[a.Key]); message != "" {
			return message, maker, why
		}
	}
	return "", 0, ""
}

// shown is what an operation saw.
func (e *etcd) shown(o *etcdOperation) []Action {
	switch {
	case o.Input.Txn != nil:
		return e.transaction(o)
	case o.Input.Range != nil && o.Output.Range != nil:
		return e.ranged(o.Input.Range.etcdRange, o.Output.Range)
	}
	return nil
}

// misreadKey compares what was seen of a key at a revision with the last change of it that is known to have been made by then.
func (e *etcd) misreadKey(key string, v Value, r int64, changes []change) (message string, maker int, why string) {
	n, _ := slices.BinarySearchFunc(changes, r+1, func(c change, r int64) int { return int(max(-1, min(1, c.Revision-r))) })
	if n == 0 {
		return "", 0, ""
	}
	last := &changes[n-1]
	want := Absent
	if last.Type == putStep {
		want = List(last.Value.value(), Number(last.Revision))
	}
	if v == want || e.changedUnseen(key, last.Revision, r, v) {
		return "", 0, ""
	}
	return fmt.Sprintf("at revision %d sees %s: %s, though revision %d was %s", r, keyName(key), v, last.Revision, &last.etcdEvent), last.op,
		fmt.Sprintf("Operation 1 made revision %d (%s). Nothing that is known changed %s from then until revision %d, at which operation 2 sees %s.",
			last.Revision, &last.etcdEvent, keyName(key), r, v)
}

// changedUnseen reports whether a change of which nobody was told may have left a value of a key, between two revisions.
func (e *etcd) changedUnseen(key string, from, to int64, v Value) bool {
	parts, n := v.apart()
	if revision, isNumber := parts[1].number(); n == 2 && isNumber {
		_, made := e.made[revision]
		return !made && revision > from && revision <= to
	}
	for r := from + 1; r <= to; r++ {
		if _, made := e.made[r]; !made {
			return true
		}
	}
	return false
}

// contradiction tells of two operations.
func (e *etcd) contradiction(message string, before, after int, why string) Broken {
	b := Broken{Of: len(e.all), Guilty: 1, Why: []string{why, "etcd numbers every change of the store: the revisions are an order in which they took effect."}}
	for _, k := range []int{before, after} {
		o := &e.all[k]
		out := Operation{Client: o.client, Call: o.Call, Return: o.Return, CallLine: o.line, ReturnLine: o.line, Do: e.told(o)}
		if !o.answered() {
			out.Outcome = Unknown
		}
		b.Operations = append(b.Operations, Witnessed{Index: -1, Client: clientName(e.Clients[o.client]), Text: out.String(), Operation: out})
		for _, a := range out.Do {
			if !slices.Contains(b.Keys, a.Key) {
				b.Keys = append(b.Keys, a.Key)
			}
		}
	}
	b.Message = fmt.Sprintf("%s %s", b.Operations[1].Client, message)
	return b
}

// told is an operation for people: at which revision, and what it did.
func (e *etcd) told(o *etcdOperation) []Action {
	switch {
	case o.Input.Txn != nil && o.answered():
		return e.transaction(o)
	case o.Input.Txn != nil:
		return e.lost(o)
	}
	return append(e.atRevision(o), e.shown(o)...)
}
