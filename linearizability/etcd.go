package linearizability

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// What clients of etcd's robustness tests did: client-*/operations.json, one object for each operation of a key-value client, on one line
// (2023) or indented (since 2025), with the moments of its call and return; and client-*/watch.json, one for each watch. As etcd's
// tests/robustness/report/client.go writes them, from commit 11da84a1d (June 2023) to August 2026.
//
// etcd numbers its changes: every answer tells the revision of the whole store, and every key the revision that set it. So the revision is
// a key of the history here, that every change makes one larger, and a key holds [value revision].

// revisionKey is the key that holds the store's revision.
const revisionKey = "(revision)"

// etcdOperation is an operation, as far as it matters.
type etcdOperation struct {
	ClientId int // ClientID likewise
	Input    etcdRequest
	Call     int64
	Output   etcdResponse
	Return   int64

	client, line int
	revision     int64 // at which it changed the store, where that is known; 0 otherwise
	assigned     bool  // by what others saw
}

type etcdRequest struct {
	Type        string // range, txn, leaseGrant, leaseRevoke, defragment, compact
	LeaseRevoke *struct{ LeaseID int64 }
	Range       *struct {
		etcdRange
		Revision int64
	}
	Txn *struct {
		Conditions          []etcdCondition
		OperationsOnSuccess []etcdStep
		OperationsOnFailure []etcdStep
	}
}

type etcdRange struct {
	Start, End string
	Limit      int64
	KeysOnly   bool
}

type etcdCondition struct {
	Key                               string
	ExpectedRevision, ExpectedVersion int64
}

type etcdStep struct {
	Type  string // range-operation, put-operation, delete-operation
	Range etcdRange
	Put   struct {
		Key     string
		Value   etcdValue
		LeaseID int64
	}
	Delete struct{ Key string }
}

type etcdValue struct {
	Value string
	Hash  uint32
}

type etcdResponse struct {
	Txn *struct {
		Failure bool
		Results []etcdResult
	}
	Range           *etcdResult
	Revision        int64
	ClientError     string
	PartialResponse bool  // 2023: only the revision is known
	Persisted       bool  // it took effect, though nobody was told
	PersistedAt     int64 `json:"PersistedRevision"`
	Error           string
}

type etcdResult struct {
	KVs []struct {
		Key         string
		Value       etcdValue
		ModRevision int64
	}
	Count, Deleted int64
}

const (
	putStep    = "put-operation"
	deleteStep = "delete-operation"
)

// value is a value as it is compared: etcd's tests keep long ones as a hash, of some requests only.
func (v etcdValue) value() Value {
	switch {
	case v.Hash != 0:
		return Literal(fmt.Sprintf("hash:%08x", v.Hash))
	case len(v.Value) >= 20:
		h := fnv.New32a()
		h.Write([]byte(v.Value))
		return Literal(fmt.Sprintf("hash:%08x", h.Sum32()))
	}
	return Text(v.Value)
}

// etcd makes a history of operations.
type etcd struct {
	*recorder
	all     []etcdOperation
	watches []etcdWatch
	made    map[int64]int     // of a revision: the operation that made it
	seen    map[version]Value // of a key and the revision that set it: its value
	deleted map[version]bool  // keys that a watch saw deleted, with the revision
	keys    []string          // ascending
	stale   int               // reads of an earlier revision
	unclear map[version]bool  // what somebody saw that more than one operation may have put
	report  bool              // these are all clients of a report
}

// version is a key as one revision left it.
type version struct {
	key      string
	revision int64
}

// readEtcd reads the operations of a file by itself.
func readEtcd(r *recorder, first []byte) error {
	e := newEtcd(r)
	if err := e.operations(&documents{lines: r.lines, started: r.started, line: first}, r.lines.Name()); err != nil {
		return err
	}
	return e.resolve()
}

func newEtcd(r *recorder) *etcd {
	return &etcd{recorder: r, made: map[int64]int{}, seen: map[version]Value{}, deleted: map[version]bool{}, unclear: map[version]bool{}}
}

// reports returns the folders of clients in the folder of a report, ascending; nil if it is none.
func reports(folder string) []string {
	found, _ := filepath.Glob(filepath.Join(folder, "client-*", "operations.json"))
	for k := range found {
		found[k] = filepath.Dir(found[k])
	}
	watching, _ := filepath.Glob(filepath.Join(folder, "client-*", "watch.json"))
	if len(found) == 0 {
		return nil
	}
	for _, w := range watching {
		found = append(found, filepath.Dir(w))
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Or(cmp.Compare(clientNumber(a), clientNumber(b)), cmp.Compare(a, b)) })
	return slices.Compact(found)
}

