package linearizability_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/linearizability"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

// TestEqualAsInClojure: what is equal in Clojure is one value, however it is written, and what is not is not.
func TestEqualAsInClojure(t *testing.T) {
	classes := [][]string{
		{"1", "1N", "+1", "01", "0x1", "0X1N", "2r1", "36r1", "^:m 1", "#_2 1", "'1", "2/2"},
		{"1.0", "1e0", "10.0E-1", "1.00"},
		{"1M", "1.0M", "1.00M", "10E-1M"},
		{"-1", "-1N"},
		{"0", "-0", "0N", "00"},
		{"1/2", "2/4"},
		{"1e30", "1.0E30"},
		{"1000000000000000000000000000000N", "1000000000000000000000000000000"},
		{`"1"`, `"\u0031"`, `"\61"`},
		{`\1`, `\u0031`, `\o61`},
		{`\newline`, `\u000a`},
		{`\A`}, {`\(`}, {"A"}, {":A"}, {":a/A"}, {`"A"`}, {":b/A"},
		{"true"}, {"##NaN"}, {"##Inf"}, {"##-Inf"}, {`#"A"`}, {"#'A/a"},
		{"[1 2]", "(1 2)", "[1, 2]", "[1N #_3 2]", "[0x1 ^{:a 1} 2]"},
		{"[2 1]"}, {"[1.0 2]"}, {"[[1 2]]"}, {"[1 [2]]"},
		{"#{1 2}", "#{2 1}", "#{1N 2 2}"},
		{"{:a 1 :b 2}", "{:b 2, :a 1N}", "#:x{:_/a 1 :_/b 2}"},
		{"{:a 1.0 :b 2}"},
		{"{:x/a 1 :y/b 2}", "#:x{:a 1 :y/b 2}", "#::x{:y/b 2 :a 1}"},
		{"{[1 2] #{3}}", "{(1 2) #{3}}"},
		{`#inst "2020-01-01"`}, {`#my.own/tag "2020-01-01"`},
		{"nil", "[]", "()", "[#_1]"},
	}
	of := map[linearizability.Value]string{}
	for _, class := range classes {
		var first linearizability.Value
		for n, text := range class {
			v, err := linearizability.ParseValue(text)
			require.NoError(t, err, text)
			if n == 0 {
				first = v
				require.NotContains(t, of, v, "%s is not %s", text, of[v])
				of[v] = text
			}
			require.Equal(t, first, v, "%s is %s", text, class[0])
		}
	}
	for _, text := range []string{"", "1 2", "[1", "{1}", ")", `"a`, `#"a`, "#=(+ 1 2)", "#<a", "#x", "#:a 1", `"\q"`, "^a"} {
		_, err := linearizability.ParseValue(text)
		require.Error(t, err, text)
	}
}

