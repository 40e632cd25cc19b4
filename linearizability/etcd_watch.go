package linearizability

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A watch of etcd is told the changes of some keys from a revision on, in their order, each once and none left out; it may lag behind. So
// it is judged by itself: by the order of its events, and by the changes of which it is known at which revision they were made. See "Watch
// API guarantees" in etcd's documentation.

// etcdWatch is a watch, as far as it matters.
type etcdWatch struct {
	Request struct {
		Key        string
		Revision   int64
		WithPrefix bool
	}
	Responses []struct {
		Events           []etcdEvent
		IsProgressNotify bool
		Revision         int64
		Time             int64
	}

	client int
	line   int
}

type etcdEvent struct {
	Type, Key string
	Value     etcdValue
	Revision  int64
}

// watch takes the watches of a file.
func (e *etcd) watch(d *documents, file string) error {
	name := strconv.Itoa(clientNumber(strings.TrimSuffix(file, "/watch.json")))
	return d.each(func(object []byte, line int) error {
		w := etcdWatch{line: line}
		if err := decodeObject(d.lines, object, line, &w); err != nil {
			return err
		}
		w.client = e.called("watch of client-" + name)
		for len(e.ClientFiles) <= w.client {
			e.ClientFiles = append(e.ClientFiles, file)
		}
		e.watches = append(e.watches, w)
		return nil
	})
}

// change is what a revision did to a key.
type change struct {
	etcdEvent
	op int // that made it
}

func (c *etcdEvent) String() string {
	if c.Type == deleteStep {
		return "delete " + keyName(c.Key)
	}
	return "put " + keyName(c.Key) + " " + c.Value.value().String()
}

// changes returns what every revision is known to have done, in their order.
func (e *etcd) changes() (all []change) {
	revisions := make([]int64, 0, len(e.made))
	for r := range e.made {
		revisions = append(revisions, r)
	}
	slices.Sort(revisions)
	for _, r := range revisions {
		o := &e.all[e.made[r]]
		if o.Output.Persisted && !o.assigned {
			continue // it is not known which of its branches
		}
		for k, s := range o.branch() {
			c := change{etcdEvent{Type: s.Type, Revision: r}, e.made[r]}
			switch {
			case s.Type == putStep:
				c.Key, c.Value = s.Put.Key, s.Put.Value
			case s.Type == deleteStep && (o.assigned || o.result(k).Deleted > 0):
				c.Key = s.Delete.Key
			default:
				continue
			}
			all = append(all, c)
		}
	}
	return all
}

// judgeWatches returns what is wrong with watches, one thing of each.
func (e *etcd) judgeWatches(changes []change) (wrong []Broken) {
	if len(e.watches) == 0 {
		return nil
	}
	events := 0
	for k := range e.watches {
		w := &e.watches[k]
		for _, r := range w.Responses {
			events += len(r.Events)
		}
		if message, op, at := e.judgeWatch(w, changes); message != "" {
			wrong = append(wrong, e.broken(w, message, op, at))
		}
	}
	for k := range wrong {
		wrong[k].Of = events
	}
	e.Notes = append(e.Notes, fmt.Sprintf("%d watches with %d events are judged too", len(e.watches), events))
	return wrong
}

// judgeWatch returns the first thing that is wrong with a watch, the operation that it contradicts (-1 for none), and the revision.
func (e *etcd) judgeWatch(w *etcdWatch, changes []change) (message string, op int, at int64) {
	got := map[version]bool{}
	last, notified, from, lastResponse := int64(0), int64(0), w.Request.Revision, -1
	for n, r := range w.Responses {
		for k := range r.Events {
			event := &r.Events[k]
			if from == 0 {
				from = event.Revision
			}
			if message, op = e.judgeEvent(w, event, last, notified, n != lastResponse, got, changes); message != "" {
				return message, op, event.Revision
			}
			got[version{event.Key, event.Revision}] = true
			last, lastResponse = event.Revision, n
		}
		if !r.IsProgressNotify {
			continue
		}
		if from == 0 {
			from = r.Revision + 1
		}
		if r.Revision < max(notified, last) {
			return fmt.Sprintf("is told that it knows everything up to revision %d after it was told of revision %d", r.Revision, max(notified, last)), -1, r.Revision
		}
		notified = r.Revision
	}
	for _, c := range changes {
		if from > 0 && c.Revision >= from && c.Revision <= max(last, notified) && w.asks(c.Key) && !got[version{c.Key, c.Revision}] {
			return fmt.Sprintf("misses revision %d (%s), though it is told of revision %d", c.Revision, &c, max(last, notified)), c.op, c.Revision
		}
	}
	return "", -1, 0
}