func clientNumber(folder string) int {
	n, _ := strconv.Atoi(strings.TrimPrefix(filepath.Base(folder), "client-"))
	return n
}

// reportOf returns the folder of the report that a path is, or is a client's operations of, if there are other clients; else "".
func reportOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() && reports(path) != nil {
		return path
	}
	client := filepath.Dir(path)
	if filepath.Base(path) != "operations.json" || !strings.HasPrefix(filepath.Base(client), "client-") {
		return ""
	}
	if folder := filepath.Dir(client); len(reports(folder)) > 1 {
		return folder
	}
	return ""
}

// readReport reads all clients of a report.
func readReport(folder string, o ReadOptions) (*History, error) {
	r := newRecorder(folder, EtcdOperations, nil, o)
	e := newEtcd(r)
	e.report = true
	clients := reports(folder)
	for _, client := range clients {
		if err := e.file(filepath.Join(client, "operations.json"), e.operations); err != nil {
			return nil, err
		}
		if err := e.file(filepath.Join(client, "watch.json"), e.watch); err != nil {
			return nil, err
		}
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%d clients of the report %s are judged together", len(clients), folder))
	if err := e.resolve(); err != nil {
		return nil, err
	}
	return r.finish()
}

// file reads a file of a report, if it is there.
func (e *etcd) file(path string, take func(*documents, string) error) error {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	lines, err := e.options.open(path)
	if err != nil {
		return err
	}
	defer lines.Close()
	return take(&documents{lines: lines}, path)
}

// operations takes the operations of a file.
func (e *etcd) operations(d *documents, file string) error {
	return d.each(func(object []byte, line int) error {
		o := etcdOperation{line: line}
		if err := decodeObject(d.lines, object, line, &o); err != nil {
			return err
		}
		if o.Input.Type == "" {
			return &traces.InputError{File: file, Line: line, Message: `an operation without "Input", or one of a "Type"`}
		}
		name := strconv.Itoa(o.ClientId)
		if o.client = e.called(name); e.report {
			for len(e.ClientFiles) <= o.client {
				e.ClientFiles = append(e.ClientFiles, file)
			}
		}
		e.all = append(e.all, o)
		return nil
	})
}

// decodeObject takes an object apart.
func decodeObject(lines *traces.Lines, object []byte, line int, into any) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if err := d.Decode(into); err != nil {
		return &traces.InputError{File: lines.Name(), Line: line, Message: "no operation of etcd's tests: " + strings.TrimPrefix(err.Error(), "json: ")}
	}
	r := wire.NewReader(object, false)
	r.Unique()
	var place *wire.Error
	if errors.As(r.Err(), &place) {
		return &traces.InputError{File: lines.Name(), Line: line + bytes.Count(object[:place.Column-1], []byte("\n")), Message: place.What}
	}
	return nil
}

// branch is what a transaction did, or would have done if its conditions held.
func (o *etcdOperation) branch() []etcdStep {
	if o.Output.Txn != nil && o.Output.Txn.Failure {
		return o.Input.Txn.OperationsOnFailure
	}
	return o.Input.Txn.OperationsOnSuccess
}

// answered reports whether the client knows what came of it.
func (o *etcdOperation) answered() bool {
	return o.Output.Error == "" && !o.Output.PartialResponse && !o.Output.Persisted && (o.Input.Txn == nil || o.Output.Txn != nil)
}

// changed reports whether an operation that was answered changed the store.
func (o *etcdOperation) changed() bool {
	if o.Input.Txn == nil {
		return false
	}
	for k, s := range o.branch() {
		if s.Type == putStep || s.Type == deleteStep && o.result(k).Deleted > 0 {
			return true
		}
	}
	return false
}

// mayChange reports whether an operation of which nobody knows what came of it may have changed the store.
func (o *etcdOperation) mayChange() bool {
	return o.Input.Txn != nil && slices.ContainsFunc(o.Input.Txn.OperationsOnSuccess, func(s etcdStep) bool { return s.Type != "range-operation" })
}

func (o *etcdOperation) result(k int) etcdResult {
	if o.Output.Txn == nil || k >= len(o.Output.Txn.Results) {
		return etcdResult{}
	}
	return o.Output.Txn.Results[k]
}

