package ccf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/ccf"
)

func judge(t testing.TB, text []byte) (*traces.Result, error) {
	t.Helper()
	lines, err := traces.NewLines("ccf", bytes.NewReader(text))
	require.NoError(t, err)
	r, err := ccf.NewReader(lines, traces.Options{})
	require.NoError(t, err)
	return traces.Verify(context.Background(), r, traces.VerifyOptions{})
}

func requireLegal(t testing.TB, text []byte, what string, args ...any) *traces.Result {
	t.Helper()
	result, err := judge(t, text)
	require.NoError(t, err)
	for _, f := range result.Findings {
		lines := strings.Split(string(text), "\n")
		t.Fatalf("%s: line %d: %s: %s\n%s", fmt.Sprintf(what, args...), f.Evidence[0].Line, f.Rule.Name, f.Message, strings.Join(lines[max(0, f.Evidence[0].Line-6):f.Evidence[0].Line], "\n"))
	}
	return result
}

// Whatever CCF may do is legal, in both vintages, and also of a recording that begins in the middle.
func TestLegalRuns(t *testing.T) {
	elections, commits := 0, 0
	for seed := range uint64(40) {
		for _, old := range []bool{false, true} {
			c := newCluster(1+int(seed)%5, seed)
			c.old = old
			text := c.run(250)
			result := requireLegal(t, text, "seed %d, old %t", seed, old)
			elections += result.Elections
			for _, n := range c.nodes {
				commits += int(n.commit)
			}
			from := bytes.IndexByte(text[len(text)/3:], '\n') + len(text)/3 + 1
			requireLegal(t, text[from:], "seed %d, old %t, from byte %d on", seed, old, from)
		}
	}
	require.Greater(t, elections, 100)
	require.Greater(t, commits, 100)
}

// A trace may end behind any line: what comes of the last one of a node is not known.
func TestEveryPrefixIsLegal(t *testing.T) {
	for seed := range uint64(6) {
		for _, old := range []bool{false, true} {
			c := newCluster(2+int(seed)%4, seed)
			c.old = old
			text := c.run(120)
			for end := 1; end <= len(text); end++ {
				if text[end-1] == '\n' {
					requireLegal(t, text[:end], "seed %d, old %t, up to byte %d", seed, old, end)
				}
			}
		}
	}
}

func TestRulesAreTested(t *testing.T) {
	result := requireLegal(t, newCluster(3, 5).run(2000), "three nodes")
	tested := map[string]int{}
	for _, r := range result.Rules {
		tested[r.Rule.Name] = r.Checked
	}
	for _, name := range []string{"term-monotonic", "election-safety", "vote-once", "majority-elects", "vote-up-to-date", "candidate-last-log", "leader-completeness",
		"commit-monotonic", "commit-own-term", "commit-majority", "prev-matches", "prev-term-true", "ack-verified", "state-machine-safety", "trace-consistent"} {
		require.Positive(t, tested[name], name)
	}
}

