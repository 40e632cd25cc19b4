package linearizability_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
)

// object is one of JSON.
type object = map[string]any

// etcdStore is a store as etcd is, with clients that record what etcd's robustness tests do.
type etcdStore struct {
	*rand.Rand
	revision int64
	held     map[string]etcdValue
	events   []object
	values   int
	now      int64

	operations [4][]object // of four clients
	watches    [4][]object
}

type etcdValue struct {
	value    string
	revision int64
	lease    int64
}

var etcdKeys = []string{"a", "b", "pods/1", "pods/2"}

// randomReport lets four clients work for a while. Every operation takes effect at one moment between its call and its return.
func randomReport(r *rand.Rand, length int) *etcdStore {
	s := &etcdStore{Rand: r, revision: 1, held: map[string]etcdValue{}}
	free := [4]int64{}
	for range length {
		c := s.IntN(4)
		effect := s.now + 10
		s.now = effect
		call := max(free[c]+1, effect-int64(s.IntN(40)))
		returned := effect + 1 + int64(s.IntN(40))
		if call >= effect {
			continue // it is busy
		}
		input, output, applied := s.operation()
		if s.IntN(10) == 0 && input["Type"] == "txn" { // the answer is lost
			output = object{"Error": "context deadline exceeded", "Revision": 0}
			if !applied() {
				continue
			}
			returned = 1 << 40
		}
		free[c] = returned
		client := c
		if returned == 1<<40 {
			client = 10 + len(s.operations[c]) // goes on under another number
			free[c] = effect
		}
		s.operations[c] = append(s.operations[c], object{"ClientId": client, "Input": input, "Call": call, "Output": output, "Return": returned})
	}
	for c := range s.watches {
		s.watches[c] = append(s.watches[c], s.watch())
	}
	return s
}

// operation performs something. applied is for what is lost: whether it happened all the same.
func (s *etcdStore) operation() (input, output object, applied func() bool) {
	key := etcdKeys[s.IntN(len(etcdKeys))]
	yes := func() bool { return true }
	switch s.IntN(8) {
	case 0:
		start, end := "pods/", "pods0"
		return object{"Type": "range", "Range": object{"Start": start, "End": end, "Limit": 0, "Revision": 0}}, object{"Range": s.ranged(start, end), "Revision": s.revision}, yes
	case 1:
		return object{"Type": "range", "Range": object{"Start": key, "End": "", "Limit": 0, "Revision": 0}}, object{"Range": s.ranged(key, ""), "Revision": s.revision}, yes
	case 2:
		return object{"Type": "leaseGrant", "LeaseGrant": object{"LeaseID": 7}}, object{"LeaseGrant": object{"LeaseID": 7}, "Revision": s.revision}, yes
	case 3:
		s.revoke(7)
		return object{"Type": "leaseRevoke", "LeaseRevoke": object{"LeaseID": 7}}, object{"LeaseRevoke": object{}, "Revision": s.revision}, yes
	case 4:
		return object{"Type": "defragment", "Defragment": object{}}, object{"Defragment": object{}, "Revision": -1}, yes
	}
	return s.transaction(key)
}

// transaction puts or deletes a key, if it is as it was; or else reads it.
func (s *etcdStore) transaction(key string) (input, output object, applied func() bool) {
	conditions := []object{}
	expected := s.held[key].revision
	if s.IntN(4) == 0 {
		expected = max(0, expected-1)
	}
	if s.IntN(2) == 0 {
		conditions = append(conditions, object{"Key": key, "ExpectedRevision": expected})
	}
	s.values++
	step := object{"Type": "put-operation", "Put": object{"Key": key, "Value": object{"Value": fmt.Sprint(s.values)}, "LeaseID": 0}}
	lease := int64(0)
	switch s.IntN(4) {
	case 0:
		step = object{"Type": "delete-operation", "Delete": object{"Key": key}}
	case 1:
		if key == "a" {
			lease = 7
			step["Put"].(object)["LeaseID"] = 7
		}
	}
	input = object{"Type": "txn", "Txn": object{"Conditions": conditions, "OperationsOnSuccess": []object{step},
		"OperationsOnFailure": []object{{"Type": "range-operation", "Range": object{"Start": key}}}}}
	if len(conditions) > 0 && expected != s.held[key].revision {
		return input, object{"Txn": object{"Failure": true, "Results": []object{s.ranged(key, "")}}, "Revision": s.revision}, func() bool { return true }
	}
	before, events, held := s.revision, len(s.events), maps.Clone(s.held)
	result := object{"KVs": nil, "Count": 0, "Deleted": 0}
	if step["Type"] == "delete-operation" {
		if _, there := s.held[key]; there {
			result["Deleted"] = 1
			s.change(key, "", 0)
		}
	} else {
		s.change(key, fmt.Sprint(s.values), lease)
	}
	output = object{"Txn": object{"Failure": false, "Results": []object{result}}, "Revision": s.revision}
	return input, output, func() bool {
		if s.IntN(2) == 0 {
			s.revision, s.events, s.held = before, s.events[:events], held // it never came to the server
		}
		return true
	}
}