// resolve makes the history.
func (e *etcd) resolve() error {
	e.timed = true
	slices.SortStableFunc(e.all, func(a, b etcdOperation) int { return cmp.Compare(a.Call, b.Call) })
	e.learn()
	e.assign()
	if err := e.complete(); err != nil {
		return err
	}
	for k := range e.all {
		e.operation(&e.all[k])
	}
	if e.stale > 0 {
		e.Notes = append(e.Notes, fmt.Sprintf("%d reads asked for an earlier revision; what they saw is compared with the changes that are known", e.stale))
	}
	changes := e.changes()
	e.Broken = append(e.judgeRevisions(changes), e.judgeWatches(changes)...)
	return nil
}

// learn notes which revision every operation made, and what each revision left of a key.
func (e *etcd) learn() {
	keys := map[string]bool{}
	for k := range e.all {
		o := &e.all[k]
		if o.Output.Persisted && o.Output.PersistedAt > 0 {
			o.revision = o.Output.PersistedAt
		} else if o.answered() && o.changed() {
			o.revision = o.Output.Revision
		}
		if o.revision > 0 {
			if _, twice := e.made[o.revision]; !twice {
				e.made[o.revision] = k
			}
		}
		e.learnFrom(o, keys)
	}
	for w := range e.watches {
		for _, r := range e.watches[w].Responses {
			for _, event := range r.Events {
				keys[event.Key] = true
				if at := (version{event.Key, event.Revision}); event.Type == deleteStep {
					e.deleted[at] = true
				} else {
					e.learnValue(at, event.Value.value())
				}
			}
		}
	}
	for key := range keys {
		e.keys = append(e.keys, key)
	}
	slices.Sort(e.keys)
}

// learnFrom notes keys and values of an operation.
func (e *etcd) learnFrom(o *etcdOperation, keys map[string]bool) {
	learnRange := func(r etcdRange, result *etcdResult) {
		if r.End == "" && r.Start != "" {
			keys[r.Start] = true
		}
		for _, kv := range result.KVs {
			keys[kv.Key] = true
			if !r.KeysOnly {
				e.learnValue(version{kv.Key, kv.ModRevision}, kv.Value.value())
			}
		}
	}
	if o.Input.Range != nil && o.Output.Range != nil {
		learnRange(o.Input.Range.etcdRange, o.Output.Range)
	}
	if o.Input.Txn == nil {
		return
	}
	for _, c := range o.Input.Txn.Conditions {
		keys[c.Key] = true
	}
	for k, s := range o.branch() {
		switch s.Type {
		case putStep:
			if keys[s.Put.Key] = true; o.revision > 0 {
				e.learnValue(version{s.Put.Key, o.revision}, s.Put.Value.value())
			}
		case deleteStep:
			keys[s.Delete.Key] = true
		default:
			result := o.result(k)
			learnRange(s.Range, &result)
		}
	}
}

// learnValue keeps the value that was told first: a history in which two are told is wrong, and the search shows it.
func (e *etcd) learnValue(at version, v Value) {
	if _, known := e.seen[at]; !known {
		e.seen[at] = v
	}
}

// assign finds out at which revision operations took effect whose clients do not know: somebody saw what one of them put, and nobody
// else can have put it.
func (e *etcd) assign() {
	type put struct {
		key   string
		value Value
	}
	wanted := map[put][]int64{}
	for at, v := range e.seen {
		if _, made := e.made[at.revision]; !made {
			wanted[put{at.key, v}] = append(wanted[put{at.key, v}], at.revision)
		}
	}
	lost := map[int64][]int{} // of a revision: the operations that may have made it
	for k := range e.all {
		o := &e.all[k]
		if o.answered() || o.revision > 0 || !o.mayChange() {
			continue
		}
		for _, s := range o.Input.Txn.OperationsOnSuccess {
			switch s.Type {
			case putStep:
				for _, revision := range wanted[put{s.Put.Key, s.Put.Value.value()}] {
					lost[revision] = append(lost[revision], k)
				}
			case deleteStep:
				for at := range e.deleted {
					if _, made := e.made[at.revision]; at.key == s.Delete.Key && !made {
						lost[at.revision] = append(lost[at.revision], k)
					}
				}
			}
		}
	}
	times := map[int]int{}
	for _, ops := range lost {
		for _, k := range slices.Compact(ops) {
			times[k]++
		}
	}
	for revision, ops := range lost {
		if ops = slices.Compact(ops); len(ops) == 1 && times[ops[0]] == 1 {
			e.all[ops[0]].revision, e.all[ops[0]].assigned = revision, true
			e.made[revision] = ops[0]
		}
	}
	for at := range e.seen {
		_, made := e.made[at.revision]
		e.unclear[at] = !made && len(lost[at.revision]) > 0
	}
}

