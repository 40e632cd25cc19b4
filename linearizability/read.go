package linearizability

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/foreign"
)

// The formats of histories.
const (
	Auto           = "auto"            // whatever the content shows
	Native         = "native"          // this package's own, see [Schema]
	Jepsen         = "jepsen"          // EDN as Jepsen and Maelstrom write it (history.edn), and porcupine's logs of key-value stores
	JepsenJSON     = "jepsen-json"     // the same in JSON: a list of objects, or one after the other
	JepsenLog      = "jepsen-log"      // lines of Jepsen's log or its history.txt, such as porcupine's logs of etcd
	EtcdOperations = "etcd-operations" // what clients of etcd's robustness tests did: client-*/operations.json, or the folder of a whole report
	Maelstrom      = "maelstrom"       // the messages between Maelstrom's clients and nodes, one JSON object a line
	TraceOf        = "trace"           // a native trace of raftcheck: the operations of the cluster's clients
)

// Formats lists the formats of [ReadOptions].
var Formats = []string{Auto, Native, Jepsen, JepsenJSON, JepsenLog, Maelstrom, EtcdOperations, TraceOf}

// ReadOptions say how to read a history.
type ReadOptions struct {
	Format         string           // one of Formats; "" is Auto
	FailedCAS      FailedCAS        // what a failed compare-and-set tells
	InitialUnknown bool             // what is first seen of a key is taken for what it held at first
	Initial        *Value           // what every key holds at first; nil is what the file says, or else Absent
	InitialOf      map[string]Value // what single keys hold at first
	// Open opens a file that is read, for those who want to have a say; nil is traces.OpenLines.
	Open      func(path string) (*traces.Lines, error)
	NilUnseen bool // a read that returned nil in a Jepsen history saw something that is not known, as Knossos has it, and not that the key holds nothing
}

// FailedCAS says what it tells when a compare-and-set ends in Jepsen's :fail. Jepsen means by it that the operation did not happen, and not why.
type FailedCAS uint8

// The readings of a failed compare-and-set.
const (
	ByFormat     FailedCAS = iota // Differed for porcupine's logs of etcd, whose verdicts rest on it; otherwise DidNotHappen
	Differed                      // the comparison failed: at some moment the key did not hold what was expected
	DidNotHappen                  // nothing but that it has no effect
)

// ReadFrom reads a whole history. name is used in errors and findings. The errors are [*traces.InputError]: a file that is missing, empty, cut
// off, malformed or without operations is never a history.
func ReadFrom(name string, from io.Reader, o ReadOptions) (*History, error) {
	lines, err := traces.NewLines(name, from)
	if err != nil {
		return nil, err
	}
	return readLines(lines, o)
}

// ReadFile reads a whole history from a file, or from the best file of a folder, see [Locate]; gzip and zstd are recognised. History.File is
// the file that was read.
func ReadFile(name string, o ReadOptions) (*History, error) {
	file, note, err := Locate(name)
	if err != nil {
		return nil, err
	}
	if report := reportOf(file); report != "" && (o.Format == "" || o.Format == Auto || o.Format == EtcdOperations) {
		return readReport(report, o)
	}
	if err := binaryFile(file); err != nil {
		return nil, err
	}
	lines, err := o.open(file)
	if err != nil {
		return nil, err
	}
	h, err := readLines(lines, o)
	if err == nil && note != "" {
		h.Notes = append([]string{note}, h.Notes...)
	}
	return h, err
}

func (o *ReadOptions) open(path string) (*traces.Lines, error) {
	if o.Open != nil {
		return o.Open(path)
	}
	return traces.OpenLines(path, nil)
}

// readers make a history from the lines that follow the first.
var readers = map[string]func(*recorder, []byte) error{
	Native: readNative, Jepsen: readJepsen, JepsenJSON: readJepsenJSON, JepsenLog: readJepsenLog, Maelstrom: readMaelstrom, EtcdOperations: readEtcd, TraceOf: readTrace,
}

func readLines(lines *traces.Lines, o ReadOptions) (*History, error) {
	defer lines.Close()
	format := cmp.Or(o.Format, Auto)
	var begins []byte
	if format == Auto {
		begins = bytes.Clone(lines.Ahead(foreign.HeadSize))
	}
	first, err := lines.Next()
	if err != nil {
		return nil, err
	}
	started := lines.Number()
	if format == Auto {
		if f := foreign.Recognise(begins); f != nil && !f.Guess && !f.ReadBy("linearize") {
			fault := notRead(lines, begins)
			fault.Line = started
			return nil, fault
		}
		if first, started = beginning(lines, first); Detect(first) == "" {
			fault := notRead(lines, first)
			fault.Line = started
			return nil, fault
		}
		format = Detect(first)
	}
	read, known := readers[format]
	if !known {
		return nil, fmt.Errorf("unknown history format %q", format)
	}
	r := newRecorder(lines.Name(), format, lines, o)
	r.started = started
	if err := read(r, first); err != nil {
		return nil, err
	}
	return r.finish()
}

// newRecorder begins a history that is read from a file.
func newRecorder(file, format string, lines *traces.Lines, o ReadOptions) *recorder {
	r := &recorder{History: &History{File: file, Format: format}, lines: lines, options: o, clients: map[string]int{}, open: map[int]int{}}
	if o.Initial != nil {
		r.Initial = *o.Initial
	}
	for key, v := range o.InitialOf {
		r.startsWith(key, v)
	}
	return r
}

