package linearizability_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

const header = `{"format":"raftcheck-history","version":1}` + "\n"

// dump prints the operations of a history, one a line.
func dump(h *linearizability.History) string {
	var b strings.Builder
	for _, o := range h.Operations {
		b.WriteString(h.Clients[o.Client] + ": " + o.String() + "\n")
	}
	return b.String()
}

func TestReading(t *testing.T) {
	for name, c := range map[string]struct{ format, text, want string }{
		"events": {"native", header +
			`{"client":"a","event":"call","op":"write","key":"x","value":"one"}` + "\n" +
			`{"client":"b","event":"call","op":"cas","key":"x","from":null,"to":2.50}` + "\n" +
			`{"client":"b","event":"return","swapped":false}` + "\n" +
			`{"client":"a","event":"fail"}` + "\n" +
			`{"client":7,"event":"call","op":"append","key":1,"value":3}` + "\n" +
			`{"client":7,"event":"unknown","error":"timeout"}` + "\n" +
			`{"client":"b","event":"call","op":"read","key":1}` + "\n" +
			`{"client":"b","event":"return","value":[3,[true,"a b"],{"literal":":k"}]}` + "\n" +
			`{"client":"c","event":"call","op":"read","key":"x"}` + "\n",
			"a: write x one (failed)\nb: cas x nil to 2.50: differs\n7: append 1 [3] (unknown)\nb: read 1: [3 [true \"a b\"] :k]\nc: read x (pending)\n"},
		"whole operations, in any order": {"native", header +
			`{"client":"b","op":"read","key":"x","value":1,"call":1700000000000000005,"return":1700000000000000009}` + "\n" +
			`{"client":"a","op":"write","key":"x","value":1,"call":1700000000000000001,"return":1700000000000000002,"outcome":"ok"}` + "\n" +
			`{"client":"c","op":"txn","do":[{"op":"read","key":"x","value":1},{"op":"write","key":"y","value":"z"},{"op":"cas","key":"y","from":"z","to":0,"swapped":true}],"call":1700000000000000003,"return":1700000000000000004}` + "\n" +
			`{"client":"d","op":"write","key":"x","value":3,"call":1700000000000000007}` + "\n" +
			`{"client":"e","op":"read","key":"x","unseen":true,"call":1700000000000000008,"return":1700000000000000009}` + "\n",
			"a: write x 1\nc: read x: 1; write y z; cas y z to 0: done\nb: read x: 1\nd: write x 3 (pending)\ne: read x\n"},
		"other operations, and beginnings": {"native", `{"format":"raftcheck-history","version":1,"initial":0,"initials":{"x":1,"y":null}}` + "\n" +
			`{"client":"a","event":"call","op":"delete","key":"x"}` + "\n" +
			`{"client":"a","event":"return"}` + "\n" +
			`{"client":"a","event":"call","op":"add","key":"x","value":-2}` + "\n" +
			`{"client":"a","event":"return"}` + "\n" +
			`{"client":"a","event":"call","op":"txn","do":[{"op":"expect","key":"x","value":3,"not":true},{"op":"expect","key":"y","value":null},{"op":"read","key":"y"}]}` + "\n" +
			`{"client":"a","event":"return","values":[null]}` + "\n",
			"a: write x nil\na: add x -2\na: expect x not 3; expect y nil; read y: nil\n"},
		"jepsen, one register": {"jepsen", `{:type :invoke, :f :write, :value 3, :process 0, :time 1}
; a comment
{:type :ok, :f :write, :value 3, :process 0, :time 2} #_{:ignored 1}
{:type :invoke, :f :cas, :value [3 4], :process 1}
{:type :info, :f :kill, :process :nemesis, :value {:n1 #{:a "b}"}}}
{:type :info, :f :cas, :value [3 4], :process 1, :error [:timeout "}{"]}
{:type :invoke, :f :read, :value nil, :process 2}
{:type :ok, :f :read, :value 4, :process 2}
`, "0: write 3\n1: cas 3 to 4 (unknown)\n2: read: 4\n"},
		"jepsen, keys": {"jepsen", "[{:type :invoke :f :read :value [x nil] :process 0}\n {:type :ok :f :read :value [x nil]\n  :process 0} #jepsen.history.Op{:type :invoke, :f :cas, :value [x [nil \"v\"]], :process 0}]",
			"0: read x: nil\n0: cas x nil to v (pending)\n"},
		"jepsen, transactions": {"jepsen", `{:process 0, :type :invoke, :f :txn, :value [[:r 1 nil] [:append 1 5] [:w 2 "w"]]}
{:process 0, :type :ok, :f :txn, :value [[:r 1 [3 4]] [:append 1 5] [:w 2 "w"]]}
`, "0: read 1: [3 4]; append 1 [5]; write 2 w\n"},
		"porcupine's stores": {"jepsen", `{:process 1, :type :invoke, :f :put, :key "0", :value "x y"}
{:process 1, :type :ok, :f :put, :key "0", :value "x y"}
{:process 1, :type :invoke, :f :append, :key "0", :value "z"}
{:process 2, :type :invoke, :f :get, :key "1", :value nil}
{:process 2, :type :ok, :f :get, :key "1", :value ""}
`, "1: write 0 \"x y\"\n1: append 0 z (pending)\n2: read 1: nil\n"},
		"a log": {"jepsen-log", "INFO  jepsen.core - up\nINFO  jepsen.util - 0\t:invoke\t:read\tnil\nINFO [2026-01-01 10:00:00,000] jepsen worker 0 - jepsen.util 0\t:ok\t:read\tnil\n" +
			"WARN  other - :invoke\nINFO  jepsen.util - 3\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - :nemesis\t:info\t:start\tnil\nINFO  jepsen.util - 3\t:fail\t:cas\t[1 2]\n" +
			"INFO  jepsen.util - 4\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - 4\t:fail\t:cas\t:timed-out\n",
			"0: read: nil\n3: cas 1 to 2: differs\n4: cas 1 to 2 (failed)\n"},
		"history.txt": {"jepsen-log", "0\t:invoke\t:write\t1\n0\t:ok\t:write\t1\n1\t:invoke\t:cas\t[1 2]\n1\t:fail\t:cas\t[1 2]\t:refused\n", "0: write 1\n1: cas 1 to 2 (failed)\n"},
		"maelstrom": {"maelstrom", `{"src":"c1","dest":"n1","body":{"type":"txn","txn":[["r","k",null],["append","k",1],["w",2,"b"]],"msg_id":1}}
{"src":"n1","dest":"c1","body":{"type":"txn_ok","txn":[["r","k",[7]],["append","k",1],["w",2,"b"]],"in_reply_to":1}}
{"src":"c2","dest":"n1","body":{"type":"write","key":"k","value":1,"msg_id":4}}
{"src":"c2","dest":"n1","body":{"type":"read","key":"k","msg_id":5}}
{"src":"n1","dest":"c2","body":{"type":"error","code":20,"in_reply_to":5}}
{"src":"n1","dest":"c2","body":{"type":"error","code":0,"in_reply_to":4}}
{"src":"c2","dest":"n1","body":{"type":"topology","topology":{},"msg_id":6}}
`, "c1: read k: [7]; append k [1]; write 2 b\nc2: write k 1 (unknown)\nc2: read k (failed)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := linearizability.ReadFrom("file", strings.NewReader(c.text), linearizability.ReadOptions{})
			require.NoError(t, err)
			require.Equal(t, c.format, h.Format)
			require.Equal(t, c.want, dump(h))
			require.NoError(t, h.Validate())
			var out bytes.Buffer
			require.NoError(t, linearizability.WriteTo(&out, h))
			requireSchema(t, out.String())
			again, err := linearizability.ReadFrom("file", &out, linearizability.ReadOptions{})
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(c.want, "(unknown)", "(unknown)"), dump(again))
			require.Equal(t, h.AppendKey(nil), again.AppendKey(nil))
		})
	}
}

