package linearizability

import "strings"

// operation turns what was asked and answered into actions.
func (w *workload) operation(k int) error {
	o := &w.Operations[k]
	f := w.works[w.of[k]]
	if w.isTransaction(k) {
		return w.transaction(k)
	}
	raw := o.Do[0]
	if f == unclear {
		return w.unknown(k)
	}
	key, asked, answer := raw.Key, raw.Value, raw.Expected
	if w.keyed && w.said[k]&keyBeside == 0 {
		var err error
		if key, asked, answer, err = w.apart(k, f); err != nil {
			return err
		}
	}
	if o.Outcome != Returned && o.Outcome != Unknown {
		answer = Absent
	}
	do, err := w.actionsOf(w.scratch[:0], k, f, key, asked, answer)
	if err != nil {
		return err
	}
	w.scratch = do
	if o.Outcome == Failed && f == compares && w.differs(k) {
		for n := range do {
			do[n].Differs = do[n].Kind == CompareAndSet
		}
		o.Outcome = Returned
	}
	switch len(do) {
	case 0:
		o.Do = nil
	case 1:
		o.Do[0] = do[0]
	default:
		o.Do = w.actions(do...)
	}
	return nil
}

// unknown is the error of an operation whose name says nothing to us.
func (w *workload) unknown(k int) error {
	o, f := &w.Operations[k], w.functions[w.of[k]]
	if f == "" {
		return w.at(o.CallLine, "an operation without :f, whose :value is no transaction: %s", w.Operations[k].Do[0].Value)
	}
	fault := w.at(o.CallLine, "unknown :f %q: :read, :write, :cas, :append, :delete, :txn, :add, :acquire, :release, :enqueue, :dequeue, :drain, or :get and :put with :key", ":"+f)
	switch f {
	case "send", "poll":
		fault.Hint = "a log with offsets, as Kafka's, is no queue: what one consumer polls, others poll too"
	case "transfer":
		fault.Hint = "record what the transfer reads and writes, as [:r account balance] and [:w account balance] under :txn"
	case "generate":
		fault.Hint = "unique identifiers need no order: look for one that occurs twice"
	}
	return fault
}

// apart takes the key off what was asked and answered.
func (w *workload) apart(k int, f work) (key string, asked, answer Value, err error) {
	o := &w.Operations[k]
	raw := &o.Do[0]
	first, asked := keyAndValue(f, raw.Value)
	second, answer := keyAndValue(f, raw.Expected)
	switch {
	case raw.Value == Absent:
		first = second
	case raw.Expected != Absent && second != first && o.Outcome == Returned:
		return "", Absent, Absent, w.at(o.ReturnLine, "this ends another operation than was invoked at line %d: of key %s and not %s", o.CallLine, second, first)
	}
	if raw.Expected == Absent {
		w.said[k] &^= answered
	}
	return first.name(), asked, answer, nil
}

// keyAndValue splits [key value], or [key from to]. A deletion may name its key alone.
func keyAndValue(f work, v Value) (key, value Value) {
	parts, n := v.apart()
	switch {
	case n == 3:
		return parts[0], List(parts[1], parts[2])
	case n == 2:
		return parts[0], parts[1]
	case f == deletes:
		return v, Absent
	}
	return Absent, Absent
}

// actionsOf appends what an operation on a key does.
func (w *workload) actionsOf(do []Action, k int, f work, key string, asked, answer Value) ([]Action, error) {
	o := &w.Operations[k]
	if f == enqueues || f == dequeues || f == drains {
		return do, w.queue(k, f, key, asked, answer)
	}
	if w.versioned {
		return w.withVersion(k, f, key, asked, answer)
	}
	given := asked
	if given == Absent {
		given = answer
	}
	switch f {
	case reads:
		if w.set {
			return w.readSet(k, key, answer)
		}
		return append(do, w.read(k, key, answer)), nil
	case gets:
		a := w.read(k, key, orAbsent(answer))
		return append(do, a), nil
	case writes:
		return append(do, WriteOf(key, given)), nil
	case puts:
		return append(do, WriteOf(key, orAbsent(given))), nil
	case deletes:
		return append(do, WriteOf(key, Absent)), nil
	case appends:
		if w.said[k]&keyBeside == 0 || given == Absent || given[0] != kindText {
			given = List(given)
		}
		return append(do, AppendOf(key, given)), nil
	case compares:
		from, to, is := pair(given)
		if !is {
			return nil, w.at(o.CallLine, "the :value of :cas is %s and not a pair of values", given)
		}
		return append(do, CompareAndSetOf(key, from, to)), nil
	case acquires:
		return append(do, CompareAndSetOf(w.lock(key), Absent, held)), nil
	case releases:
		return append(do, CompareAndSetOf(w.lock(key), held, Absent)), nil
	}
	return w.added(k, f, key, given)
}

