package runtime

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Op is what a client asks of the key-value store.
type Op string

// The operations. Values are texts; a key that was never written, or was deleted, holds none.
const (
	Get     Op = "get"
	Put     Op = "put"
	Append  Op = "append"  // to the end of the text; to none is the text itself
	Delete  Op = "delete"  // afterwards the key holds none
	Replace Op = "replace" // if the key holds Expected
	Create  Op = "create"  // if the key holds none
)

// Command is an operation of a client. Client and Number name the request: whoever sends it again sends the same names, and it is
// carried out once (8, D6.3). A client has one request at a time, with ascending numbers. A request of nobody, "", is carried out as often as it
// is sent.
type Command struct {
	Client   string
	Number   uint64
	Op       Op
	Key      string
	Value    string // Put, Append, Replace, Create
	Expected string // Replace
}

// String prints a command as it stands in the log, "c1.7:put(x,5)", without spaces; ParseCommand reads it back.
func (c Command) String() string {
	args := []string{c.Key}
	switch c.Op {
	case Put, Append, Create:
		args = append(args, c.Value)
	case Replace:
		args = append(args, c.Expected, c.Value)
	}
	for k := range args {
		args[k] = url.QueryEscape(args[k])
	}
	return fmt.Sprintf("%s.%d:%s(%s)", url.QueryEscape(c.Client), c.Number, c.Op, strings.Join(args, ","))
}

// ParseCommand reads what Command.String prints.
func ParseCommand(text string) (Command, error) {
	wrong := fmt.Errorf("%q is no command", text)
	name, call, _ := strings.Cut(text, ":")
	dot := strings.LastIndexByte(name, '.')
	op, list, opened := strings.Cut(call, "(")
	list, closed := strings.CutSuffix(list, ")")
	if dot < 0 || !opened || !closed {
		return Command{}, wrong
	}
	number, err := strconv.ParseUint(name[dot+1:], 10, 64)
	if err != nil {
		return Command{}, wrong
	}
	words := append([]string{name[:dot]}, strings.Split(list, ",")...)
	for k := range words {
		if words[k], err = url.QueryUnescape(words[k]); err != nil {
			return Command{}, wrong
		}
	}
	c := Command{Client: words[0], Number: number, Op: Op(op), Key: words[1]}
	switch {
	case (c.Op == Get || c.Op == Delete) && len(words) == 2:
	case (c.Op == Put || c.Op == Append || c.Op == Create) && len(words) == 3:
		c.Value = words[2]
	case c.Op == Replace && len(words) == 4:
		c.Expected, c.Value = words[2], words[3]
	default:
		return Command{}, wrong
	}
	return c, nil
}
