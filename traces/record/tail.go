package record

import "github.com/raftcheck/raftcheck/spec"

// Tail is the end of a server's log, as much of it as records may need to show: what is not committed, and some entries before that.
// It is used by one goroutine at a time.
type Tail struct {
	log       spec.Log
	keep      int // entries kept at least, where there are so many
	committed spec.Index
}

// NewTail returns the end of a log, of which keep entries are kept, at least 1.
func NewTail(log spec.Log, keep int) *Tail {
	t := &Tail{log: log, keep: max(keep, 1)}
	t.log.Entries = append([]spec.Entry(nil), log.Entries...)
	return t
}

// Last returns the index and the term of the log's last entry.
func (t *Tail) Last() (spec.Index, spec.Term) { return t.log.LastIndex(), t.log.LastTerm() }

// Term returns the term of an entry, and whether it is kept.
func (t *Tail) Term(i spec.Index) (spec.Term, bool) { return t.log.TermAt(i) }

// Append makes entries the end of the log, from index first on; what stood there is replaced. Between the log's end and first there
// must be no gap, unless the log begins anew there, as after a snapshot.
func (t *Tail) Append(first spec.Index, entries ...spec.Entry) {
	switch {
	case first > t.log.LastIndex()+1, first <= t.log.Base:
		t.log = spec.Log{Base: first - 1}
	default:
		t.cut(first - 1)
	}
	t.log.Entries = append(t.log.Entries, entries...)
	t.forget()
}

// Truncate removes every entry after last.
func (t *Tail) Truncate(last spec.Index) {
	switch {
	case last < t.log.Base:
		t.log = spec.Log{Base: last}
	default:
		t.cut(last)
	}
}

// cut removes what comes after an index, which is kept. Logs that were shown keep what is replaced.
func (t *Tail) cut(last spec.Index) {
	if last < t.log.LastIndex() {
		kept := last - t.log.Base
		t.log.Entries = t.log.Entries[:kept:kept]
	}
}

// Commit notes up to which index the log is committed. Older entries need not be kept.
func (t *Tail) Commit(i spec.Index) {
	t.committed = max(t.committed, i)
	t.forget()
}

// Reset makes the log begin after an entry, of which nothing but index and term is known: the last one of a snapshot.
func (t *Tail) Reset(base spec.Index, term spec.Term) { t.log = spec.Log{Base: base, BaseTerm: term} }

// After returns the log as a record shows it that is about nothing before an index: the entries after it, as far as they are kept.
// It is not to be changed.
func (t *Tail) After(i spec.Index) spec.Log {
	i = min(max(i, t.log.Base), t.log.LastIndex())
	term, _ := t.log.TermAt(i)
	return spec.Log{Base: i, BaseTerm: term, Entries: t.log.Entries[i-t.log.Base:]}
}

// forget drops entries that need not be kept, some at a time.
func (t *Tail) forget() {
	if len(t.log.Entries) <= 2*t.keep || t.committed <= t.log.Base+spec.Index(t.keep) {
		return
	}
	drop := min(len(t.log.Entries)-t.keep, int(t.committed-t.log.Base))
	t.log.BaseTerm = t.log.Entries[drop-1].Term
	t.log.Base += spec.Index(drop)
	t.log.Entries = append([]spec.Entry(nil), t.log.Entries[drop:]...)
}