// TestWorkloads: what operations do is told by their names and by the form of their values.
func TestWorkloads(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"keys before transactions": {`
{:process 0 :type :invoke :f :txn :value [7 [[:w 0 3] [:r 1 nil]]]}
{:process 0 :type :ok :f :txn :value [7 [[:w 0 3] [:r 1 4]]]}
{:process 0 :type :invoke :f :read :value [8 [[:r 1 nil]]]}`,
			"0: write 7/0 3; read 7/1: 4\n0: read 8/1 (pending)\n"},
		"transactions under any name, and none": {`
{:process 0 :type :invoke :f :append :value [[:append 9 1]]}
{:process 1 :type :invoke :value [[:r 9 nil]]}
{:process 1 :type :ok :value [[:r 9 [1]]]}
{:process 2 :type :invoke :f :mix :value [[:write 1 2] [:read 1 nil] [:cas 1 2 3] [:cas 1 [3 4]] [:delete 1]]}`,
			"0: append 9 [1] (pending)\n1: read 9: [1]\n2: write 1 2; read 1; cas 1 2 to 3; cas 1 3 to 4; write 1 nil (pending)\n"},
		"nobody's transactions": {`
{:type :invoke :value [[:append 1 1]]}
{:type :invoke :value [[:append 1 2]]}
{:type :ok :value [[:append 1 2]]}
{:type :info :value [[:append 1 1]]}`,
			"somebody: append 1 [1] (unknown)\nsomebody: append 1 [2]\n"},
		"versions": {`
{:process 0 :type :invoke :f :write :value [x [nil 3]]}
{:process 0 :type :ok :f :write :value [x [2 3]]}
{:process 1 :type :invoke :f :write :value [x [nil 4]]}
{:process 2 :type :invoke :f :cas :value [x [nil [3 5]]]}
{:process 2 :type :info :f :cas :value [x [nil [3 5]]]}
{:process 3 :type :invoke :f :read :value [x [nil nil]]}
{:process 3 :type :ok :f :read :value [x [3 5]]}`,
			"0: cas x/version 1 to 2: done; write x 3\n1: add x/version 1; write x 4 (pending)\n2: expect x 3; add x/version 1; write x 5 (unknown)\n3: read x/version: 3; read x: 5\n"},
		"versions without keys": {`
{:process 0 :type :invoke :f :write :value [nil 3]}
{:process 0 :type :ok :f :write :value [1 3]}`,
			"0: cas version nil to 1: done; write 3\n"},
		"values that are known at the end": {`
{:process 0 :type :invoke :f :write :value nil}
{:process 0 :type :ok :f :write :value 5}
{:process 0 :type :invoke :f :txn :value [[:append 1 nil] [:r 1 nil]]}
{:process 0 :type :ok :f :txn :value [[:append 1 7] [:r 1 [7]]]}
{:process 0 :type :invoke :f :txn :value nil}
{:process 0 :type :ok :f :txn :value [[:w 1 9]]}`,
			"0: write 5\n0: append 1 [7]; read 1: [7]\n0: write 1 9\n"},
		"a completion that does not say what was read": {`
{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read}`,
			"0: read\n"},
		"comparisons of three": {`
{:process 0 :type :invoke :f :write :value ["k" 1]}
{:process 0 :type :ok :f :write :value ["k" 1]}
{:process 0 :type :invoke :f :cas :value ["k" 1 2]}
{:process 0 :type :ok :f :cas :value ["k" 1 2]}
{:process 0 :type :invoke :f :delete :value "k"}`,
			"0: write k 1\n0: cas k 1 to 2: done\n0: write k nil (pending)\n"},
		"locks": {`
{:process 0 :type :invoke :f :acquire :value nil}
{:process 0 :type :ok :f :acquire :value {:fence 5}}
{:process 0 :type :invoke :f :release :value nil}
{:process 0 :type :info :f :release :value nil}
{:process 1 :type :invoke :f :acquire}`,
			"0: cas lock nil to held: done\n0: cas lock held to nil (unknown)\n1: cas lock nil to held (pending)\n"},
		"a counter": {`
{:process 0 :type :invoke :f :add :value 2}
{:process 0 :type :ok :f :add :value 2}
{:process 0 :type :invoke :f :decrement :value nil}
{:process 0 :type :ok :f :decrement :value nil}
{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value 1}`,
			"0: add 2\n0: add -1\n0: read: 1\n"},
		"a set": {`
{:process 0 :type :invoke :f :add :value 2}
{:process 0 :type :ok :f :add :value 2}
{:process 1 :type :invoke :f :add :value "b"}
{:process 0 :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value #{"b"}}`,
			"0: write set/2 true\n1: write set/b true (pending)\n0: read set/2: nil; read set/b: true\n"},
		"named processes": {`
{:process "a" :type :invoke :f :write :value 1}
{:process :nemesis :type :invoke :f :kill :value nil}
{:process :logger :type :info :f :rotate :value #object[java.lang.Object 0x1 "x"]}
{:process "a" :type :ok :f :write :value 1}
{:process 0N :type :invoke :f :read :value nil}
{:process 0 :type :ok :f :read :value 1}`,
			"a: write 1\n0: read: 1\n"},
		"what stands beside": {`#foo.Bar [ ; one
#jepsen.history.Op{:process 0 :type :invoke :f :write :value 1 :re #"a}\"" :q 'x :m ^{:a "}"} [1] :inf ##Inf :c \} :s "two
lines" :old #<Object a<b>@1> :e #error {:via [{:type a.b/C}]}}
#_{:process 9} {:process 0 :type :ok :f :write, :value 1N}]`,
			"0: write 1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := linearizability.ReadFrom("file", strings.NewReader(strings.TrimPrefix(c.text, "\n")), linearizability.ReadOptions{})
			require.NoError(t, err)
			require.Equal(t, linearizability.Jepsen, h.Format)
			require.Equal(t, c.want, dump(h))
		})
	}
}