// held is what a lock holds that somebody has acquired.
const held = Value("lheld")

// lock notes a lock, and returns its key.
func (w *workload) lock(key string) string {
	t := thing{aLock, named("lock", key), key}
	if key == "" || key == "nil" {
		t.key = "lock"
	}
	if !w.locks[t.key] {
		w.locks[t.key] = true
		w.things = append(w.things, t)
	}
	return t.key
}

// orAbsent takes the empty text for nothing.
func orAbsent(v Value) Value {
	if v == Text("") {
		return Absent
	}
	return v
}

// read is a read with what it saw, where that is known.
func (w *workload) read(k int, key string, answer Value) Action {
	a := ReadOf(key)
	if w.Operations[k].Outcome == Returned && w.said[k]&answered != 0 && !(answer == Absent && w.options.NilUnseen) {
		a.Value, a.Shown = answer, true
	}
	return a
}

// added is an addition to a counter, or to a set.
func (w *workload) added(k int, f work, key string, given Value) ([]Action, error) {
	o := &w.Operations[k]
	if f == adds && w.set {
		return []Action{WriteOf(memberName(key, given), Literal("true"))}, nil
	}
	if given == Absent && f != adds {
		given = Number(1)
	}
	n, isNumber := given.number()
	if !isNumber || given == Absent {
		return nil, w.at(o.CallLine, "%s is added, which is no whole number, and no read shows that this is a set", given)
	}
	if f == decrements {
		n = -n
	}
	return []Action{AddOf(key, n)}, nil
}

// differs reports whether a comparison that failed says that the value was another.
func (w *workload) differs(k int) bool {
	if w.options.FailedCAS == ByFormat {
		return w.ancient && w.said[k]&erred == 0
	}
	return w.options.FailedCAS == Differed
}

// withVersion is what an operation on [version value] does. Every change makes the version one larger; it is a key of its own.
func (w *workload) withVersion(k int, f work, key string, asked, answer Value) ([]Action, error) {
	o := &w.Operations[k]
	_, given, _ := pair(asked)
	version, seen, _ := pair(answer)
	counter := strings.TrimPrefix(key+"/version", "/")
	if f == reads {
		return w.readVersion(k, key, counter, version, seen), nil
	}
	count := AddOf(counter, 1)
	if n, isNumber := version.number(); version != Absent && isNumber && o.Outcome == Returned {
		before := Number(n - 1)
		if n == 1 {
			before = Absent
		}
		count = CompareAndSetOf(counter, before, Number(n))
	}
	if f == writes {
		return []Action{count, WriteOf(key, given)}, nil
	}
	from, to, is := pair(given)
	switch {
	case !is:
		return nil, w.at(o.CallLine, "the :value of :cas is %s and not a version and a pair of values", asked)
	case o.Outcome == Failed: // only the comparison says anything, if at all
		return []Action{CompareAndSetOf(key, from, to)}, nil
	case o.Outcome == Returned:
		return []Action{count, CompareAndSetOf(key, from, to)}, nil
	}
	return []Action{ExpectOf(key, from), count, WriteOf(key, to)}, nil
}

// readVersion is a read of a version and a value. Where the version is shown and the value is nil, the value is not known.
func (w *workload) readVersion(k int, key, counter string, version, seen Value) []Action {
	a, b := w.read(k, counter, version), w.read(k, key, seen)
	if version == Absent && seen != Absent {
		a.Shown = false
	}
	if seen == Absent && version != Absent {
		b.Shown = false
	}
	return []Action{a, b}
}