func compiled(t testing.TB) *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(linearizability.Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("history.schema.json", document))
	s, err := c.Compile("history.schema.json")
	require.NoError(t, err)
	return s
}

// requireSchema: every line keeps to the published schema.
func requireSchema(t *testing.T, text string) {
	t.Helper()
	s := compiled(t)
	for line := range strings.Lines(text) {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		require.NoError(t, err)
		require.NoError(t, s.Validate(value), line)
	}
}

// unreadable are inputs that are no history, with what is said of them.
var unreadable = map[string]string{
	"":                    "file:1: the file is empty",
	"\n\n":                "file:1: the file is empty",
	"This is no history.": "file:1: no history of a format that is known",
	`{"a":1}`:             "file:1: no history of a format that is known",
	header:                "file:1: the file holds no operation of a client",
	`{"format":"raftcheck-history","version":2}`: `file:1:1: the first line must be {"format":"raftcheck-history","version":1}`,
	header + "{":                                                                                                            "file:2:2: the line is cut off: the line ends where a string belongs",
	header + `{"client":"a"}`:                                                                                               `file:2:1: a line without "event" (call, return, fail, unknown) or "call" (the moment of the call)`,
	header + `{"event":"call","op":"read"}`:                                                                                 `file:2:1: a line without "client"`,
	header + `{"client":"a","event":"cal","op":"read"}`:                                                                     `file:2:15: unknown event "cal": call, return, fail or unknown`,
	header + `{"client":"a","event":"call","op":"rmw"}`:                                                                     `file:2:1: unknown operation "rmw": read, write, delete, cas, append, add, expect or txn`,
	header + `{"client":"a","event":"call","op":"write","key":"x","vlaue":1}`:                                               `file:2:1: a write needs a "value"`,
	header + `{"client":"a","event":"call","op":"write","key":"x","value":{"a":1}}`:                                         `file:2:61: an object where a value belongs: null, a string, a number, true, false, a list or {"literal":TEXT}`,
	header + `{"client":"a","event":"call","op":"cas","from":1}`:                                                            `file:2:1: a cas needs "from" and "to"`,
	header + `{"client":"a","event":"return"}`:                                                                              `file:2:2: client "a" called nothing that could return`,
	header + `{"client":"a","event":"call","call":1,"op":"read"}`:                                                           `file:2:30: a line with both "event" and "call": it is either an event or a whole operation`,
	header + `{"client":"a","op":"read","call":1,"return":2}`:                                                               `file:2:27: a read that returned needs "value": what it read, or null`,
	header + `{"client":"a","op":"read","value":1,"call":3,"return":2}`:                                                     "file:2:37: it returns at 2, before its call at 3",
	header + `{"client":"a","op":"read","value":1,"call":3000000000000000000,"return":2}`:                                   "file:2:44: a moment is a whole number between -2^61 and 2^61",
	header + `{"client":"a","op":"write","value":1,"call":3,"outcome":"ok"}`:                                                `file:2:38: an operation with outcome ok needs "return": the moment of its return`,
	header + `{"client":"a","op":"txn","call":3}`:                                                                           `file:2:1: a txn needs "do": a list of operations`,
	header + "{\"client\":\"a\",\"event\":\"call\",\"op\":\"read\"}\n{\"client\":\"b\",\"op\":\"read\",\"call\":1}":         "file:3:1: events and whole operations in one file: their order cannot be known",
	header + "{\"client\":\"a\",\"event\":\"call\",\"op\":\"read\"}\n{\"client\":\"a\",\"event\":\"return\"}":               `file:3:1: a read that returned needs "value": what it read, or null`,
	header + "{\"client\":\"a\",\"event\":\"call\",\"op\":\"read\"}\n{\"client\":\"a\",\"event\":\"call\",\"op\":\"read\"}": `file:3:2: client "a" calls again before its operation of line 2 returned`,
	`{:process 0, :type :invoke}`:                                                                                           "file:1: an operation without :f",
	`{:type :invoke, :f :read}`:                                                                                             "file:1: an operation without :process",
	`{:process 0, :f :read}`:                                                                                                "file:1: an operation without :type",
	`{:process 0, :type :maybe, :f :read}`:                                                                                  `file:1: unknown :type ":maybe": :invoke, :ok, :fail or :info`,
	`{:process 0, :type :invoke, :f :inform, :value 1}`:                                                                     `file:1: unknown :f ":inform": :read, :write, :cas, :append, :delete, :txn, :add, :acquire, :release, :enqueue, :dequeue, :drain, or :get and :put with :key`,
	`{:process 0, :type :ok, :f :read, :value 1}`:                                                                           `file:1: client "0" called nothing that could return`,
	`{:process 0, :type :invoke, :f :cas, :value 1}`:                                                                        "file:1: the :value of :cas is 1 and not a pair of values",
	`{:process 0, :type :invoke, :f :txn, :value [[:inc 1 1]]}`:                                                             `file:1: unknown operation ":inc" in a transaction: :r, :w, :append, :cas or :delete`,
	"{:process 0, :type :invoke, :f :read, :value nil}\n{:process 0, :type :ok, :f :write, :value 1}":                       "file:2: this ends another operation than was invoked at line 1: :write and not :read",
	`{:process 0, :type`:                    "file:1: the file ends inside a form",
	`{:process}`:                            "file:1:10: a map with a key that has no value",
	`{:process 0]`:                          "file:1:12: a ] where a } belongs",
	`{:a "b`:                                "file:1:6: the line ends inside a string",
	`[1 2]`:                                 "file:1: 1 where the map of an operation belongs",
	`{:process 0} )`:                        "file:1: an operation without :type",
	strings.Repeat("[", 100):                "file:1:65: nested deeper than 64",
	"INFO  jepsen.util - 0\t:invoke\t:read": "file:1: no line of a Jepsen log: a process, :invoke, :ok, :fail or :info, a function and a value belong here",
	"0\t:invoke\t:read\tnil\ngarbage":       "file:2: no line of a Jepsen log: a process, :invoke, :ok, :fail or :info, a function and a value belong here",
	"0\t:invoke\t:cas\t[1":                  "file:1: the line ends inside a form",
	`{"src":"c1","body":{}}`:                `file:1:1: a message without "src" or "dest"`,
	`{"src":"c1","dest":"n1","body":{"type":"read","msg_id":1}}`:                                                                           `file:1: a read without "key": this is no workload of keys and values`,
	`{"src":"c1","dest":"n1","body":{"type":"read","key":1}}`:                                                                              `file:1: a read without "msg_id"`,
	`{"src":"c1","dest":"n1","body":{"type":"txn","txn":[["x",1,2]],"msg_id":1}}`:                                                          `file:1:53: unknown operation "x" in a transaction: r, w or append`,
	"{\"format\":\"raftcheck-history\",\"version\":1}\n{\"client\":\"a\",\"call\":1,\"return\":2,\"op\":\"read\",\"value\":1,\"value\":2}": `file:2:57: "value" stands here twice`,
	`{"Input":{"Type":"txn","Type":"range"},"Call":1,"Return":2,"ClientId":1}`:                                                             `file:1: "Type" stands here twice`,
	`{"src":"n1","dest":"n2","body":{"type":"vote"}}`:                                                                                      "file:1: the file holds no operation of a client",
	`{"format":"raftcheck-trace","version":1}`:                                                                                             "file:1: the trace has a header and no records",
	"{\"format\":\"raftcheck-trace\",\"version\":1}\n{\"n\":1,\"server\":\"n1\",\"event\":\"timeout\"}":                                    "file:2: the trace shows no operation of a client: no propose, no read",
}

