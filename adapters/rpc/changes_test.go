package rpc_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/adapters/rpc"
	"github.com/raftcheck/raftcheck/spec"
)

// roster is a server whose entries say who votes, or by whom that changes.
type roster struct {
	env *rpc.Env

	CurrentTerm, VotedFor, CommitIndex, LastIncludedIndex, State, LeaderID int

	Log     []rosterEntry
	Members any // what it goes by; an untyped nil is not shown
}

type rosterEntry struct {
	Term int
	Type string // "only": these vote; "and": this one too; "but": this one does not. "" is a command
	Data []byte // who, counted from 0
}

// AppendEntries is what the roster calls.
func (*roster) AppendEntries(rosterAppend, *stubReply) {}

type rosterAppend struct {
	Term, PrevLogIndex, PrevLogTerm, LeaderCommit int
	Entries                                       []*rosterEntry
}

// rosters are two servers to which a third may be added. Compact does with one what is wanted.
func rosters(does func(*roster)) rpc.Server[*roster] {
	return rpc.Server[*roster]{
		Make: func(e *rpc.Env) *roster {
			s := &roster{env: e, VotedFor: -1, LeaderID: -1}
			for _, b := range e.Disk("log").Read() {
				s.Log = append(s.Log, rosterEntry{1, "and", []byte{b}})
			}
			return s
		},
		Members: func(entry any, before []int) (all []int, is bool) {
			e, pointed := entry.(*rosterEntry)
			if !pointed {
				of := entry.(rosterEntry)
				e = &of
			}
			for _, b := range e.Data {
				all = append(all, int(b))
			}
			switch e.Type {
			case "and":
				all = append(before, all...)
			case "but":
				all = slices.DeleteFunc(before, func(k int) bool { return slices.Contains(all, k) })
			}
			return all, e.Type != ""
		},
		Founders: 2,
		Compact:  does,
		Fields:   map[string]string{"nextIndex": "", "matchIndex": ""},
	}
}

// after is a server to which something was done.
func after(t *testing.T, id spec.ServerID, how rpc.Server[*roster], does func(*roster)) (spec.Node, spec.Output) {
	t.Helper()
	how.Compact = does
	node := rpc.New(t, how).Node(id, trio)
	out := node.Step(spec.Input{Kind: spec.Compact})
	require.NoError(t, out.Fault)
	return node, out
}

// The configuration in force is the last one in the log, or what the server shows; entries say it in full where that is known.
func TestConfigurations(t *testing.T) {
	entry := func(kind string, who ...byte) rosterEntry { return rosterEntry{1, kind, who} }
	for name, c := range map[string]struct {
		id      spec.ServerID
		base    int
		log     []rosterEntry
		members any
		entries string
		want    string // "" is not known
	}{
		"a founder":                     {id: 1, entries: "[]", want: "voters=n1,n2"},
		"one that is to be added":       {id: 3, entries: "[]", want: "voters="},
		"who votes":                     {id: 3, log: []rosterEntry{entry(""), entry("only", 2, 0)}, entries: "[command@1 voters=n1,n3@1]", want: "voters=n1,n3"},
		"who votes too":                 {id: 3, log: []rosterEntry{entry("and", 2), entry("but", 0)}, entries: "[voters=n1,n2,n3@1 voters=n2,n3@1]", want: "voters=n2,n3"},
		"after what is compacted":       {id: 1, base: 3, entries: "[…3@0]"},
		"who votes, after that":         {id: 1, base: 3, log: []rosterEntry{entry("only", 1)}, entries: "[…3@0 voters=n2@1]", want: "voters=n2"},
		"who votes too, after that":     {id: 1, base: 3, log: []rosterEntry{entry("and", 2)}, entries: "[…3@0 configuration@1]"},
		"what is shown, after that":     {id: 1, base: 3, members: []string{"n3", "n1"}, entries: "[…3@0]", want: "voters=n1,n3"},
		"what is shown":                 {id: 1, log: []rosterEntry{entry("only", 1)}, members: map[int]bool{0: true, 1: false}, entries: "[voters=n2@1]", want: "voters=n1"},
		"that nobody is shown":          {id: 1, members: []int{}, entries: "[]", want: "voters="},
		"what cannot be read as shown":  {id: 1, members: 2, entries: "[]", want: "voters=n1,n2"},
		"nor as a list of other things": {id: 1, members: []bool{true}, entries: "[]", want: "voters=n1,n2"},
	} {
		t.Run(name, func(t *testing.T) {
			node, _ := after(t, c.id, rosters(nil), func(s *roster) { s.Log, s.LastIncludedIndex, s.Members = c.log, c.base, c.members })
			o := node.Observe()
			require.Equal(t, c.entries, o.Log.String())
			require.Equal(t, c.want != "", o.Knows(spec.FieldConfig))
			if c.want != "" {
				require.Equal(t, c.want, o.Config.String())
			}
		})
	}
	require.True(t, rpc.World(nil, rosters(nil)).Variants.Has(spec.ConfigurationInLog))
	require.Empty(t, rpc.World(nil, stubs()).Variants)
}