// A change of one line of a legal trace is found, under its rule and at its line wherever the change is illegal by itself.
func TestFaultsAreFound(t *testing.T) {
	legal := string(newCluster(3, 5).run(500))
	requireLegal(t, []byte(legal), "before it is changed")
	lines := strings.Split(strings.TrimSpace(legal), "\n")
	replaced := func(old, new string) func(string) string {
		return func(line string) string { return strings.Replace(line, old, new, 1) }
	}
	for _, c := range []struct {
		rule  string
		here  bool // at the very line
		where func(line string) bool
		edit  func(line string) string
	}{
		{"commit-in-log", true, has(`"function":"commit"`), replaced(`"args":{"idx":`, `"args":{"idx":9`)},
		{"trace-consistent", true, has(`"function":"recv_append_entries"`), replaced(`"leader_commit_idx":`, `"leader_commit_idx":7`)},
		{"trace-consistent", true, has(`"function":"replicate"`), replaced(`"seqno":`, `"seqno":8`)},
		{"trace-consistent", true, has(`"function":"recv_request_vote_response"`, `"vote_granted":true`), replaced(`"vote_granted":true`, `"vote_granted":false`)},
		{"ack-verified", true, has(`"function":"send_append_entries_response"`, `"success":"OK"`), replaced(`"last_log_idx":`, `"last_log_idx":9`)},
		{"entry-of-its-term", true, has(`"function":"replicate"`), replaced(`"view":`, `"view":9`)},
		{"prev-term-true", true, func(line string) bool {
			return strings.Contains(line, `"function":"send_append_entries"`) && !strings.Contains(line, `"prev_idx":0`)
		}, replaced(`"prev_term":`, `"prev_term":9`)},
		{"committed-kept", true, func(line string) bool { return !strings.Contains(line, `"commit_idx":0`) }, replaced(`"last_idx":`, `"last_idx":0,"was":`)},
		{"commit-in-log", true, has(`"commit_idx":0`), replaced(`"commit_idx":0`, `"commit_idx":900`)},
		{"entries-from-log", true, has(`"function":"send_append_entries"`), replaced(`"idx":`, `"idx":90`)},
		{"entries-from-log", true, func(line string) bool {
			return strings.Contains(line, `"function":"send_append_entries"`) && strings.Contains(line, `"prev_idx":0`) && !strings.Contains(line, `"idx":0,"leader`)
		}, replaced(`"term_of_idx":`, `"term_of_idx":0,"was":`)},
		{"leader-commit-true", true, has(`"function":"send_append_entries"`), replaced(`"leader_commit_idx":`, `"leader_commit_idx":90`)},
		{"candidate-last-log", true, has(`"function":"send_request_vote"`), replaced(`"last_committable_idx":`, `"last_committable_idx":90`)},
		{"entry-of-its-term", true, has(`"function":"replicate"`), replaced(`"Leader"`, `"Follower"`)},
		{"term-monotonic", false, has(`"function":"recv_append_entries_response"`, `"leadership_state":"Leader"`), replaced(`"current_view":`, `"current_view":0,"was":`)},
		{"commit-monotonic", false, func(line string) bool {
			return strings.Contains(line, `"function":"recv_append_entries_response"`) && strings.Contains(line, `"Leader"`) && !strings.Contains(line, `"commit_idx":0`)
		}, replaced(`"commit_idx":`, `"commit_idx":0,"was":`)},
	} {
		tried, found := 0, 0
		for k := 0; k < len(lines) && tried < 12; k++ {
			if !c.where(lines[k]) {
				continue
			}
			tried++
			changed := slices.Clone(lines)
			changed[k] = c.edit(lines[k])
			result, err := judge(t, []byte(strings.Join(changed, "\n")+"\n"))
			require.NoError(t, err)
			if slices.ContainsFunc(result.Findings, func(f traces.Finding) bool {
				return f.Rule.Name == c.rule && (!c.here || f.Evidence[0].Line == k+1)
			}) {
				found++
			}
		}
		t.Logf("%s: %d of %d", c.rule, found, tried)
		require.Positive(t, tried, c.rule)
		require.Equal(t, tried, found, c.rule)
	}
}

// What a leader may do only with a majority is found when the majority is taken away.
func TestMajoritiesAreCounted(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(newCluster(3, 5).run(500))), "\n")
	office := slices.IndexFunc(lines, has(`"function":"become_leader"`))
	commit := slices.IndexFunc(lines, has(`"function":"commit"`, `"leadership_state":"Leader"`))
	require.Positive(t, office)
	require.Positive(t, commit)
	for line, rule := range map[int]string{office: "majority-elects", commit: "commit-majority"} {
		kept := withoutAcknowledgements(lines, line)
		result, err := judge(t, []byte(strings.Join(kept, "\n")+"\n"))
		require.NoError(t, err)
		require.True(t, slices.ContainsFunc(result.Findings, func(f traces.Finding) bool { return f.Rule.Name == rule }), "%s: %v", rule, result.Findings)
	}
}

// line is a line of a node with a log of so many transactions, the last of which is a signature unless it is committed.
func line(function string, node, view, last, commit int, role, more string) string {
	signed := ""
	if last > commit {
		signed = fmt.Sprint(last)
	}
	return fmt.Sprintf(`{"tag":"raft_trace","msg":{"function":%q,"state":{"node_id":"%d","current_view":%d,"last_idx":%d,"commit_idx":%d,"leadership_state":%q,"committable_indices":[%s]}%s}}`+"\n",
		function, node, view, last, commit, role, signed, more)
}

func entries(term, previous, previousTerm, last, lastTerm int) string {
	return fmt.Sprintf(`,"from_node_id":"0","packet":{"msg":"raft_append_entries","term":%d,"prev_idx":%d,"prev_term":%d,"idx":%d,"term_of_idx":%d,"leader_commit_idx":0}`, term, previous, previousTerm, last, lastTerm)
}

func reply(end string, term, last int, success string) string {
	return fmt.Sprintf(`,%s,"packet":{"msg":"raft_append_entries_response","term":%d,"last_log_idx":%d,"success":%q}`, end, term, last, success)
}