// TestWithoutInvocations: all that is known is what happened, not when.
func TestWithoutInvocations(t *testing.T) {
	text := "{:type :ok, :value [[:append 1 1] [:r 2 []]]}\n{:type :ok, :process 3, :value [[:append 2 1]]}\n{:type :fail, :value [[:append 2 2]]}\n"
	h, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{})
	require.NoError(t, err)
	require.Equal(t, "somebody: append 1 [1]; read 2: nil\n3: append 2 [1]\nsomebody: append 2 [2] (failed)\n", dump(h))
	require.Len(t, h.Notes, 1)
	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Held, r.Verdict)
	_, err = linearizability.ReadFrom("file", strings.NewReader(text+"{:type :invoke, :process 3, :value [[:r 1 nil]]}\n"), linearizability.ReadOptions{})
	require.ErrorContains(t, err, "file:4: an :invoke in a history that began without any")
}

// op is a happening of a run that the test below writes in every form that Jepsen has had.
type op struct {
	process, kind, f, value string
	err                     string
}

// randomRun is what a register with a lost write now and then would record.
func randomRun(r *rand.Rand) (run []op) {
	held, next := 0, 0
	open, name := map[int]op{}, []int{0, 1, 2}
	for range 6 + r.IntN(30) {
		c := r.IntN(len(name))
		before, busy := open[c]
		process := strconv.Itoa(name[c])
		if r.IntN(9) == 0 {
			run = append(run, op{process: ":nemesis", kind: "info", f: "start", value: `{"n1" [:cut #{"n2"}]}`})
		}
		if !busy {
			o := op{process: process, kind: "invoke", f: []string{"read", "write", "cas"}[r.IntN(3)], value: "nil"}
			switch next++; o.f {
			case "write":
				o.value = strconv.Itoa(next)
			case "cas":
				o.value = fmt.Sprintf("[%d %d]", held, next)
			}
			open[c] = o
			run = append(run, o)
			continue
		}
		delete(open, c)
		end := before
		end.kind = "ok"
		switch n := r.IntN(12); {
		case n == 0:
			end.kind, end.err = "info", []string{"indeterminate: connection lost (try again\nlater)", "java.net.SocketTimeoutException", "Unknown table 'registers'"}[r.IntN(3)]
			name[c] += len(name)
		case n == 1 || before.f == "cas" && before.value != fmt.Sprintf("[%d %d]", held, next) && !strings.HasPrefix(before.value, fmt.Sprintf("[%d ", held)):
			end.kind = "fail"
			if n == 1 {
				end.err = "no leader"
			}
		case before.f == "write":
			held, _ = strconv.Atoi(before.value)
		case before.f == "cas":
			held, _ = strconv.Atoi(strings.Trim(strings.Split(before.value, " ")[1], "]"))
		default:
			end.value = strconv.Itoa(held)
			if r.IntN(12) == 0 {
				end.value = strconv.Itoa(max(0, held-1))
			}
			if end.value == "0" {
				end.value = "nil"
			}
		}
		run = append(run, end)
	}
	return run
}