// A server that is down goes by what is on its disk.
func TestConfigurationsOnDisk(t *testing.T) {
	node, out := after(t, 1, rosters(nil), func(s *roster) { s.env.Disk("log").Save([]byte{2}) })
	require.Equal(t, "[voters=n1,n2,n3@1]", out.Effects[0].Durable.Log.String())
	require.Equal(t, "voters=n1,n2", node.Observe().Config.String())
	require.False(t, node.Step(spec.Input{Kind: spec.Crash}).Refused)
	require.Equal(t, "voters=n1,n2,n3", node.Observe().Config.String())
}

// What a configuration says by those before it is told by the sender's log; one that is told to be applied is no command.
func TestConfigurationsThatAreSent(t *testing.T) {
	_, out := after(t, 1, rosters(nil), func(s *roster) {
		s.Log = []rosterEntry{{1, "and", []byte{2}}, {1, "only", []byte{1}}, {1, "", []byte("x")}}
		args := rosterAppend{Term: 1}
		for k := range s.Log {
			args.Entries = append(args.Entries, &s.Log[k])
		}
		go s.env.Peer(1).Call("AppendEntries", &args, &stubReply{})
		go s.env.Peer(2).Call("AppendEntries", &rosterAppend{Term: 1, PrevLogIndex: 3, Entries: []*rosterEntry{{1, "and", []byte{3}}}}, &stubReply{})
		for k, e := range s.Log {
			s.env.Applied(k+1, e.Data)
		}
		s.env.Applied(2, "y")
	})
	var sent, applied []string
	for _, e := range out.Effects {
		switch e.Kind {
		case spec.Send:
			sent = append(sent, spec.Log{Entries: e.Message.Entries}.String())
		case spec.Apply:
			applied = append(applied, e.Reply.Value)
		}
	}
	require.Equal(t, []string{"x", "y"}, applied)
	require.Equal(t, []string{"[voters=n1,n2,n3@1 voters=n2@1 x@1]", "[configuration@1]"}, sent, "what is not in the log is not known")
}