func TestUnreadable(t *testing.T) {
	for text, want := range unreadable {
		t.Run(want, func(t *testing.T) {
			_, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{})
			var fault *traces.InputError
			require.ErrorAs(t, err, &fault, "%q", text)
			require.Equal(t, want, err.Error(), "%q", text)
		})
	}
}

// TestTheDocumentShowsHistories: what docs/linearizability.md tells users to write can be read, and keeps to the schema.
func TestTheDocumentShowsHistories(t *testing.T) {
	text, err := os.ReadFile("../docs/linearizability.md")
	require.NoError(t, err)
	blocks := strings.Split(string(text), "```json\n")[1:]
	require.Len(t, blocks, 2)
	for _, b := range blocks {
		history, _, _ := strings.Cut(b, "```")
		if !strings.HasPrefix(history, header) {
			history = header + history
		}
		requireSchema(t, history)
		_, err := linearizability.ReadFrom("docs", strings.NewReader(history), linearizability.ReadOptions{})
		require.NoError(t, err)
	}
}

func TestTheSchemaRefuses(t *testing.T) {
	s := compiled(t)
	for _, line := range []string{
		`{}`,
		`{"format":"raftcheck-history","version":2}`,
		`{"client":"a"}`,
		`{"client":"a","event":"call","op":"write"}`,
		`{"client":"a","event":"call","op":"cas","from":1}`,
		`{"client":"a","event":"calls","op":"read"}`,
		`{"client":"a","event":"return","value":{"a":1}}`,
		`{"client":"a","op":"read","call":1.5}`,
		`{"client":"a","op":"txn","do":[],"call":1}`,
	} {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		require.NoError(t, err)
		require.Error(t, s.Validate(value), line)
	}
}