// change puts a value, or deletes the key.
func (s *etcdStore) change(key, value string, lease int64) {
	s.revision++
	event := object{"Type": "put-operation", "Key": key, "Value": object{"Value": value}, "Revision": s.revision}
	if s.held[key] = (etcdValue{value, s.revision, lease}); value == "" {
		event["Type"] = "delete-operation"
		delete(s.held, key)
	}
	s.events = append(s.events, event)
}

func (s *etcdStore) revoke(lease int64) {
	for _, key := range slices.Sorted(maps.Keys(s.held)) {
		if s.held[key].lease == lease {
			s.change(key, "", 0)
		}
	}
}

func (s *etcdStore) ranged(start, end string) object {
	kvs := []object{}
	for _, key := range slices.Sorted(maps.Keys(s.held)) {
		if key == start || end != "" && key >= start && key < end {
			kvs = append(kvs, object{"Key": key, "Value": object{"Value": s.held[key].value}, "ModRevision": s.held[key].revision})
		}
	}
	return object{"KVs": kvs, "Count": len(kvs)}
}

// watch is told what changed of some keys, up to some revision.
func (s *etcdStore) watch() object {
	from, to := int64(1+s.IntN(3)), s.revision-int64(s.IntN(3))
	request := object{"Key": "pods/", "Revision": from, "WithPrefix": true}
	var responses []object
	var last []object
	for _, e := range s.events {
		if r := e["Revision"].(int64); r < from || r > to || !strings.HasPrefix(e["Key"].(string), "pods/") {
			continue
		}
		last = append(last, maps.Clone(e))
		if s.IntN(3) == 0 {
			responses, last = append(responses, object{"Events": last, "Revision": e["Revision"]}), nil
		}
	}
	if len(last) > 0 {
		responses = append(responses, object{"Events": last})
	}
	if s.IntN(2) == 0 && to > from {
		responses = append(responses, object{"IsProgressNotify": true, "Revision": to})
	}
	return object{"Request": request, "Responses": responses}
}

// write writes the report, as it was written in 2023 or indented as since 2025.
func (s *etcdStore) write(t *testing.T, indented bool) string {
	t.Helper()
	folder := t.TempDir()
	for c := range s.operations {
		client := filepath.Join(folder, fmt.Sprintf("client-%d", c+1))
		require.NoError(t, os.Mkdir(client, 0o755))
		for name, all := range map[string][]object{"operations.json": s.operations[c], "watch.json": s.watches[c]} {
			text := ""
			for _, o := range all {
				line, err := json.Marshal(o)
				if indented {
					line, err = json.MarshalIndent(o, "", "  ")
				}
				require.NoError(t, err)
				text += string(line) + "\n"
			}
			if text != "" {
				require.NoError(t, os.WriteFile(filepath.Join(client, name), []byte(text), 0o600))
			}
		}
	}
	return folder
}

func judgeReport(t *testing.T, folder string) *linearizability.Result {
	t.Helper()
	h, err := linearizability.ReadFile(folder, linearizability.ReadOptions{})
	require.NoError(t, err)
	require.Equal(t, linearizability.EtcdOperations, h.Format)
	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	return r
}

// TestReportsOfEtcd: what a store does that is as etcd's is linearizable, in both vintages.
func TestReportsOfEtcd(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for n := range 80 {
		folder := randomReport(r, 5+r.IntN(80)).write(t, n%2 == 0)
		result := judgeReport(t, folder)
		if result.Verdict == spec.Violated {
			require.Fail(t, result.Findings[0].Message, "%s\n%s", folder, strings.Join(result.Findings[0].Lines("x"), "\n"))
		}
		require.Equal(t, spec.Held, result.Verdict, result.Because)
	}
}

