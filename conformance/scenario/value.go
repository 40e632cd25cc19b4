package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/spec"
)

// sort is what a field holds.
type sort uint8

const (
	term     sort = iota + 1 // a number of terms after the one that the server starts in, or a name
	index                    // a number of entries after those that the server starts with, or a name
	position                 // an index and a term: 2@1
	flag                     // true or false
	entry                    // a@1, no-op@2, voters=n1,n2@1
	entries                  // [a@1 b@2]
	who                      // n2, or nobody
	word                     // as it stands
)

// value is what a field is compared with or set to.
type value struct {
	sort  sort
	text  string
	first number // term, index; of a position its index
	then  number // of a position its term
	flag  bool
	who   spec.ServerID
	list  []writtenEntry
}

// number is a number in a script: counted from where the server starts, or from a name.
type number struct {
	name string // now, end, commit, or given by let; "" counts from the start
	plus int64
}

// writtenEntry is an entry in a script.
type writtenEntry struct {
	kind  spec.EntryKind
	value string
	term  number
	any   bool // "?": whatever its value is
}

// builtin are the names that every script has: the server's term, the end of its log, and its commit index.
var builtin = []string{"now", "end", "commit"}

var numberShape = regexp.MustCompile(`^(?:(\d+)|([A-Za-z][A-Za-z-]*?))([+-]\d+)?$`)

func parseNumber(text string, names []string) (number, error) {
	m := numberShape.FindStringSubmatch(text)
	if m == nil {
		return number{}, fmt.Errorf("%q is no number: 2, now, end+1", text)
	}
	var n number
	if m[3] != "" {
		n.plus, _ = strconv.ParseInt(m[3], 10, 32)
	}
	if m[1] != "" {
		k, err := strconv.ParseInt(m[1], 10, 32)
		n.plus += k
		return n, err
	}
	if n.name = m[2]; !slices.Contains(names, n.name) {
		return n, fmt.Errorf("nothing is called %q here: now, end and commit are, and what let names", n.name)
	}
	return n, nil
}

func parseValue(s sort, text string, names []string) (value, error) {
	v := value{sort: s, text: text}
	var err error
	switch s {
	case term, index:
		v.first, err = parseNumber(text, names)
	case position:
		at, of, found := strings.Cut(text, "@")
		if !found {
			return v, fmt.Errorf("%q is not an index and a term: 2@1", text)
		}
		if v.first, err = parseNumber(at, names); err == nil {
			v.then, err = parseNumber(of, names)
		}
	case flag:
		v.flag, err = strconv.ParseBool(text)
		if err != nil {
			err = fmt.Errorf("%q is neither true nor false", text)
		}
	case entry, entries:
		v.list, err = parseEntries(text, names)
		if err == nil && s == entry && len(v.list) != 1 {
			err = fmt.Errorf("%q is not one entry", text)
		}
	case who:
		v.who, err = parseServer(text)
	}
	return v, err
}

func parseServer(text string) (spec.ServerID, error) {
	if text == "nobody" {
		return spec.None, nil
	}
	digits, named := strings.CutPrefix(text, "n")
	n, err := strconv.ParseUint(digits, 10, 8)
	if !named || err != nil || n == 0 {
		return spec.None, fmt.Errorf("%q is not a server: n1, n2, …", text)
	}
	return spec.ServerID(n), nil
}

// parseEntries reads "[a@1 no-op@2 voters=n1,n2@2]", or one entry without brackets. In a configuration, a semicolon stands for the space between its parts.
func parseEntries(text string, names []string) ([]writtenEntry, error) {
	if inside, found := strings.CutPrefix(text, "["); found {
		text, found = strings.CutSuffix(inside, "]")
		if !found {
			return nil, fmt.Errorf("%q is not closed", inside)
		}
	}
	var all []writtenEntry
	for _, part := range strings.Fields(text) {
		k := strings.LastIndex(part, "@")
		if k <= 0 {
			return nil, fmt.Errorf("%q is not an entry: a@1", part)
		}
		of, err := parseNumber(part[k+1:], names)
		if err != nil {
			return nil, err
		}
		e := writtenEntry{value: part[:k], term: of}
		switch {
		case e.value == "?":
			e.any = true
		case e.value == "no-op":
			e.kind, e.value = spec.NoOp, ""
		case strings.HasPrefix(e.value, "voters="):
			c, err := spec.ParseConfiguration(strings.ReplaceAll(e.value, ";", " "))
			if err != nil {
				return nil, err
			}
			e.kind, e.value = spec.ConfigurationChange, c.String()
		}
		all = append(all, e)
	}
	return all, nil
}

// fieldsOf says which fields a message of a kind has in scripts, and what they hold.
func fieldsOf(kind spec.MessageKind) map[string]sort {
	all := map[string]sort{"term": term, "to": who}
	add := func(name string, s sort) { all[name] = s }
	switch kind {
	case spec.RequestVote, spec.PreVote:
		add("last", position)
		add("mark", word)
	case spec.RequestVoteReply, spec.PreVoteReply:
		add("granted", flag)
	case spec.AppendEntries:
		add("prev", position)
		add("entries", entries)
		add("carries", entry)
		add("upto", index)
		add("commit", index)
	case spec.InstallSnapshot:
		add("last", position)
		add("config", word)
		add("offset", word)
		add("done", flag)
	case spec.AppendEntriesReply, spec.InstallSnapshotReply:
		add("success", flag)
		add("match", index)
		add("conflict", index)
	}
	return all
}

// stateFields are what a server shows, and diskFields what its disk holds.
var stateFields = map[string]sort{"role": word, "term": term, "vote": who, "leader": who, "commit": index, "applied": index,
	"log": entries, "last": position, "end": index, "base": index, "holds": entry, "lacks": entry, "voters": word, "learners": word, "outgoing": word}

var diskFields = map[string]sort{"term": term, "vote": who, "log": entries, "last": position, "end": index, "base": index, "holds": entry, "lacks": entry}

// answerFields are what a client is told.
var answerFields = map[string]sort{"index": index}
