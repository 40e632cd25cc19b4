package scenario

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// statement reads one line. scripts/README.md says what there is.
func (p *stepReader) statement(text string) (st statement, err error) {
	text, st.when, st.unless, err = p.suffixes(text)
	if err != nil {
		return st, err
	}
	if rest, found := strings.CutPrefix(text, "crash during "); found {
		st.crash, text = true, rest
	}
	if rest, found := strings.CutPrefix(text, "try "); found {
		st.try, text = true, rest
	}
	first, rest, _ := strings.Cut(text, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case first == "let":
		err = p.let(&st, rest)
	case text == "nothing else":
		st.verb = verbNothing
	case text == "hold":
		st.verb = verbHold
	case text == "settle":
		st.verb = verbSettle
	case text == "lapse":
		st.verb = verbLapse
	case slices.Contains([]string{"must", "may", "need", "shows", "disk"}, first):
		err = p.expectation(&st, text)
	case strings.HasSuffix(first, ":"):
		err = p.delivery(&st, strings.TrimSuffix(first, ":"), rest)
	case first == "peers" || isServer(first):
		err = p.peer(&st, first, rest)
	default:
		err = p.input(&st, first, rest)
	}
	if err == nil && st.crash && st.verb != verbInput && st.verb != verbDeliver && st.verb != verbAnswer && st.verb != verbAgain {
		err = fmt.Errorf("%q gives the server nothing during which it could crash", text)
	}
	return st, err
}

func isServer(text string) bool {
	id, err := parseServer(text)
	return err == nil && id != spec.None
}

// suffixes takes "unless VARIANT" and "if CONDITION" off the end of a line.
func (p *stepReader) suffixes(text string) (left string, when []condition, unless []spec.Variant, err error) {
	left, conditions, found := strings.Cut(text, " if ")
	if found {
		for _, part := range strings.Split(conditions, " and ") {
			c, err := p.condition(part)
			if err != nil {
				return left, nil, nil, err
			}
			when = append(when, c)
		}
	}
	left, names, found := strings.Cut(left, " unless ")
	if found {
		for _, name := range strings.Fields(names) {
			v := spec.Variant(name)
			if _, known := spec.HabitOf(v); !known {
				return left, nil, nil, fmt.Errorf("there is no variant %q", name)
			}
			unless = append(unless, v)
		}
	}
	return left, when, unless, nil
}

// condition reads "sent KIND …", "not sent KIND …", "answered VALUE", "shows …" or "disk …".
func (p *stepReader) condition(text string) (c condition, err error) {
	if rest, found := strings.CutPrefix(text, "not "); found {
		c.not, text = true, rest
	}
	if rest, found := strings.CutPrefix(text, "sent "); found {
		c.ever, text = true, rest
	} else if rest, found := strings.CutPrefix(text, "answered "); found {
		c.ever, text = true, "answer "+rest
	}
	c.what, c.kind, c.value, c.fields, err = p.looked(text)
	return c, err
}

// let reads "L=end".
func (p *stepReader) let(st *statement, rest string) error {
	name, of, found := strings.Cut(rest, "=")
	if !found || !regexp.MustCompile(`^[A-Z][A-Za-z]*$`).MatchString(name) {
		return fmt.Errorf("%q names no number: let L=end", rest)
	}
	n, err := parseNumber(of, p.names)
	if err != nil {
		return err
	}
	if !slices.Contains(p.names, name) {
		p.names = append(p.names, name)
	}
	if n.name == "" {
		return fmt.Errorf("%q is a number of its own: let is for what the server shows", of)
	}
	st.verb, st.value, st.fields = verbLet, name, []field{{value: value{first: n}}}
	return nil
}

// expectation reads "must KIND …", "must not …", "may …", "need …", "shows …" and "disk …".
func (p *stepReader) expectation(st *statement, text string) (err error) {
	st.verb, st.demand = verbExpect, must
	for _, d := range []struct {
		words  string
		demand demand
	}{{"must not ", mustNot}, {"must ", must}, {"may ", may}, {"need ", need}} {
		if rest, found := strings.CutPrefix(text, d.words); found {
			st.demand, text = d.demand, rest
			break
		}
	}
	st.what, st.kind, st.value, st.fields, err = p.looked(text)
	if err == nil && st.demand == may && st.what != inMessages {
		return fmt.Errorf("only messages may or may not be sent")
	}
	return err
}

// looked reads what an expectation or condition looks at.
func (p *stepReader) looked(text string) (what seen, kind spec.MessageKind, of string, fields []field, err error) {
	words := split(text)
	if len(words) == 0 {
		return 0, 0, "", nil, fmt.Errorf("nothing is expected")
	}
	known := map[string]sort{}
	switch first := words[0]; first {
	case "shows":
		what, known = inState, stateFields
	case "disk":
		what, known = onDisk, diskFields
	case "refused":
		what = inRefusal
	case "answer", "failure", "apply":
		if len(words) < 2 {
			return 0, 0, "", nil, fmt.Errorf("%s of which command or read?", first)
		}
		what, known, of = inAnswers, answerFields, first+" "+words[1]
		if first == "apply" {
			what = inApplied
		}
		words = words[1:]
	default:
		if kind, err = kindOf(first); err != nil {
			return 0, 0, "", nil, err
		}
		what, known = inMessages, fieldsOf(kind)
	}
	fields, err = p.fields(words[1:], known, true)
	if err == nil && len(fields) == 0 && (what == inState || what == onDisk) {
		err = fmt.Errorf("%s what?", words[0])
	}
	return what, kind, of, fields, err
}