func TestWhatAFailedCompareAndSetTells(t *testing.T) {
	const text = `{:process 0, :type :invoke, :f :cas, :value [1 2]}
{:process 0, :type :fail, :f :cas, :value [1 2]}
`
	for reading, want := range map[linearizability.FailedCAS]string{
		linearizability.ByFormat: "0: cas 1 to 2 (failed)\n", linearizability.DidNotHappen: "0: cas 1 to 2 (failed)\n", linearizability.Differed: "0: cas 1 to 2: differs\n",
	} {
		h, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{FailedCAS: reading})
		require.NoError(t, err)
		require.Equal(t, want, dump(h))
	}
}

func TestInitialValues(t *testing.T) {
	text := `{"format":"raftcheck-history","version":1,"initial":0}` + "\n" +
		`{"client":"a","op":"read","key":"x","value":0,"call":1,"return":2}` + "\n" +
		`{"client":"a","op":"cas","key":"x","from":0,"to":1,"swapped":true,"call":3,"return":4}` + "\n"
	h, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{})
	require.NoError(t, err)
	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict)
	other := linearizability.Literal("7")
	h, err = linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{Initial: &other})
	require.NoError(t, err)
	r, err = linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	for text, want := range map[string]string{"0": "0", "nil": "nil", "null": "nil", `"a b"`: `"a b"`, "[1 2]": "[1 2]", ":k": ":k"} {
		v, err := linearizability.ParseValue(text)
		require.NoError(t, err)
		require.Equal(t, want, v.String())
	}
	for _, text := range []string{"", "[1", "1 2", `"`} {
		_, err := linearizability.ParseValue(text)
		require.Error(t, err, text)
	}
}