// complete makes sure that a file by itself is the whole history: of a report the other clients are needed too.
func (e *etcd) complete() error {
	first, last := int64(0), int64(0)
	for k := range e.all {
		o := &e.all[k]
		r := o.revision
		if r > 0 {
			r-- // what was there before
		} else if o.answered() {
			r = o.Output.Revision
		}
		if r > 0 && (first == 0 || r < first) {
			first = r
		}
		last = max(last, o.revision, r)
	}
	e.startsWith(revisionKey, Number(max(first, 1)))
	if first > 1 {
		e.Notes = append(e.Notes, fmt.Sprintf("the store was not new: the first revision that is seen is %d", first))
	}
	oldest := map[string]int64{}
	for at := range e.seen {
		if at.revision <= first && at.revision > oldest[at.key] {
			oldest[at.key] = at.revision
		}
	}
	for key, revision := range oldest {
		e.startsWith(key, List(e.seen[version{key, revision}], Number(revision)))
	}
	lost, free := 0, 0
	for r := first + 1; r <= last; r++ {
		if _, made := e.made[r]; !made {
			lost++
		}
	}
	for k := range e.all {
		if o := &e.all[k]; !o.answered() && o.revision == 0 && o.mayChange() || o.Input.LeaseRevoke != nil {
			free++
		}
	}
	if !e.report && lost > free {
		fault := e.at(0, "the operations of one client: of the revisions %d to %d others made %d", first, last, lost-free)
		fault.Hint = "give the folder of the whole report, which has client-*/operations.json"
		return fault
	}
	return nil
}

// operation turns one operation into actions.
func (e *etcd) operation(o *etcdOperation) {
	out := Operation{Client: o.client, Call: o.Call, Return: o.Return, CallLine: o.line, ReturnLine: o.line}
	switch {
	case o.Output.ClientError != "":
		return // etcd refused it
	case o.Input.LeaseRevoke != nil:
		e.revoked(o, out)
	case o.Input.Txn != nil && o.answered():
		out.Do = e.transaction(o)
	case o.Input.Txn != nil && o.mayChange():
		out.Outcome, out.Do = Unknown, e.lost(o)
	case o.Input.Range != nil && o.answered():
		out.Do = e.atRevision(o)
		if o.Output.Range == nil {
			break
		}
		if r := o.Input.Range.Revision; r == 0 || r == o.Output.Revision {
			out.Do = append(out.Do, e.ranged(o.Input.Range.etcdRange, o.Output.Range)...)
		} else {
			e.stale++
		}
	case o.answered():
		out.Do = e.atRevision(o)
	}
	if len(out.Do) > 0 {
		e.Operations = append(e.Operations, out)
	}
}

// atRevision is what the revision of an answer says.
func (e *etcd) atRevision(o *etcdOperation) []Action {
	if o.Output.Revision <= 0 {
		return nil
	}
	return []Action{{Kind: Read, Key: revisionKey, Value: Number(o.Output.Revision), Shown: true}}
}

// ranged is what a range shows: its keys, and that others in it are not there.
func (e *etcd) ranged(r etcdRange, result *etcdResult) []Action {
	var do []Action
	shown := map[string]bool{}
	last := ""
	for _, kv := range result.KVs {
		shown[kv.Key], last = true, max(last, kv.Key)
		v, known := kv.Value.value(), true
		if r.KeysOnly {
			v, known = e.seen[version{kv.Key, kv.ModRevision}]
		}
		if known && !e.unclear[version{kv.Key, kv.ModRevision}] {
			do = append(do, Action{Kind: Read, Key: kv.Key, Value: List(v, Number(kv.ModRevision)), Shown: true})
		}
	}
	for _, key := range e.keys {
		within := key == r.Start && r.End == "" || r.End != "" && key >= r.Start && (key < r.End || r.End == "\x00")
		cut := int64(len(result.KVs)) < result.Count && key > last // there are more than were asked for
		if within && !shown[key] && !cut && !(r.Limit > 0 && int64(len(result.KVs)) >= r.Limit && key > last) {
			do = append(do, Action{Kind: Read, Key: key, Shown: true})
		}
	}
	return do
}