// column is a line of history.txt.
func (o op) column() string {
	s := o.process + "\t:" + o.kind + "\t:" + o.f + "\t" + o.value
	if o.err != "" {
		s += "\t" + o.err
	}
	return s
}

// forms are the files that Jepsen has written of a run, with what else stands in them.
var forms = map[string]func(run []op) string{
	"history.edn": func(run []op) (s string) {
		for n, o := range run {
			s += fmt.Sprintf("{:type :%s, :f :%s, :value %s, :time %d, :process %s, :index %d", o.kind, o.f, o.value, n*1000, o.process, n)
			if o.err != "" {
				s += fmt.Sprintf(", :error [:oops %q]", o.err)
			}
			s += "}\n"
		}
		return s
	},
	"history.edn of 0.3, in a vector": func(run []op) string {
		s := "["
		for n, o := range run {
			s += fmt.Sprintf("#jepsen.history.Op{:index %d, :time %d,\n :type :%s, :process %s, :f :%s, :value %s}\n", n, n, o.kind, o.process, o.f, o.value)
		}
		return s + "]\n"
	},
	"history.txt": func(run []op) (s string) {
		for _, o := range run {
			s += o.column() + "\n"
		}
		return s
	},
	"jepsen.log until 0.1.2": func(run []op) string {
		s := "INFO [2016-07-02 11:27:09,001] main - jepsen.core Running test:\n {:name \"x\",\n  :nodes (:n1)}\n"
		for n, o := range run {
			s += fmt.Sprintf("INFO [2016-07-02 11:27:10,%03d] jepsen worker %s - jepsen.util %s\n", n, o.process, o.column())
		}
		return s + "INFO [2016-07-02 11:28:10,000] main - jepsen.core Everything looks good!\n"
	},
	"jepsen.log":              func(run []op) string { return stamped(run, "jepsen.util") },
	"jepsen.log since 0.3.12": func(run []op) string { return stamped(run, "jepsen.print") },
	"the console": func(run []op) string {
		s := "INFO\t[jepsen test runner] jepsen.core: Running test:\n{:name \"x\"}\n"
		for _, o := range run {
			s += "INFO\t[jepsen worker " + o.process + "] jepsen.util: " + o.column() + "\n"
		}
		return s
	},
	"a log with lines that lack their head": func(run []op) string {
		s := "2025-01-02 03:04:05,678{GMT}\tINFO\t[jepsen test runner] jepsen.core: Running\n"
		for _, o := range run {
			s += o.column() + "\n"
		}
		return s
	},
	"a log in JSON": func(run []op) (s string) {
		for n, o := range run {
			s += fmt.Sprintf(`{"@timestamp":"2025-01-02T03:04:05.%03dZ","@version":"1","message":%q,"logger_name":"jepsen.util","thread_name":"jepsen worker","level":"INFO"}`, n, o.column()) + "\n"
		}
		return s
	},
	"JSON": func(run []op) string {
		var all []string
		for n, o := range run {
			process := o.process
			if process == ":nemesis" {
				process, o.value = `"nemesis"`, "null"
			}
			value := strings.NewReplacer(" ", ",", "nil", "null").Replace(o.value)
			all = append(all, fmt.Sprintf(` {"index": %d, "type": %q, "process": %s,%s"f": %q, "value": %s}`, n, o.kind, process, "\n  ", o.f, value))
		}
		return "[\n" + strings.Join(all, ",\n") + "\n]\n"
	},
}