// TestWhatOneLineOfAnotherProves: each pair differs in one thing, which makes the first of them illegal.
func TestWhatOneLineOfAnotherProves(t *testing.T) {
	const to, from = `"to_node_id":"0"`, `"from_node_id":"1"`
	ack := func(last int, success string) string {
		return reply(to, 1, last, success)
	}
	behind := func(success string) string {
		return line("recv_append_entries", 1, 1, 0, 0, "Follower", entries(1, 1, 1, 1, 1)) + line("send_append_entries_response", 1, 1, 0, 0, "Follower", ack(0, success))
	}
	leads := func(role string, by int) string {
		return line("become_leader", 0, 1, 0, 0, "Leader", "") + line("become_leader", by, 1, 0, 0, role, "") + line("recv_append_entries", by, 1, 0, 0, "Follower", entries(1, 0, 0, 0, 0))
	}
	counts := func(success string) string {
		return line("become_leader", 0, 1, 0, 0, "Leader", "") + line("replicate", 0, 1, 0, 0, "Leader", `,"view":1,"seqno":1,"globally_committable":true`) +
			line("recv_append_entries_response", 0, 1, 1, 0, "Leader", reply(from, 1, 1, success)+`,"match_idx":0`) +
			line("send_append_entries", 0, 1, 1, 0, "Leader", `,"to_node_id":"1","match_idx":1,"packet":{"msg":"raft_append_entries","term":1,"prev_idx":1,"prev_term":1,"idx":1,"term_of_idx":1,"leader_commit_idx":0}`)
	}
	// A node that led view 1 with a signature at 1 hears of the leader of view 2.
	follows := func(told, until int) string {
		return line("become_follower", 1, 0, 0, 0, "Follower", "") + line("become_candidate", 1, 1, 0, 0, "Candidate", "") + line("become_leader", 1, 1, 0, 0, "Leader", "") +
			line("replicate", 1, 1, 0, 0, "Leader", `,"view":1,"seqno":1,"globally_committable":true`) +
			line("recv_append_entries", 1, 1, 1, 0, "Leader", entries(2, 0, 0, until, until)) + line("become_follower", 1, 2, 1, 0, "Follower", "") +
			line("send_append_entries_response", 1, 2, 1, 0, "Follower", reply(to, 2, told, "OK"))
	}
	cuts := func(view, last int) string {
		return line("recv_append_entries", 1, 1, 0, 0, "Follower", entries(1, 0, 0, 1, 1)) + line("execute_append_entries_sync", 1, 1, 0, 0, "Follower", "") +
			line("send_append_entries_response", 1, 1, 1, 0, "Follower", ack(1, "OK")) + line("recv_append_entries", 1, 1, 1, 0, "Follower", entries(view, 0, 0, 0, 0)) +
			line("become_follower", 1, view, last, 0, "Follower", "")
	}
	proposed := func(view int) string {
		return line("recv_propose_request_vote", 1, 4, 0, 0, "Follower", fmt.Sprintf(`,"from_node_id":"0","packet":{"msg":"raft_propose_request_vote","term":%d}`, view)) +
			line("become_candidate", 1, 5, 0, 0, "Candidate", "")
	}
	// The lines before show the configuration, and theirs do not.
	const three, alone = `,"configurations":[{"nodes":{"0":{},"1":{},"2":{}}}]`, `,"configurations":[{"nodes":{"0":{}}}]`
	elected := func(shown string) string {
		return line("become_candidate", 0, 1, 0, 0, "Candidate", shown) + line("become_leader", 0, 1, 0, 0, "Leader", "")
	}
	again := func(view int) string {
		return line("become_leader", 0, 1, 0, 0, "Leader", "") + line("become_follower", 0, 1, 0, 0, "Follower", "") + line("become_leader", 0, view, 0, 0, "Leader", "")
	}
	decided := func(shown, between string) string {
		return line("become_leader", 0, 1, 0, 0, "Leader", shown) + line("replicate", 0, 1, 0, 0, "Leader", `,"view":1,"seqno":1,"globally_committable":true`) + between +
			line("commit", 0, 1, 1, 0, "Leader", `,"args":{"idx":1}`)
	}
	for _, c := range []struct{ rule, illegal, legal string }{
		{"majority-elects", elected(three), elected(alone)},
		{"majority-elects", again(1), again(2)},
		{"commit-majority", decided(three, ""), decided(alone, "")},
		{"commit-majority", decided(three, ""), decided(three, line("add_configuration", 0, 1, 1, 0, "Leader", ""))},
		{"prev-matches", behind("OK"), behind("FAIL")},
		{"election-safety", leads("Leader", 1), leads("Leader", 0)},
		{"match-monotonic", counts("FAIL"), counts("OK")},
		{"ack-verified", follows(1, 0), follows(0, 0)},
		{"truncate-on-conflict", cuts(1, 0), cuts(1, 1)},
		{"truncate-on-conflict", cuts(1, 0), cuts(2, 0)},
		{"", "", proposed(1) + line("send_request_vote", 1, 5, 0, 0, "Candidate", `,"to_node_id":"0","packet":{"msg":"raft_request_vote","term":5,"last_committable_idx":0,"term_of_last_committable_idx":0}`)},
		{"", "", proposed(4)},
	} {
		requireLegal(t, []byte(c.legal), "the neighbour of %s", c.rule)
		if c.illegal == "" {
			continue
		}
		result, err := judge(t, []byte(c.illegal))
		require.NoError(t, err)
		require.NotEmpty(t, result.Findings, c.rule)
		require.Equal(t, c.rule, result.Findings[0].Rule.Name, result.Findings[0].Message)
	}
}

