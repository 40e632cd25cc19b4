package process_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/raftcheck/raftcheck/adapters/process"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/wire"
)

// The test binary is also the program under test: with this variable in its environment it is a server that speaks the protocol,
// well or badly, as the variable says: words separated by spaces.
const programVariable = "RAFTCHECK_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if how, set := os.LookupEnv(programVariable); set {
		(&program{how: strings.Fields(how)}).run()
		os.Exit(0)
	}
	code := m.Run()
	if goSample.dir != "" {
		os.RemoveAll(goSample.dir)
	}
	os.Exit(code)
}

// themselves returns the test binary as a program that behaves as told. It is closed when the test ends.
func themselves(t testing.TB, how string, o process.Options) *process.Program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Env = append(o.Env, programVariable+"="+how)
	p := process.New([]string{self}, o)
	t.Cleanup(p.Close)
	return p
}

// program is the reference Raft of package impl behind the protocol.
type program struct {
	how     []string
	node    spec.Node
	asked   int
	inputs  int              // since the start, which is in no state
	before  spec.Observation // the last input
	history []string         // the lines since the start
	out     *bufio.Writer
}

func (p *program) is(how string) bool { return slices.Contains(p.how, how) }

func (p *program) run() {
	p.out = bufio.NewWriter(os.Stdout)
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		p.asked++
		answer, done := p.misbehave(string(line))
		if !done {
			answer = p.answer(line) + "\n"
		}
		p.out.WriteString(answer)
		p.out.Flush()
	}
}

// misbehave returns what a program that is not well answers, if this is the line that shows it: the second.
func (p *program) misbehave(line string) (answer string, done bool) {
	if p.asked != 2 {
		return "", false
	}
	for _, how := range p.how {
		switch how {
		case "hang":
			time.Sleep(time.Hour)
		case "exit-0":
			os.Exit(0)
		case "exit-3":
			fmt.Fprintln(os.Stderr, "a long story\nno disk to write to")
			os.Exit(3)
		case "panic":
			panic("index out of range")
		case "partial":
			p.out.WriteString(`{"effects":[`)
			p.out.Flush()
			os.Exit(1)
		case "close":
			os.Stdout.Close()
			time.Sleep(time.Hour)
		case "huge":
			for {
				if _, err := os.Stdout.WriteString(strings.Repeat("x", 1<<16)); err != nil {
					os.Exit(0)
				}
			}
		case "two-lines":
			return "{\"refused\":true}\n{\"refused\":true}\n", true
		default:
			if text, is := strings.CutPrefix(how, "say="); is {
				raw, _ := base64.StdEncoding.DecodeString(text)
				return string(raw) + "\n", true
			}
		}
	}
	return "", false
}

func (p *program) answer(line []byte) string {
	r := wire.NewReader(line, true)
	var in spec.Input
	var id spec.ServerID
	var servers []spec.ServerID
	var disk spec.Durable
	event := ""
	for r.Open('{'); r.More('}'); {
		at := r.At()
		switch key := r.Key(); string(key) {
		case "load":
			p.load(wire.NewReader(r.Skip(), true))
		case "event":
			event = string(r.String())
		case "server":
			id = r.Server()
		case "servers":
			servers = r.Servers()
		case "durable":
			disk = r.Durable(spec.Durable{})
		case "message":
			in.Message = r.Message()
		case "value":
			in.Value = string(r.String())
		case "peer":
			in.Peer = r.Server()
		case "change": // which the reference without membership refuses
			r.Skip()
		default:
			r.Unknown(at, key)
		}
	}
	if r.Err() != nil {
		panic(r.Err())
	}
	if event == "start" {
		p.history = []string{strings.TrimSpace(string(line))}
		if !p.is("start-keeps") {
			p.inputs = 0
		}
		p.node = recovered(id, servers, disk)
		return p.say(spec.Output{})
	}
	in.Kind, _ = traces.InputKindOf(event)
	if p.is("refuses") || in.Kind == spec.StorageError { // what would come of it has no words in the protocol
		return p.say(spec.Output{Refused: true})
	}
	p.before = p.node.Observe()
	out := p.node.Step(in)
	if p.is("map-order") {
		out.Effects = inMapOrder(out.Effects)
	}
	if !out.Refused {
		p.inputs++
		p.history = append(p.history, withoutLoad(string(line)))
	}
	return p.say(out)
}