// stamped is a log with times and threads.
func stamped(run []op, logger string) string {
	const at = "2025-01-02 03:04:05,678{GMT}\t"
	s := at + "INFO\t[jepsen test runner] jepsen.core: Test version 1 (plus uncommitted changes)\n" +
		at + "INFO\t[jepsen test runner] jepsen.core: Running test:\n{:remote\n #jepsen.control.SSHRemote{:concurrency-limit 6},\n :nodes [\"n1\"]}\n\n"
	for _, o := range run {
		s += at + "INFO\t[jepsen worker " + o.process + "] " + logger + ": " + o.column() + "\n"
		if o.kind == "info" {
			s += at + "WARN\t[jepsen worker 0] jepsen.generator.interpreter: Process " + o.process + " crashed\njava.lang.Exception: x\n\tat clojure.core$apply.invoke(core.clj:667)\n"
		}
	}
	return s + at + "INFO\t[jepsen history.txt] jepsen.util: Wrote history\n"
}

// TestOneRunInEveryForm: the same run gives the same history, and so the same verdict, from each of its files.
func TestOneRunInEveryForm(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	verdicts := map[spec.Verdict]int{}
	for range 300 {
		run := randomRun(r)
		var want string
		for _, form := range sorted(forms) {
			text := forms[form](run)
			h, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{})
			require.NoError(t, err, "%s:\n%s", form, text)
			if want == "" {
				want = dump(h)
				found, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
				require.NoError(t, err)
				verdicts[found.Verdict]++
			}
			require.Equal(t, want, dump(h), "%s:\n%s", form, text)
		}
	}
	require.Greater(t, min(verdicts[spec.Held], verdicts[spec.Violated]), 30, "both verdicts occur: %v", verdicts)
}

func sorted[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	for k := range keys {
		for j := k; j > 0 && keys[j] < keys[j-1]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	return keys
}

// TestAfterInfo: a process whose operation never ended cannot call another.
func TestAfterInfo(t *testing.T) {
	run := []op{{"0", "invoke", "write", "1", ""}, {"0", "info", "write", "1", "timeout"}, {"0", "invoke", "read", "nil", ""}}
	for _, form := range []string{"history.edn", "history.txt", "JSON"} {
		_, err := linearizability.ReadFrom("file", strings.NewReader(forms[form](run)), linearizability.ReadOptions{})
		var fault *traces.InputError
		require.ErrorAs(t, err, &fault)
		require.Regexp(t, `^file:\d: process 0 goes on after the :info of line \d$`, err.Error())
		require.NotEmpty(t, fault.Hint)
	}
}

// TestFolders: of a folder the best file is read and named.
func TestFolders(t *testing.T) {
	run := []op{{"0", "invoke", "write", "1", ""}, {"0", "ok", "write", "1", ""}, {"0", "invoke", "read", "nil", ""}, {"0", "ok", "read", "1", ""}}
	store := t.TempDir()
	folder := filepath.Join(store, "register", "20260101T000000")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	read := func(path string) (*linearizability.History, error) {
		return linearizability.ReadFile(path, linearizability.ReadOptions{})
	}
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}

	_, err := read(folder)
	require.ErrorContains(t, err, folder+": a folder without a history")
	write("test.jepsen", "JEPSEN\x00\x00\x00\x01")
	_, err = read(folder)
	require.ErrorContains(t, err, "test.jepsen: this is Jepsen's binary record of a run (test.jepsen), and not read")
	var fault *traces.InputError
	require.ErrorAs(t, err, &fault)
	require.Contains(t, fault.Hint, "lein run analyze")

	for _, name := range []string{"jepsen.log", "history.txt", "history.edn"} { // ever better ones
		write(name, forms[name](run))
		h, err := read(folder)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(folder, name), h.File)
		require.Contains(t, h.Notes[0], "the file "+name+" is read")
	}
	_, err = read(filepath.Join(folder, "test.jepsen"))
	require.ErrorAs(t, err, &fault)
	require.Equal(t, "the same operations are in "+filepath.Join(folder, "history.edn"), fault.Hint)

	_, err = read(filepath.Dir(folder))
	require.ErrorAs(t, err, &fault)
	require.Contains(t, fault.Hint, "history.edn")
	require.NoError(t, os.Symlink(folder, filepath.Join(filepath.Dir(folder), "latest")))
	h, err := read(filepath.Dir(folder))
	require.NoError(t, err)
	require.Contains(t, h.Notes[0], "the latest is read")
}