// conditions are those of a transaction, as far as they can be said; failed ones only if it is clear which.
func (e *etcd) conditions(o *etcdOperation) []Action {
	var do []Action
	failed := o.Output.Txn != nil && o.Output.Txn.Failure
	if failed && len(o.Input.Txn.Conditions) > 1 {
		return nil
	}
	for _, c := range o.Input.Txn.Conditions {
		a := ExpectOf(c.Key, Absent)
		if c.ExpectedVersion > 0 {
			continue
		}
		if c.ExpectedRevision > 0 {
			v, known := e.seen[version{c.Key, c.ExpectedRevision}]
			if !known || e.unclear[version{c.Key, c.ExpectedRevision}] {
				continue
			}
			a.Value = List(v, Number(c.ExpectedRevision))
		}
		a.Differs = failed
		do = append(do, a)
	}
	return do
}

// transaction is what a transaction did that was answered.
func (e *etcd) transaction(o *etcdOperation) []Action {
	do := e.conditions(o)
	if o.revision == 0 {
		do = append(e.atRevision(o), do...)
	} else {
		do = append([]Action{CompareAndSetOf(revisionKey, Number(o.revision-1), Number(o.revision))}, do...)
	}
	for k, s := range o.branch() {
		switch s.Type {
		case putStep:
			do = append(do, WriteOf(s.Put.Key, List(s.Put.Value.value(), Number(o.revision))))
		case deleteStep:
			if o.result(k).Deleted == 0 {
				do = append(do, Action{Kind: Read, Key: s.Delete.Key, Shown: true})
				continue
			}
			do = append(do, existing(s.Delete.Key), WriteOf(s.Delete.Key, Absent))
		default:
			result := o.result(k)
			do = append(do, e.ranged(s.Range, &result)...)
		}
	}
	return do
}

// existing makes sure that there is a key.
func existing(key string) Action {
	a := ExpectOf(key, Absent)
	a.Differs = true
	return a
}

// lost is what a transaction does of which nobody knows whether it took effect. If its conditions did not hold it did nothing, which is as
// if it had not happened.
func (e *etcd) lost(o *etcdOperation) []Action {
	do := e.conditions(o)
	mark := Literal("?")
	if o.revision > 0 {
		do = append(do, ExpectOf(revisionKey, Number(o.revision-1)), WriteOf(revisionKey, Number(o.revision)))
		mark = Number(o.revision)
	} else {
		do = append(do, AddOf(revisionKey, 1))
	}
	puts := slices.ContainsFunc(o.Input.Txn.OperationsOnSuccess, func(s etcdStep) bool { return s.Type == putStep })
	for _, s := range o.Input.Txn.OperationsOnSuccess {
		switch s.Type {
		case putStep:
			do = append(do, WriteOf(s.Put.Key, List(s.Put.Value.value(), mark)))
		case deleteStep:
			if !puts {
				do = append(do, existing(s.Delete.Key))
			}
			do = append(do, WriteOf(s.Delete.Key, Absent))
		}
	}
	return do
}

// revoked is the end of a lease, which deletes the keys that were put with it and not put again since: which of them is not known.
func (e *etcd) revoked(o *etcdOperation, out Operation) {
	if do := e.atRevision(o); o.answered() && len(do) > 0 {
		out.Do = do
		e.Operations = append(e.Operations, out)
	}
	attached := e.attached(o.Input.LeaseRevoke.LeaseID)
	for n, key := range attached {
		do := []Action{existing(key), WriteOf(key, Absent)}
		if n == 0 {
			do = append(do, AddOf(revisionKey, 1))
		}
		e.Operations = append(e.Operations, Operation{Client: o.client, Call: o.Call, Outcome: Unknown, CallLine: o.line, Do: do})
	}
}

// attached returns the keys that were put with a lease.
func (e *etcd) attached(lease int64) (keys []string) {
	for k := range e.all {
		if e.all[k].Input.Txn == nil {
			continue
		}
		for _, s := range e.all[k].Input.Txn.OperationsOnSuccess {
			if s.Type == putStep && s.Put.LeaseID == lease && lease != 0 && !slices.Contains(keys, s.Put.Key) {
				keys = append(keys, s.Put.Key)
			}
		}
	}
	return keys
}