// transaction turns [[:r key value] [:append key value] …] into actions, with a key in front or not.
func (w *workload) transaction(k int) error {
	o := &w.Operations[k]
	asked, answer := o.Do[0].Value, o.Do[0].Expected
	prefix := ""
	if key, inner, is := pair(asked); is && !isMicro(asked) {
		prefix, asked = key.name()+"/", inner
		_, answer, _ = pair(answer)
	} else if key, inner, is := pair(answer); is && asked == Absent && !isMicro(answer) {
		prefix, answer = key.name()+"/", inner
	}
	if asked == Absent {
		asked = answer
	}
	if o.Outcome != Returned && o.Outcome != Unknown {
		answer = Absent
	}
	do, err := w.parts(k, prefix, asked, o.CallLine)
	if err != nil {
		return err
	}
	if answer != Absent {
		seen, err := w.parts(k, prefix, answer, o.ReturnLine)
		if err == nil {
			err = w.merge(o, do, seen)
		}
		if err != nil {
			return err
		}
	}
	o.Do = o.Do[:0]
	if len(do) == 1 {
		o.Do = append(o.Do, do[0])
	} else if len(do) > 1 {
		o.Do = w.actions(do...)
	}
	return nil
}

// parts reads micro-operations.
func (w *workload) parts(k int, prefix string, v Value, line int) ([]Action, error) {
	var do []Action
	if v != Absent && !v.IsList() {
		return nil, w.at(line, "a :%s whose :value is not a vector of operations", w.functionName(k))
	}
	for e := range v.Elements {
		parts, n := e.apart()
		name := wordOf(parts[0])
		f, known := micro[name]
		switch {
		case !known && name != "":
			return nil, w.at(line, "unknown operation %q in a transaction: :r, :w, :append, :cas or :delete", ":"+name)
		case !known || n < 2 || n > 4 || n == 4 != (f == compares && n == 4):
			return nil, w.at(line, "%s in a transaction and not [:r key value], [:w key value] or [:append key value]", e.edn())
		}
		a, err := microAction(f, prefix+parts[1].name(), parts, n)
		if err != "" {
			return nil, w.at(line, "%s in a transaction: %s", e.edn(), err)
		}
		do = append(do, a)
	}
	return do, nil
}

func (w *workload) functionName(k int) string {
	if f := w.functions[w.of[k]]; f != "" {
		return f
	}
	return "txn"
}

// microAction is one micro-operation. A read keeps what stands there as its value; whether that was seen is said by who calls.
func microAction(f work, key string, parts fewElements, n int) (Action, string) {
	v := parts[2]
	switch f {
	case reads:
		return Action{Kind: Read, Key: key, Value: v}, ""
	case writes:
		return WriteOf(key, v), ""
	case appends:
		return AppendOf(key, List(v)), ""
	case deletes:
		return WriteOf(key, Absent), ""
	}
	if n == 4 {
		return CompareAndSetOf(key, parts[2], parts[3]), ""
	}
	from, to, is := pair(v)
	if !is {
		return Action{}, "a comparison needs two values"
	}
	return CompareAndSetOf(key, from, to), ""
}

// merge takes over what the parts of a transaction saw, and values that were only known at the end.
func (w *workload) merge(o *Operation, do, seen []Action) error {
	if len(seen) != len(do) {
		return w.at(o.ReturnLine, "the transaction has %d parts here and %d where it was invoked, at line %d", len(seen), len(do), o.CallLine)
	}
	for n := range do {
		a, s := &do[n], &seen[n]
		if a.Kind != s.Kind || a.Key != s.Key {
			return w.at(o.ReturnLine, "this ends another operation than was invoked at line %d", o.CallLine)
		}
		switch {
		case a.Kind == Read:
			a.Value, a.Shown = s.Value, o.Outcome == Returned && !(s.Value == Absent && w.options.NilUnseen)
		case a.Value == Absent || a.Kind == Append && a.Value == List(Absent):
			a.Value = s.Value
		}
	}
	return nil
}