// TestNullAppendedIsAnElementInEveryFormat that has appends.
func TestNullAppendedIsAnElementInEveryFormat(t *testing.T) {
	for format, text := range map[string]string{
		linearizability.Native: `{"format":"raftcheck-history","version":1}` + "\n" + `{"client":1,"event":"call","op":"append","key":"k","value":null}` + "\n" + `{"client":1,"event":"return"}` + "\n",
		linearizability.Jepsen: `{:process 0, :type :invoke, :f :txn, :value [[:append "k" nil]]}` + "\n" + `{:process 0, :type :ok, :f :txn, :value [[:append "k" nil]]}` + "\n",
		linearizability.Maelstrom: `{"src":"c1","dest":"n1","body":{"type":"txn","txn":[["append","k",null]],"msg_id":1}}` + "\n" +
			`{"src":"n1","dest":"c1","body":{"type":"txn_ok","txn":[["append","k",null]],"in_reply_to":1}}` + "\n",
	} {
		h, err := linearizability.ReadFrom("h", strings.NewReader(text), linearizability.ReadOptions{Format: format})
		require.NoError(t, err, format)
		require.Equal(t, linearizability.AppendOf("k", linearizability.List(linearizability.Absent)), h.Operations[0].Do[0], format)
	}
}

// TestAClientWithoutALetterIsAClient: a name is data, in every format, and what is written of it is read again.
func TestAClientWithoutALetterIsAClient(t *testing.T) {
	for format, text := range map[string]string{
		linearizability.Native:     `{"format":"raftcheck-history","version":1}` + "\n" + `{"client":"","event":"call","op":"read","key":"k"}` + "\n" + `{"client":"","event":"return","value":2}` + "\n",
		linearizability.Jepsen:     `{:process "", :type :invoke, :f :read, :value nil}` + "\n" + `{:process "", :type :ok, :f :read, :value 2}` + "\n",
		linearizability.JepsenJSON: `[{"process":"","type":"invoke","f":"read","value":null},{"process":"","type":"ok","f":"read","value":2}]`,
		linearizability.JepsenLog:  ":\t:invoke\t:read\tnil\n:\t:ok\t:read\t2\n",
	} {
		h, err := linearizability.ReadFrom("h", strings.NewReader(text), linearizability.ReadOptions{Format: format})
		require.NoError(t, err, format)
		require.Equal(t, []string{""}, h.Clients, format)
		var out bytes.Buffer
		require.NoError(t, linearizability.WriteTo(&out, h))
		again, err := linearizability.ReadFrom("h", &out, linearizability.ReadOptions{})
		require.NoError(t, err, format)
		require.Equal(t, h.AppendKey(nil), again.AppendKey(nil), format)
		r, err := linearizability.Verify(context.Background(), again, linearizability.Options{})
		require.NoError(t, err, format)
		require.Contains(t, r.Findings[0].Message, `client "" reads 2`, format)
	}
}