// A client that wants other voters asks for one server more or less, or for all of them; who is refused is sent to the leader.
func TestChangesAreAskedFor(t *testing.T) {
	var asked []string
	takes, leader := true, -1
	one := func(what string) func(*roster, int) bool {
		return func(_ *roster, other int) bool {
			asked = append(asked, what+spec.ServerID(other+1).String())
			return takes
		}
	}
	step := func(how rpc.Server[*roster], change spec.Change) spec.Output {
		asked = nil
		how.Amend = func(_ *roster, o *spec.Observation) { o.LeaderID = spec.ServerID(leader + 1) }
		return rpc.New(t, how).Node(1, trio).Step(spec.Input{Kind: spec.Reconfigure, Change: change})
	}
	byOne, whole := rosters(nil), rosters(nil)
	byOne.AddServer, byOne.RemoveServer = one("add "), one("remove ")
	whole.Change = func(_ *roster, voters []int) bool {
		asked = append(asked, spec.Configuration{Voters: []spec.ServerID{spec.ServerID(voters[0] + 1)}}.String())
		return takes
	}
	for _, c := range []struct {
		how    rpc.Server[*roster]
		change spec.Change
		want   string
	}{
		{byOne, spec.Change{Voters: "n1,n2,n3"}, "add n3"},
		{byOne, spec.Change{Voters: "n2"}, "remove n1"},
		{byOne, spec.Change{Voters: "n1,n2"}, ""},
		{byOne, spec.Change{Voters: "n3"}, ""},
		{byOne, spec.Change{Voters: "n1,n2,n3", Joint: true}, ""},
		{byOne, spec.Change{Voters: "n1,n2", Learners: "n3"}, ""},
		{rosters(nil), spec.Change{Voters: "n1,n2,n3"}, ""},
		{whole, spec.Change{Voters: "n3"}, "voters=n3"},
	} {
		out := step(c.how, c.change)
		require.NoError(t, out.Fault)
		require.Equal(t, c.want == "", out.Refused, c.change)
		if c.want != "" {
			require.Contains(t, asked, c.want)
		}
		require.Equal(t, c.want == "", len(asked) == 0)
	}
	takes = false
	require.True(t, step(whole, spec.Change{Voters: "n2"}).Refused, "it knows no leader")
	leader = 1
	require.Equal(t, spec.ServerID(2), step(whole, spec.Change{Voters: "n2"}).Redirect)
	leader = 0
	require.True(t, step(whole, spec.Change{Voters: "n2"}).Refused, "it leads, and refuses")
}

// That a client waits for a change is state, until it is told.
func TestChangesThatWait(t *testing.T) {
	how := rosters(nil)
	var done chan struct{}
	make0 := how.Make
	how.Make = func(e *rpc.Env) *roster {
		done = make(chan struct{})
		return make0(e)
	}
	how.AddServer = func(s *roster, _ int) bool {
		select {
		case <-done:
		case <-s.env.Done():
		}
		return false
	}
	how.Compact = func(*roster) { close(done) }
	node := rpc.New(t, how).Node(1, trio)
	before := node.AppendState(nil)
	require.False(t, node.Step(spec.Input{Kind: spec.Reconfigure, Change: spec.Change{Voters: "n1,n2,n3"}}).Refused)
	require.NotEqual(t, before, node.AppendState(nil))
	require.False(t, node.Step(spec.Input{Kind: spec.Compact}).Refused)
	require.Equal(t, before, node.AppendState(nil))
}

func TestNames(t *testing.T) {
	for k := range len(trio) {
		require.Equal(t, trio[k].String(), rpc.Name(k))
		require.Equal(t, k, rpc.Place(rpc.Name(k)))
	}
	require.Negative(t, rpc.Place("n"))
}

// What Members or Fields say and cannot be is told.
func TestMembersThatCannotBe(t *testing.T) {
	fault := func(how rpc.Server[*roster], does func(*roster)) error {
		how.Compact = does
		return rpc.New(t, how).Node(1, trio).Step(spec.Input{Kind: spec.Compact}).Fault
	}
	require.EqualError(t, fault(rosters(nil), func(s *roster) { s.Log = []rosterEntry{{1, "only", []byte{9}}} }), "rpc: Members names server 9: they are counted from 0")
	how := rosters(nil)
	how.Fields["members"] = "state"
	require.ErrorContains(t, fault(how, func(*roster) {}), "rpc: the members, a int, are no list of numbers or names of servers; Server.Amend says who they are")
}