// TestWrongReportsOfEtcd: each thing that can be wrong is found and said.
func TestWrongReportsOfEtcd(t *testing.T) {
	watched := func(s *etcdStore) []object { // the events of some response with two or more
		for c := range s.watches {
			for _, response := range s.watches[c][0]["Responses"].([]object) {
				if events, _ := response["Events"].([]object); len(events) > 2 {
					return events
				}
			}
		}
		return nil
	}
	for name, c := range map[string]struct {
		spoil func(s *etcdStore) bool
		want  string
	}{
		"an event is missing": {func(s *etcdStore) bool {
			events := watched(s)
			if events == nil {
				return false
			}
			copy(events[1:], events[2:])
			for c := range s.watches {
				for _, response := range s.watches[c][0]["Responses"].([]object) {
					if all, _ := response["Events"].([]object); len(all) > 0 && &all[0] == &events[0] {
						response["Events"] = all[:len(all)-1]
					}
				}
			}
			return true
		}, `misses revision \d+`},
		"events are out of order": {func(s *etcdStore) bool {
			events := watched(s)
			if events != nil {
				events[0], events[1] = events[1], events[0]
			}
			return events != nil
		}, `after revision \d+$`},
		"an event is told twice": {func(s *etcdStore) bool {
			events := watched(s)
			if events != nil {
				events[1] = events[0]
			}
			return events != nil
		}, "is told twice"},
		"an event that nobody asked for": {func(s *etcdStore) bool {
			events := watched(s)
			if events != nil {
				events[0]["Key"] = "a"
			}
			return events != nil
		}, "which it did not ask for"},
		"another value": {func(s *etcdStore) bool {
			for _, e := range watched(s) {
				if e["Type"] == "put-operation" && s.answered(e["Revision"].(int64)) {
					e["Value"] = object{"Value": "never"}
					return true
				}
			}
			return false
		}, `is told that revision \d+ is put .* never, and it is put`},
		"two made one revision": {func(s *etcdStore) bool {
			return s.each(func(o object) bool {
				output := o["Output"].(object)
				r := output["Revision"]
				if made, _ := r.(int64); o["Input"].(object)["Type"] == "txn" && s.made(o) && made > 3 && s.answered(made-1) {
					output["Revision"] = made - 1
					return true
				}
				return false
			})
		}, `which another made|sees|after revision|misses`},
		"a read of what was replaced": {func(s *etcdStore) bool {
			return s.each(func(o object) bool {
				output := o["Output"].(object)
				shown, _ := output["Range"].(object)
				if shown == nil || len(shown["KVs"].([]object)) == 0 {
					return false
				}
				kv := shown["KVs"].([]object)[0]
				if at := kv["ModRevision"].(int64); at > 2 && s.answered(at) {
					kv["ModRevision"] = at - 1
					return true
				}
				return false
			})
		}, `at revision \d+ sees`},
		"the revision goes back": {func(s *etcdStore) bool {
			return s.each(func(o object) bool {
				output := o["Output"].(object)
				if output["Range"] == nil || output["Revision"].(int64) < 10 {
					return false
				}
				output["Revision"] = int64(2)
				return true
			})
		}, `is at revision 2, after revision \d+ was told`},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(13, 14))
			found := 0
			for n := range 25 {
				s := randomReport(r, 60)
				if !c.spoil(s) {
					continue
				}
				found++
				result := judgeReport(t, s.write(t, n%2 == 0))
				require.Equal(t, spec.Violated, result.Verdict)
				require.Regexp(t, c.want, result.Findings[0].Message)
				require.LessOrEqual(t, len(result.Findings[0].Operations), 2)
			}
			require.Greater(t, found, 3)
		})
	}
}

// each goes through the operations from the last to the first, until one is changed.
func (s *etcdStore) each(change func(object) bool) bool {
	for c := range s.operations {
		for k := len(s.operations[c]) - 1; k >= 0; k-- {
			if change(s.operations[c][k]) {
				return true
			}
		}
	}
	return false
}

// answered reports whether some client was told that it made a revision by a put.
func (s *etcdStore) answered(revision int64) bool {
	return s.each(func(o object) bool { return o["Output"].(object)["Revision"] == revision && s.made(o) })
}

// made reports whether an operation put a value and was told so.
func (s *etcdStore) made(o object) bool {
	txn, _ := o["Output"].(object)["Txn"].(object)
	if txn == nil || txn["Failure"] == true {
		return false
	}
	return o["Input"].(object)["Txn"].(object)["OperationsOnSuccess"].([]object)[0]["Type"] == "put-operation"
}

// TestOneClientOfEtcd: one client's operations are not the history; beside the others they are read with them.
func TestOneClientOfEtcd(t *testing.T) {
	s := randomReport(rand.New(rand.NewPCG(15, 16)), 60)
	folder := s.write(t, true)
	one := filepath.Join(folder, "client-1", "operations.json")
	h, err := linearizability.ReadFile(one, linearizability.ReadOptions{})
	require.NoError(t, err)
	require.Equal(t, folder, h.File)
	alone := filepath.Join(t.TempDir(), "operations.json")
	text, err := os.ReadFile(one)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(alone, text, 0o600))
	_, err = linearizability.ReadFile(alone, linearizability.ReadOptions{})
	require.ErrorContains(t, err, "the operations of one client")
}