func kindOf(name string) (spec.MessageKind, error) {
	for k := spec.RequestVote; k <= spec.TimeoutNow; k++ {
		if k.String() == name {
			return k, nil
		}
	}
	return 0, fmt.Errorf("%q is neither a message nor anything else that a script says", name)
}

var fieldShape = regexp.MustCompile(`^([a-z]+)(<=|>=|!=|=|<|>)(.*)$`)

// fields reads "term=2 granted=true". compares says whether other signs than = may stand there.
func (p *stepReader) fields(words []string, known map[string]sort, compares bool) ([]field, error) {
	var all []field
	for _, w := range words {
		m := fieldShape.FindStringSubmatch(w)
		if m == nil || m[2] != "=" && !compares {
			return nil, fmt.Errorf("%q is not of the form name=value", w)
		}
		s, found := known[m[1]]
		if !found {
			return nil, fmt.Errorf("%q is no field of it: there are %s", m[1], strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		v, err := parseValue(s, m[3], p.names)
		if err != nil {
			return nil, err
		}
		all = append(all, field{m[1], m[2], v})
	}
	return all, nil
}

// delivery reads "n2: RequestVote term=1 last=0@0" and "n2: again".
func (p *stepReader) delivery(st *statement, from, rest string) (err error) {
	if st.peer, err = parseServer(from); err != nil {
		return err
	}
	if rest == "again" {
		st.verb = verbAgain
		return nil
	}
	words := split(rest)
	if len(words) == 0 {
		return fmt.Errorf("%s sends nothing", from)
	}
	if st.kind, err = kindOf(words[0]); err != nil {
		return err
	}
	st.verb = verbDeliver
	st.fields, err = p.fields(words[1:], fieldsOf(st.kind), false)
	return err
}

// peer reads "n2 votes", "peers acknowledge", "n2 has [a@1]".
func (p *stepReader) peer(st *statement, first, rest string) (err error) {
	if first != "peers" {
		if st.peer, err = parseServer(first); err != nil {
			return err
		}
	}
	st.verb = verbAnswer
	switch {
	case rest == "votes" || rest == "vote":
		st.how = votes
	case rest == "agrees" || rest == "agree":
		st.how = agrees
	case rest == "refuses" || rest == "refuse":
		st.how = refuses
	case rest == "acknowledges" || rest == "acknowledge":
		st.how = acknowledges
	case rest == "catches up" || rest == "catch up":
		st.how = catchesUp
	case strings.HasPrefix(rest, "has "):
		st.verb = verbHas
		v, err := parseValue(entries, strings.TrimPrefix(rest, "has "), p.names)
		st.fields = []field{{value: v}}
		return err
	default:
		return fmt.Errorf("%q is nothing that a peer does: votes, agrees, refuses, acknowledges, catches up, has [a@1]", rest)
	}
	return nil
}

// input reads what is given to the server besides messages.
func (p *stepReader) input(st *statement, first, rest string) (err error) {
	st.verb = verbInput
	words := strings.Fields(rest)
	takes := func(n int) error {
		if len(words) != n {
			return fmt.Errorf("%s takes %d words after it, not %d", first, n, len(words))
		}
		return nil
	}
	switch first {
	case "timeout", "heartbeat", "restart", "compact", "store", "append", "apply":
		st.input = map[string]spec.InputKind{"timeout": spec.Timeout, "heartbeat": spec.Heartbeat, "restart": spec.Restart, "compact": spec.Compact,
			"store": spec.Stored, "append": spec.Append, "apply": spec.ApplyNext}[first]
		return takes(0)
	case "crash":
		st.input, st.lossy = spec.Crash, rest == "lossy"
		if rest != "" && !st.lossy {
			return fmt.Errorf("a crash is lossy or not, and not %q", rest)
		}
	case "disk-fails":
		st.input = spec.StorageError
		return takes(0)
	case "propose":
		st.input = spec.Propose
		if len(words) == 2 {
			if name, found := strings.CutPrefix(words[1], "client="); found {
				st.client, words = name, words[:1]
			}
		}
		if err = takes(1); err == nil {
			st.value = words[0]
		}
	case "read":
		st.input = spec.ReadIndex
		if err = takes(1); err == nil {
			st.value = words[0]
		}
	case "transfer":
		st.input = spec.Transfer
		if err = takes(1); err == nil {
			st.peer, err = parseServer(words[0])
		}
	case "change":
		st.input, st.value = spec.Reconfigure, rest
		_, err = spec.ParseChange(rest)
	case "tick":
		st.input, st.times = spec.Tick, 1
		if len(words) > 0 {
			st.times, err = strconv.Atoi(words[0])
		}
	default:
		return fmt.Errorf("%q is nothing that a script says", first)
	}
	return err
}