func has(parts ...string) func(string) bool {
	return func(line string) bool {
		for _, p := range parts {
			if !strings.Contains(line, p) {
				return false
			}
		}
		return true
	}
}

// withoutAcknowledgements turns all that others agreed to before a line into refusals, where it is sent and where it arrives.
func withoutAcknowledgements(lines []string, until int) []string {
	kept := slices.Clone(lines)
	for k := range kept[:until] {
		for _, pair := range [][2]string{{`"success":"OK"`, `"success":"FAIL"`}, {`"vote_granted":true`, `"vote_granted":false`}, {`"match_idx":`, `"was":`}} {
			if pair[1] != `"vote_granted":false` || until < len(lines) && has(`"function":"become_leader"`)(lines[until]) {
				kept[k] = strings.ReplaceAll(kept[k], pair[0], pair[1])
			}
		}
	}
	return kept
}

func TestWhatIsNoEvent(t *testing.T) {
	text := newCluster(3, 1).run(60)
	around := append([]byte("<RaftDriver>  n[0]->>n[0]: periodic\n"+`{"tag":"raft","msg":"n[0] | Leader"}`+"\n"+`{"tag":"raft_trace","cmd":"start_node,0"}`+"\n"), text...)
	requireLegal(t, around, "with what the driver writes beside it")
	for name, before := range map[string]string{"a byte order mark": "\ufeff", "blanks": " \t", "blank lines": "\n  \n\t\n"} {
		result := requireLegal(t, append([]byte(before), text...), "behind %s", name)
		require.Equal(t, requireLegal(t, text, "as it is").Steps, result.Steps, "nothing is lost behind %s", name)
	}

	for _, c := range []struct{ text, want string }{
		{`{"tag":"raft_trace","cmd":"start_node,0"}`, "ccf:1: the file has no trace events"},
		{`{"tag":"raft_trace","msg":{"function":"become_king","state":{"node_id":"0"}}}`, `ccf:1: unknown event "become_king"`},
		{`{"tag":"raft_trace","msg":{"function":"commit"}}`, `ccf:1:`},
		{`{"tag":"raft_trace","msg":{"function":"commit","state":{"node_id":"0","current_view":-1}}}`, `ccf:1:`},
		{`{"tag":"raft_trace","msg":{"function":"recv_append_entries","state":{"node_id":"0"}}}`, `recv_append_entries without a "packet"`},
		{`{"tag":"raft_trace","msg":{"function":"recv_append_entries","from_node_id":"1","packet":{"msg":"raft_hello"},"state":{"node_id":"0"}}}`, `unknown message "raft_hello"`},
		{`{"tag":"raft_trace","msg":{"function":"become_leader","state":{"node_id":"0","current_view":1,"last_idx":0,"commit_idx":0,"leadership_state":"leader"}}}`, `become_leader with an unknown leadership "leader" in its state`},
		{`{"tag":"raft_trace","msg":{"function":"comm`, "the line is cut off"},
		{`{"tag":"raft_trace","msg":{"function":"become_leader","state":{"node_id":"0","current_view":1,"last_idx":0,"commit_idx":0,"leadership_state":"Leader","current_view":2}}}`,
			`ccf:1:151: the line is cut off: "current_view" stands here twice`},
		{`{"tag":"raft_trace","msg":{"function":"commit"},"msg":{"function":"commit","state":{"node_id":"0"}}}`, `"msg" stands here twice`},
	} {
		_, err := judge(t, []byte(c.text))
		var fault *traces.InputError
		require.ErrorAs(t, err, &fault, c.text)
		require.Contains(t, fault.Error(), c.want)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(newCluster(3, 1).run(60))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := traces.NewLines("ccf", bytes.NewReader(data))
		if err != nil {
			return
		}
		r, err := ccf.NewReader(lines, traces.Options{})
		for err == nil {
			_, err = r.Next()
		}
		var fault *traces.InputError
		if !errors.Is(err, io.EOF) && !errors.As(err, &fault) {
			t.Fatal(err)
		}
	})
}

func BenchmarkReader(b *testing.B) {
	text := newCluster(3, 5).run(20_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		lines, err := traces.NewLines("ccf", bytes.NewReader(text))
		require.NoError(b, err)
		r, err := ccf.NewReader(lines, traces.Options{})
		for err == nil {
			_, err = r.Next()
		}
		require.ErrorIs(b, err, io.EOF)
	}
}