// FuzzReadFrom: whatever the bytes, a reader returns a history that makes sense, or an error with a place; and what it read, written and
// read again, is the same.
func FuzzReadFrom(f *testing.F) {
	for text := range unreadable {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAnything(t, data, linearizability.Auto) })
}

func FuzzNative(f *testing.F)     { fuzzFormat(f, linearizability.Native) }
func FuzzJepsen(f *testing.F)     { fuzzFormat(f, linearizability.Jepsen) }
func FuzzJepsenJSON(f *testing.F) { fuzzFormat(f, linearizability.JepsenJSON) }
func FuzzJepsenLog(f *testing.F)  { fuzzFormat(f, linearizability.JepsenLog) }
func FuzzMaelstrom(f *testing.F)  { fuzzFormat(f, linearizability.Maelstrom) }
func FuzzEtcd(f *testing.F)       { fuzzFormat(f, linearizability.EtcdOperations) }
func FuzzTrace(f *testing.F)      { fuzzFormat(f, linearizability.TraceOf) }

func fuzzFormat(f *testing.F, format string) {
	for _, text := range seeds[format] {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAnything(t, data, format) })
}

// seeds are beginnings for the fuzzer.
var seeds = map[string][]string{
	linearizability.Jepsen: {
		`{:process 0, :type :invoke, :f :cas, :value ["k" [nil [1 2N]]]} #_x {:process 0 :type :ok :f :cas :value ["k" [3 [1 2]]]}`,
		`[#a.B{:process "a" :type :invoke :value [[:r 1 nil] [:append 1 2]]} ^:m {:process "a" :type :ok :value [[:r 1 [7]] [:append 1 2]]}]`,
		`{:process 0 :type :ok :f :add :value #{1 2/4 #"x\"" #:a{:b ##NaN}}}`,
	},
	linearizability.JepsenJSON: {`[{"process":0,"type":"invoke","f":"txn","value":[["r",1,null],["w","k",{"a":[1.0]}]]}]`},
	linearizability.JepsenLog: {
		"2025-01-02 03:04:05,678{GMT}\tINFO\t[w 0] jepsen.util: 0\t:invoke\t:read\tnil\nx\n0\t:info\t:read\tnil\tbroken (\n",
		`{"message":"0\t:invoke\t:acquire\tnil","logger_name":"jepsen.print"}`,
	},
	linearizability.EtcdOperations: {
		`{"ClientId":1,"Input":{"Type":"txn","Txn":{"Conditions":[{"Key":"a","ExpectedRevision":0}],"OperationsOnSuccess":[{"Type":"put-operation","Put":{"Key":"a","Value":{"Value":"1"},"LeaseID":7}},{"Type":"delete-operation","Delete":{"Key":"b"}}],"OperationsOnFailure":[{"Type":"range-operation","Range":{"Start":"a"}}]}},"Call":1,"Output":{"Txn":{"Failure":false,"Results":[{},{"Deleted":1}]},"Revision":2},"Return":2}` +
			`{"ClientId":2,"Input":{"Type":"leaseRevoke","LeaseRevoke":{"LeaseID":7}},"Call":3,"Output":{"Revision":3},"Return":4}` +
			`{"ClientId":2,"Input":{"Type":"range","Range":{"Start":"a","End":"z","Revision":2}},"Call":5,"Output":{"Range":{"KVs":[{"Key":"a","Value":{"Hash":5},"ModRevision":2}],"Count":1},"Revision":3},"Return":6}`,
	},
}

func readAnything(t *testing.T, data []byte, format string) {
	h, err := linearizability.ReadFrom("file", bytes.NewReader(data), linearizability.ReadOptions{Format: format})
	if err != nil {
		var fault *traces.InputError
		require.ErrorAs(t, err, &fault)
		require.NotEmpty(t, fault.Message)
		return
	}
	require.NotEmpty(t, h.Operations)
	require.NoError(t, h.Validate())
	var out bytes.Buffer
	require.NoError(t, linearizability.WriteTo(&out, h))
	again, err := linearizability.ReadFrom("file", &out, linearizability.ReadOptions{})
	require.NoError(t, err)
	require.Equal(t, h.AppendKey(nil), again.AppendKey(nil))
	if len(h.Operations) <= 10 {
		require.Equal(t, linearizability.Check(h), linearizability.Check(again))
	}
}
