package order_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/impl"
)

// TestAProgramDoesParts has programs do a whole search, part by part, as an order asks for it, and holds what comes of it against the search alone.
func TestAProgramDoesParts(t *testing.T) {
	for _, choices := range [][]string{nil, {"broken"}} {
		o := asked(t, order.Search, choices...)
		o.Bounds.Depth = 6
		want := obey(t, program(), o)

		in, ask := io.Pipe()
		told, out := io.Pipe()
		p := program()
		p.In, p.Out = in, out
		o.Do, o.Keep = order.Share, &checker.Keep{Dir: t.TempDir(), Maker: "test"}
		c := &conversation{t: t, to: ask, from: bufio.NewReader(told)}
		go c.search(3)
		got := obey(t, p, o)

		require.Greater(t, want.Search.Distinct, uint64(100))
		for _, out := range []*order.Outcome{want, got} { // what depends on the clock, and on where a search is kept
			out.Search = checker.Stats{Distinct: out.Search.Distinct, Transitions: out.Search.Transitions, Depth: out.Search.Depth, Executions: out.Search.Executions}
		}
		require.Equal(t, want, got)
	}
}

// TestPartsThatCannotBeDone are answered with why, and the exit code; when there are no more lines nobody is told what was found.
func TestPartsThatCannotBeDone(t *testing.T) {
	world := cluster.Default(impl.New(impl.Options{}))
	in, ask := io.Pipe()
	told, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		_, err := order.Parts(context.Background(), &world, checker.Options{Keep: &checker.Keep{Dir: t.TempDir(), Maker: "test"}}, in, out)
		ended <- err
	}()
	c := &conversation{t: t, to: ask, from: bufio.NewReader(told)}
	require.Equal(t, answer{Error: `nobody knows how to "sing"`, Exit: 5}, c.answer(wanted{"do": "sing"}))
	lost := c.answer(wanted{"do": "look", "layer": "layer-0000000000000000"})
	require.Contains(t, lost.Error, "layer-0000000000000000")
	require.Equal(t, 4, lost.Exit)
	require.NoError(t, ask.Close())
	require.ErrorIs(t, <-ended, order.ErrNotTold)
}

// conversation asks for parts of a search.
type conversation struct {
	t    *testing.T
	to   io.Writer
	from *bufio.Reader
}

// wanted and answer are what is said, as docs/scale.md has it.
type (
	wanted map[string]any
	answer struct {
		File   string
		Rounds int
		Done   bool
		Error  string
		Exit   int
	}
)

func (c *conversation) answer(w wanted) (a answer) {
	text, _ := json.Marshal(w) // strings and numbers
	fmt.Fprintf(c.to, "%s\n", text)
	line, err := c.from.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	if err != nil {
		c.t.Errorf("%s: %v", text, err)
	}
	return a
}

// search asks for all parts of a search, and then for what was found.
func (c *conversation) search(shares int) {
	at := c.answer(wanted{"do": "begin", "shares": shares})
	for !at.Done && !c.t.Failed() {
		var expanded, merged []string
		for n := range at.Rounds {
			expanded = append(expanded, c.answer(wanted{"do": "expand", "layer": at.File, "from": n, "to": n + 1}).File)
		}
		filled := c.answer(wanted{"do": "fill", "layer": at.File, "expanded": expanded}).File
		for n := range shares {
			merged = append(merged, c.answer(wanted{"do": "merge", "layer": at.File, "filled": filled, "share": n}).File)
		}
		at = c.answer(wanted{"do": "close", "layer": at.File, "filled": filled, "merged": merged})
	}
	fmt.Fprintf(c.to, `{"do":"tell","layer":%q}`+"\n", at.File)
}