// recorder puts a history together from calls and returns.
type recorder struct {
	*History
	lines   *traces.Lines
	started int // the line at which the first object of JSON begins
	options ReadOptions
	clients map[string]int
	open    map[int]int // of a client: the operation that it waits for
	timed   bool        // operations come with moments of their own
	arena   []Action
	recent  []Value         // some values, by their hash
	kept    strings.Builder // the bytes of the latest values
}

// enoughToTell is after how many operations it is guessed how many there are in all.
const enoughToTell = 4096

// expected returns how many operations the file holds in all, as far as can be told now; 0 if nothing can. It is worth knowing once, so that
// a long history is not copied again and again as it grows.
func (r *recorder) expected() int {
	if len(r.Operations) != enoughToTell || r.lines == nil || r.lines.Share() == 0 {
		return 0
	}
	return int(enoughToTell * 1.02 / r.lines.Share())
}

// startsWith notes what a key holds at first.
func (r *recorder) startsWith(key string, v Value) {
	if r.History.InitialOf == nil {
		r.History.InitialOf = map[string]Value{}
	}
	r.History.InitialOf[key] = v
}

// fault is an error at the current line.
func (r *recorder) fault(format string, args ...any) *traces.InputError {
	return r.lines.Fault(0, fmt.Sprintf(format, args...))
}

// at is an error at some line.
func (r *recorder) at(line int, format string, args ...any) *traces.InputError {
	return &traces.InputError{File: r.File, Line: line, Message: fmt.Sprintf(format, args...)}
}

// called returns the number of a client by its name.
func (r *recorder) called(name string) int {
	if n, known := r.clients[name]; known {
		return n
	}
	name = strings.Clone(name)
	n := len(r.Clients)
	r.clients[name] = n
	r.Clients = append(r.Clients, name)
	return n
}

// action takes over an action, as actions does.
func (r *recorder) action(a Action) []Action {
	if cap(r.arena) == len(r.arena) {
		r.arena = make([]Action, 0, 1024)
	}
	r.arena = append(r.arena, a)
	return r.arena[len(r.arena)-1 : len(r.arena) : len(r.arena)]
}

// actions takes over actions into memory that many operations share.
func (r *recorder) actions(do ...Action) []Action {
	if cap(r.arena)-len(r.arena) < len(do) {
		r.arena = make([]Action, 0, max(1024, len(do)))
	}
	first := len(r.arena)
	r.arena = append(r.arena, do...)
	return r.arena[first:len(r.arena):len(r.arena)]
}

// value returns a value of some kind; see intern.
func (r *recorder) value(kind byte, text []byte) Value {
	var room [64]byte
	return r.intern(append(append(room[:0], kind), text...))
}

// remembered is how many values are remembered at a time, so that a value that occurs again soon is not kept twice.
const remembered = 1 << 12

// intern returns a value that is given by its bytes.
func (r *recorder) intern(encoded []byte) Value {
	if len(encoded) == 0 {
		return Absent
	}
	if r.recent == nil {
		r.recent = make([]Value, remembered)
	}
	hash := uint32(2166136261)
	for _, c := range encoded {
		hash = (hash ^ uint32(c)) * 16777619
	}
	slot := &r.recent[(hash^hash>>15)%remembered]
	if string(*slot) != string(encoded) {
		*slot = r.keep(encoded)
	}
	return *slot
}

// keptAtOnce is how many bytes of values are kept in one piece.
const keptAtOnce = 64 << 10

// keep copies the bytes of a value into memory that many values share.
func (r *recorder) keep(encoded []byte) Value {
	if r.kept.Cap()-r.kept.Len() < len(encoded) {
		r.kept.Reset()
		r.kept.Grow(max(keptAtOnce, len(encoded)))
	}
	start := r.kept.Len()
	r.kept.Write(encoded)
	return Value(r.kept.String()[start:])
}

// begin records a call, at a line.
func (r *recorder) begin(client string, line int, do ...Action) error {
	c := r.called(client)
	if before, busy := r.open[c]; busy {
		return r.at(line, "client %q calls again before its operation of line %d returned", client, r.Operations[before].CallLine)
	}
	r.now++
	r.open[c] = len(r.Operations)
	if n := r.expected(); n > enoughToTell {
		r.Operations = slices.Grow(r.Operations, n-len(r.Operations))
	}
	r.Operations = append(r.Operations, Operation{Client: c, Call: r.now, Outcome: Pending, Do: r.actions(do...), CallLine: line})
	return nil
}

// waiting returns the operation that a client waits for.
func (r *recorder) waiting(client string, line int) (*Operation, error) {
	c, known := r.clients[client]
	k, busy := r.open[c]
	if !known || !busy {
		return nil, r.at(line, "client %q called nothing that could return", client)
	}
	return &r.Operations[k], nil
}

// ended records how an operation ends, at a line.
func (r *recorder) ended(o *Operation, outcome Outcome, line int) {
	r.now++
	o.Outcome, o.Return, o.ReturnLine = outcome, r.now, line
	delete(r.open, o.Client)
}

// finish checks what was read.
func (r *recorder) finish() (*History, error) {
	if len(r.Operations) == 0 {
		line := 0
		if r.lines != nil {
			line = max(r.lines.Number(), 1)
		}
		return nil, r.at(line, "the file holds no operation of a client")
	}
	if r.timed {
		slices.SortStableFunc(r.Operations, func(a, b Operation) int { return cmp.Compare(a.Call, b.Call) })
	}
	if r.options.InitialUnknown {
		r.assumeBeginnings()
	}
	if err := r.Validate(); err != nil {
		return nil, r.at(0, "%s", err)
	}
	return r.History, nil
}