// TestBeginnings: what a store held at first is given, or taken from what is first seen of it.
func TestBeginnings(t *testing.T) {
	text := `{:process 0 :type :invoke :f :read :value ["x" nil]}
{:process 0 :type :ok :f :read :value ["x" 7]}
{:process 0 :type :invoke :f :cas :value ["y" [8 9]]}
{:process 0 :type :ok :f :cas :value ["y" [8 9]]}
{:process 1 :type :invoke :f :write :value ["x" 7]}
{:process 1 :type :fail :f :write :value ["x" 7]}
{:process 0 :type :invoke :f :read :value ["z" nil]}
{:process 0 :type :ok :f :read :value ["z" nil]}
`
	verdict := func(o linearizability.ReadOptions) *linearizability.Result {
		h, err := linearizability.ReadFrom("file", strings.NewReader(text), o)
		require.NoError(t, err)
		r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err)
		return r
	}
	r := verdict(linearizability.ReadOptions{})
	require.Equal(t, spec.Violated, r.Verdict)
	require.Equal(t, "client 0 reads 7 from x, which nobody wrote", r.Findings[0].Message, "and not the one whose write was called later")
	require.Equal(t, []string{"if the store was not empty when the recording began: --initial x=7, or --initial unknown, which takes what is first seen of a key for its beginning"}, r.Findings[0].Hints)
	require.Equal(t, spec.Violated, verdict(linearizability.ReadOptions{InitialOf: map[string]linearizability.Value{"x": linearizability.Number(7)}}).Verdict)
	require.Equal(t, spec.Held, verdict(linearizability.ReadOptions{InitialOf: map[string]linearizability.Value{"x": linearizability.Number(7), "y": linearizability.Number(8)}}).Verdict)
	require.Equal(t, spec.Held, verdict(linearizability.ReadOptions{InitialUnknown: true}).Verdict)
	h, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{InitialUnknown: true})
	require.NoError(t, err)
	require.Equal(t, []string{"what the store held at first is not known; taken for it is what was first seen that nobody had written: x 7 and y 8"}, h.Notes)
}

// TestNilReads: what Knossos takes for anything is nothing here, unless it is said.
func TestNilReads(t *testing.T) {
	text := "{:process 0 :type :invoke :f :write :value 1}\n{:process 0 :type :ok :f :write :value 1}\n{:process 1 :type :invoke :f :read :value nil}\n{:process 1 :type :ok :f :read :value nil}\n"
	for unseen, want := range map[bool]spec.Verdict{false: spec.Violated, true: spec.Inconclusive} {
		h, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{NilUnseen: unseen})
		require.NoError(t, err)
		r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
		require.NoError(t, err)
		require.Equal(t, want, r.Verdict)
		if !unseen {
			require.Contains(t, r.Findings[0].Hints[0], "--nil-reads unknown")
		}
	}
}

// TestADrainIsNoNilRead: what a drain of an empty queue returned does not hang on what nil means.
func TestADrainIsNoNilRead(t *testing.T) {
	text := "{:process 0 :type :invoke :f :enqueue :value 1}\n{:process 0 :type :ok :f :enqueue :value 1}\n{:process 1 :type :invoke :f :drain :value nil}\n{:process 1 :type :ok :f :drain :value []}\n"
	h, err := linearizability.ReadFrom("file", strings.NewReader(text), linearizability.ReadOptions{})
	require.NoError(t, err)
	r, err := linearizability.Verify(context.Background(), h, linearizability.Options{})
	require.NoError(t, err)
	require.Equal(t, spec.Violated, r.Verdict)
	require.Empty(t, r.Findings[0].Hints)
}