// load sets the program to a state, which holds all that it was asked since its start.
func (p *program) load(r wire.Reader) {
	lines := r.Texts()
	if p.is("loads-badly") && len(lines) > 3 {
		lines = lines[:3]
	}
	p.answer([]byte(lines[0]))
	for _, line := range lines[1:] {
		p.answer([]byte(line))
	}
}

func withoutLoad(line string) string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, `{"load":`) {
		return line
	}
	r := wire.NewReader([]byte(line), true)
	r.Open('{')
	r.More('}')
	r.Key()
	r.Skip()
	return "{" + line[r.At()+1:]
}

func (p *program) say(out spec.Output) string {
	if out.Refused {
		return `{"refused":true}`
	}
	o := wire.Open(nil)
	o.List("effects", len(out.Effects), func(dst []byte, k int) []byte {
		e := wire.Open(dst)
		switch effect := &out.Effects[k]; effect.Kind {
		case spec.Send:
			p.twist(&effect.Message)
			e.Message("send", &effect.Message)
		case spec.Sync:
			e.Durable("sync", &effect.Durable)
		case spec.Write: // the reference tells what is safe; what it writes is what it syncs next
			e.Durable("write", &out.Effects[k+1].Durable)
		}
		return e.Close()
	})
	if out.Redirect != spec.None {
		o.Server("redirect", out.Redirect)
	}
	post := p.node.Observe()
	if p.is("stale") && len(p.history) > 1 {
		post = p.before
	}
	post.Unknown |= spec.FieldDurable
	if p.is("half-state") { // what is left out is not shown either, or it would be seen to differ
		post.Unknown |= spec.FieldVotes | spec.FieldProgress
	}
	o.Observation("post", &post)
	var can []string
	switch {
	case p.is("state"):
		o.Text("state", base64.StdEncoding.EncodeToString(p.node.AppendState(nil)))
	case p.is("half-state"):
		o.Text("state", fmt.Sprintf("%s %d %s", post.Role, post.Term, post.Log))
	case p.is("load"):
		o.Texts("state", p.history)
		can = append(can, "start", "load")
	}
	if p.is("start") {
		can = append(can, "start")
	}
	if p.is("rename") {
		can = append(can, "rename")
	}
	if len(can) > 0 {
		o.Texts("can", can)
	}
	if p.is("family") && p.asked == 1 {
		child := exec.Command("sleep", "3600")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr // it keeps the pipes open
		if err := child.Start(); err != nil {
			panic(err)
		}
		o.Text("state", fmt.Sprintf("pid %d %d", os.Getpid(), child.Process.Pid))
	}
	return string(o.Close())
}

// twist makes what is sent depend on something that it must not depend on.
func (p *program) twist(m *spec.Message) {
	switch {
	case p.is("names"):
		m.Payload = m.To.String()
	case p.is("clock"):
		m.Payload = time.Now().String()
	case p.is("hidden") && p.inputs > 2, p.is("start-keeps") && p.inputs > 20:
		m.Payload = "later"
	case p.is("process"):
		m.Payload = fmt.Sprint(os.Getpid())
	}
}

// inMapOrder has messages leave as a map of them comes.
func inMapOrder(effects []spec.Effect) (mixed []spec.Effect) {
	sends := map[spec.ServerID]spec.Effect{}
	for _, e := range effects {
		if e.Kind == spec.Send {
			sends[e.Message.To] = e
		} else {
			mixed = append(mixed, e)
		}
	}
	for _, e := range sends {
		mixed = append(mixed, e)
	}
	return mixed
}

// recovered makes a reference server that starts again with something on its disk.
func recovered(id spec.ServerID, servers []spec.ServerID, disk spec.Durable) spec.Node {
	node := impl.New(impl.Options{Decisions: found{disk: disk}})(id, servers)
	node.Step(spec.Input{Kind: spec.Crash})
	node.Step(spec.Input{Kind: spec.Restart})
	return node
}

// found decides as the paper does, and finds something on every disk.
type found struct {
	impl.Paper
	disk spec.Durable
}

func (f found) Recovered(_, _ spec.Durable) spec.Durable { return f.disk }