// judgeEvent says what is wrong with an event, by itself and after the ones before it.
func (e *etcd) judgeEvent(w *etcdWatch, event *etcdEvent, last, notified int64, other bool, got map[version]bool, changes []change) (string, int) {
	switch {
	case !w.asks(event.Key):
		return fmt.Sprintf("is told of %s, which it did not ask for", keyName(event.Key)), -1
	case event.Revision < w.Request.Revision:
		return fmt.Sprintf("is told of revision %d, though it asked for those from %d on", event.Revision, w.Request.Revision), -1
	case event.Revision < last:
		return fmt.Sprintf("is told of revision %d (%s) after revision %d", event.Revision, event, last), -1
	case got[version{event.Key, event.Revision}]:
		return fmt.Sprintf("is told twice of revision %d (%s)", event.Revision, event), -1
	case event.Revision <= notified:
		return fmt.Sprintf("is told of revision %d (%s) after it was told that it knows everything up to %d", event.Revision, event, notified), -1
	case event.Revision == last && other:
		return fmt.Sprintf("is told of revision %d in two pieces", event.Revision), -1
	}
	at, _ := slices.BinarySearchFunc(changes, event.Revision, func(c change, r int64) int { return int(max(-1, min(1, c.Revision-r))) })
	for k := at; k < len(changes) && changes[k].Revision == event.Revision; k++ {
		if c := &changes[k]; c.Key == event.Key && c.Type == event.Type && (c.Type == deleteStep || c.Value.value() == event.Value.value()) {
			return "", -1
		}
	}
	if at < len(changes) && changes[at].Revision == event.Revision {
		return fmt.Sprintf("is told that revision %d is %s, and it is %s", event.Revision, event, &changes[at]), changes[at].op
	}
	return "", -1
}

// asks reports whether a watch is of a key.
func (w *etcdWatch) asks(key string) bool {
	return key == w.Request.Key || w.Request.WithPrefix && strings.HasPrefix(key, w.Request.Key)
}

// broken tells what is wrong with a watch.
func (e *etcd) broken(w *etcdWatch, message string, op int, at int64) Broken {
	what := "watch " + keyName(w.Request.Key)
	if w.Request.Revision > 0 {
		what += fmt.Sprintf(" from %d", w.Request.Revision)
	}
	seen := Operation{Client: w.client, CallLine: w.line, ReturnLine: w.line, Do: []Action{ReadOf(what)}}
	if n := len(w.Responses); n > 0 {
		seen.Call, seen.Return = w.Responses[0].Time, max(w.Responses[0].Time, w.Responses[n-1].Time)
	}
	b := Broken{Keys: []string{what}, Message: fmt.Sprintf("the %s (%s) %s", e.Clients[w.client], what, message),
		Why: []string{"A watch is told every change of its keys from where it begins, in the order of the revisions, each once; up to where it has come nothing may be missing."}}
	b.Operations = []Witnessed{{Index: -1, Client: e.Clients[w.client], Text: what + ": " + w.around(at), Operation: seen}}
	if op >= 0 {
		o := &e.all[op]
		made := Operation{Client: o.client, Call: o.Call, Return: o.Return, CallLine: o.line, ReturnLine: o.line, Do: e.transaction(o)}
		if made.Outcome = Returned; o.assigned {
			made.Outcome = Unknown
		}
		b.Operations = append([]Witnessed{{Index: -1, Client: clientName(e.Clients[o.client]), Text: made.String(), Operation: made}}, b.Operations...)
		b.Guilty = 1
		b.Why = append(b.Why, fmt.Sprintf("Operation 1 made revision %d: etcd's answer says so, or the revision of the key that others saw.", at))
	}
	return b
}

// around tells the events of a watch next to a revision.
func (w *etcdWatch) around(at int64) string {
	var told []string
	before, after := "", ""
	for _, r := range w.Responses {
		for _, event := range r.Events {
			text := fmt.Sprintf("%d %s", event.Revision, &event)
			switch {
			case event.Revision == at:
				told = append(told, text)
			case event.Revision < at:
				before = text
			case after == "":
				after = text
			}
		}
	}
	if before != "" {
		told = append([]string{before}, told...)
	}
	if after != "" {
		told = append(told, after)
	}
	return strings.Join(told, ", ")
}
