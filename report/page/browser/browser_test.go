//go:build browser

package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// pages are written once, by raftcheck itself: files by the names of what they show.
var pages = map[string][]string{
	"demo":      {"demo"},
	"logs":      {"check", "--impl", "mutant:cm-old-term", "--save", "none"},
	"held":      {"check", "--nodes", "2"},
	"etcd":      {"verify", "examples/etcd.ndjson.gz"},
	"vote":      {"verify", "examples/etcd-forgets-its-vote.ndjson.gz"},
	"long":      {"show", "LONG"},
	"hostile":   {"show", "HOSTILE"},
	"unhappy":   {"verify", "nothing.ndjson"},
	"operation": {"linearize", "HISTORY"},
	"campaign":  {"fuzz", "--runs", "50", "--terms", "2", "--log", "2"},
	"statement": {"conform", "--level", "quick", "--profile", "prevote"},
	"elections": {"simulate", "--trials", "20", "--limit", "2s"},
	"compared":  {"show", "traces/testdata/variants/flexible-quorums.trace", "traces/testdata/variants/flexible-quorums-too-few-commit.trace"},
	"folded":    {"show", "LONG", "LONGER"},
}

var (
	folder string // of the pages
	axe    string // the source of axe-core
)

func TestMain(m *testing.M) {
	code, err := prepareAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func prepareAndRun(m *testing.M) (int, error) {
	source, err := os.ReadFile(os.Getenv("AXE"))
	if err != nil {
		return 1, fmt.Errorf("AXE names axe.min.js, as .ci/browser does: %w", err)
	}
	axe = string(source)
	if folder, err = os.MkdirTemp("", "pages"); err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	const root = "../../.."
	raftcheck := filepath.Join(folder, "raftcheck")
	build := exec.Command("go", "build", "-o", raftcheck, "./cmd/raftcheck")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%w: %s", err, out)
	}
	files := map[string]string{"LONG": longTrace(10_000), "LONGER": longTrace(10_500), "HOSTILE": strings.ReplaceAll(longTrace(6), `"v4"`, string(quoted(hostile))), "HISTORY": history}
	for name, text := range files {
		files[name] = filepath.Join(folder, strings.ToLower(name)+".txt")
		if err := os.WriteFile(files[name], []byte(text), 0o666); err != nil {
			return 1, err
		}
	}
	for name, args := range pages {
		args := append([]string{}, args...)
		for k := range args {
			if path, is := files[args[k]]; is {
				args[k] = path
			}
		}
		run := exec.Command(raftcheck, append(args, "-o", "html="+filepath.Join(folder, name+".html"))...)
		run.Dir = root
		var failed *exec.ExitError
		if out, err := run.CombinedOutput(); err != nil && !errors.As(err, &failed) {
			return 1, fmt.Errorf("%w: %s", err, out)
		}
		if _, err := os.Stat(filepath.Join(folder, name+".html")); err != nil {
			return 1, err
		}
	}
	return m.Run(), nil
}

const hostile = "</script><script>window.owned=1</script><img src=x onerror=window.owned=1><b>bold"

const history = `{:process 0, :type :invoke, :f :write, :value 1}
{:process 1, :type :invoke, :f :write, :value 2}
{:process 0, :type :ok, :f :write, :value 1}
{:process 1, :type :ok, :f :write, :value 2}
{:process 3, :type :invoke, :f :read, :value nil}
{:process 3, :type :ok, :f :read, :value 2}
{:process 3, :type :invoke, :f :read, :value nil}
{:process 3, :type :ok, :f :read, :value 1}
`

func quoted(s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return text
}

// longTrace is a leader to whom values are given, and followers who hear from it.
func longTrace(steps int) string {
	var b strings.Builder
	fmt.Fprintln(&b, `{"format":"raftcheck-trace","version":1,"servers":["n1","n2","n3"]}`)
	for n := 1; n <= steps; n++ {
		switch n % 3 {
		case 1:
			fmt.Fprintf(&b, `{"n":%d,"server":"n1","event":"propose","value":"v%d","post":{"role":"leader","term":1}}`+"\n", n, n)
		default:
			to := 2 + n%2
			fmt.Fprintf(&b, `{"n":%d,"server":"n%d","event":"deliver","message":{"kind":"AppendEntries","from":"n1","to":"n%d","term":1},"post":{"role":"follower","term":1,"leader":"n1"}}`+"\n", n, to, to)
		}
	}
	return b.String()
}

// tab opens a page in a browser of its own. Whatever the page asks the network for, logs or throws fails the test.
type tab struct {
	*testing.T
	ctx context.Context
}

func open(t *testing.T, name string, before ...chromedp.Action) *tab {
	t.Helper()
	path, fragment, _ := strings.Cut(name, "#")
	url := "file://" + filepath.Join(folder, path+".html")
	if fragment != "" {
		url += "#" + fragment
	}
	return openAt(t, url, "file://"+folder, before...)
}

// openAt opens a page that may ask for what begins so, and for nothing else.
func openAt(t *testing.T, url, may string, before ...chromedp.Action) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(1280, 900))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	var wrong []string
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, may) && !strings.HasPrefix(e.Request.URL, "blob:") {
				wrong = append(wrong, "it asks for "+e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			wrong = append(wrong, "it throws "+e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			if e.Entry.URL != url || !strings.Contains(e.Entry.Text, "404") { // a page that says that there is nothing
				wrong = append(wrong, "the browser says: "+e.Entry.Text) // as it does of what the policy forbids
			}
		case *runtime.EventConsoleAPICalled:
			wrong = append(wrong, "it logs")
		case *page.EventJavascriptDialogOpening:
			wrong = append(wrong, "it opens a dialog: "+e.Message)
		}
	})
	actions := append([]chromedp.Action{network.Enable(), runtime.Enable(), log.Enable()}, before...)
	require.NoError(t, chromedp.Run(ctx, append(actions, chromedp.Navigate(url))...))
	t.Cleanup(func() { require.Empty(t, wrong) })
	return &tab{t, ctx}
}

func (b *tab) keys(keys ...string) {
	b.Helper()
	for _, k := range keys {
		require.NoError(b, chromedp.Run(b.ctx, chromedp.KeyEvent(k)))
	}
}

func (b *tab) eval(script string, into any) {
	b.Helper()
	require.NoError(b, chromedp.Run(b.ctx, chromedp.Evaluate(script, into)))
}

func (b *tab) text(script string) (s string) {
	b.Helper()
	b.eval("String("+script+")", &s)
	return s
}

func (b *tab) number(script string) (n float64) {
	b.Helper()
	b.eval("Number("+script+")", &n)
	return n
}

func (b *tab) current() string {
	b.Helper()
	return b.text(`[...document.querySelectorAll("tr[aria-current=step] th")].map(e => e.textContent).join()`)
}

// TestKeysOnly goes through a story with nothing but keys.
func TestKeysOnly(t *testing.T) {
	b := open(t, "demo")
	require.Equal(t, "", b.current())
	b.keys("j")
	require.Equal(t, "0", b.current())
	b.keys("j", "j", kb.ArrowRight)
	require.Equal(t, "3", b.current())
	require.Contains(t, b.text(`document.querySelector("[role=status]").textContent`), "Step 3 of 7: n2 times out again")
	require.Equal(t, "#step=3", b.text("location.hash"))
	require.Equal(t, "State after step 3", b.text(`document.querySelector(".state caption").textContent`))
	require.Contains(t, b.text(`document.querySelector(".state .new").textContent`), "was 1")
	shown := `[...document.querySelectorAll("#flight-1 li")].filter((e) => e.checkVisibility()).map((e) => e.textContent).join("; ")`
	require.Contains(t, b.text(shown), "n1's vote for n2 in term 1")
	require.Contains(t, b.text(`document.querySelector(".underway").textContent`), "on the way after step 3")
	b.keys(kb.End)
	require.NotContains(t, b.text(shown), "n1's vote for n2 in term 1", "it has arrived")
	b.keys(kb.Home, "j", "j", "j")
	b.keys("k", kb.ArrowLeft)
	require.Equal(t, "1", b.current())
	b.keys("n")
	require.Equal(t, "3", b.current(), "the next step of the same server")
	b.keys(kb.End)
	require.Equal(t, "✗ 7", b.current())
	b.keys("j")
	require.Equal(t, "✗ 7", b.current(), "there is no step behind the last")
	b.keys(kb.Home, "k")
	require.Equal(t, "0", b.current())
	b.keys("v")
	require.Equal(t, "✗ 7", b.current())
	require.Contains(t, b.text(`document.querySelector("[role=status]").textContent`), "It breaks a rule")
	require.Equal(t, 1.0, b.number(`document.querySelectorAll("rect.cur").length`))
	b.keys("?")
	require.Equal(t, "true", b.text(`document.querySelector("details.keys").open`))
	b.keys(kb.Home, " ")
	require.Equal(t, "stop", b.text(`document.querySelector("[data-do=play]").textContent`))
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Poll(`document.querySelector("tr[aria-current=step]").dataset.at === "2"`, nil)))
	b.keys("+", "+")
	require.Equal(t, "very fast", b.text(speed))
	require.Equal(t, "stop", b.text(`document.querySelector("[data-do=play]").textContent`), "it goes on playing")
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Poll(`document.querySelector("tr[aria-current=step]").dataset.at === "7"`, nil), chromedp.Poll(`document.querySelector("[data-do=play]").textContent === "play"`, nil)))
	b.keys(" ", "-", "-", "-", "-")
	require.Equal(t, "slow", b.text(speed))
	b.keys("k")
	require.Equal(t, "play", b.text(`document.querySelector("[data-do=play]").textContent`))
}

const speed = `document.querySelector("[data-do=speed]").selectedOptions[0].textContent`

// TestServersWithKeysOnly follows one server: its lane and its column are framed, n goes along its steps, and the address holds it.
func TestServersWithKeysOnly(t *testing.T) {
	b := open(t, "demo")
	lane := `document.querySelectorAll("rect.lane").length`
	b.keys(kb.Home, "s", "s")
	require.Equal(t, "n2", b.text(`document.querySelector("[data-do=server]").value`))
	require.Equal(t, 1.0, b.number(lane))
	require.Greater(t, b.number(`document.querySelector("rect.lane").getBoundingClientRect().width`), 100.0)
	require.Equal(t, "n2", b.text(`document.querySelector(".state th.mine").textContent`))
	for _, at := range []string{"1", "3", "✗ 7", "✗ 7"} {
		b.keys("n")
		require.Equal(t, at, b.current())
	}
	require.Equal(t, "#step=7&node=n2", b.text("location.hash"))
	b.keys("s", "s")
	require.Equal(t, "", b.text(`document.querySelector("[data-do=server]").value`))
	require.Equal(t, 0.0, b.number(lane))
	require.Equal(t, "#step=7", b.text("location.hash"))
	b = open(t, "demo#step=4&node=n2")
	require.Equal(t, "4", b.current())
	require.Equal(t, 1.0, b.number(lane))
	require.Equal(t, "", open(t, "demo#step=4&node=<n2>").text(`document.querySelector("[data-do=server]").value`), "no such server")
}

// TestRulesAtEachStep: what a step puts to the test is listed with what is promised; what it breaks with why, from there on.
func TestRulesAtEachStep(t *testing.T) {
	b := open(t, "logs")
	shown := `[...document.querySelectorAll("#rules-1 li")].filter((e) => e.checkVisibility()).map((e) => e.textContent).join("\n")`
	said := `document.getElementById("rules-1").previousElementSibling.textContent`
	b.keys(kb.Home)
	require.Equal(t, "", b.text(shown))
	require.Contains(t, b.text(said), "Rules after step 0: 0 held so far, ")
	b.keys("j", "j")
	require.Contains(t, b.text(shown), "✓ vote-once A server votes for at most one candidate in a term")
	require.NotContains(t, b.text(shown), "commit-own-term")
	b.keys("v")
	require.Contains(t, b.text(shown), "✗ commit-own-term broken in step 13: n2, leader of term 2, commits index 1, an entry of term 1")
	require.NotContains(t, b.text(shown), "✓ commit-own-term")
	require.Regexp(t, `^Rules after step 13: 1 broken, \d+ held so far, \d+ not put to the test yet$`, b.text(said))
	end := b.text(shown) + b.text(said)
	static := open(t, "logs", emulation.SetScriptExecutionDisabled(true))
	require.Equal(t, end, static.text(shown)+static.text(said), "without a script the end is shown, in the same words")
}

// TestOnlyWhatMatters dims all rows of the diagram but those that the finding rests on.
func TestOnlyWhatMatters(t *testing.T) {
	b := open(t, "vote")
	off := `[...document.querySelectorAll("rect.off")].reduce((n, r) => n + Number(r.getAttribute("height")), 0)`
	require.Equal(t, 0.0, b.number(off))
	b.keys("m")
	kept := b.number(`[...document.querySelectorAll("tr.cited th,tr.guilty th")].reduce((n, r) => n + Number(r.getAttribute("height")), 0)`)
	rows := b.number(`[...document.querySelectorAll("tr[data-at] th")].reduce((n, r) => n + Number(r.getAttribute("height")), 0)`)
	require.Greater(t, kept, 0.0)
	require.Equal(t, rows-kept, b.number(off))
	b.keys("m")
	require.Equal(t, 0.0, b.number(off))
}

// TestBeside goes through two traces at once: what both begin with stands side by side, and a step that is selected in one is in the other too.
func TestBeside(t *testing.T) {
	b := open(t, "compared")
	top := func(execution, at int) float64 {
		return b.number(fmt.Sprintf(`document.getElementById("s%d-%d").getBoundingClientRect().top`, execution, at))
	}
	left := func(execution int) float64 {
		return b.number(fmt.Sprintf(`document.getElementById("execution-%d").getBoundingClientRect().left`, execution))
	}
	require.Greater(t, left(2), left(1)+300)
	for at := range 14 {
		require.InDelta(t, top(1, at), top(2, at), 1, "row %d", at)
	}
	b.keys("d")
	require.Equal(t, "13,✗ 13", b.current())
	require.Equal(t, "#step=13", b.text("location.hash"))
	require.Contains(t, b.text(`document.getElementById("status-1").textContent`), "A, Step 13 of 16: ")
	require.Contains(t, b.text(`document.getElementById("status-2").textContent`), "B, Step 13 of 16: ")
	require.Equal(t, "A, state after step 13", b.text(`document.querySelector("#state-1 caption").textContent`))
	b.keys("k", "k")
	require.Equal(t, "11,11", b.current())
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`#execution-2 [data-do="violation"]`, chromedp.ByQuery)))
	require.Equal(t, "13,✗ 13", b.current())
	require.Equal(t, "#trace=2&step=13", b.text("location.hash"))
	require.Equal(t, 2.0, b.number(`document.querySelectorAll("tr.guilty .parts, tr.differs .parts").length`))
	require.Equal(t, "5,5", open(t, "compared#step=5").current())
	narrow := open(t, "compared", emulation.SetDeviceMetricsOverride(700, 900, 1, false))
	require.Equal(t, narrow.number(`document.getElementById("execution-1").getBoundingClientRect().left`), narrow.number(`document.getElementById("execution-2").getBoundingClientRect().left`), "there is no room beside")
	folded := open(t, "folded")
	folded.keys(kb.End)
	require.Equal(t, "10000,10000", folded.current())
}

// TestTabReachesEverything presses Tab and wants every control to get the focus, each with a ring that shows it.
func TestTabReachesEverything(t *testing.T) {
	b := open(t, "demo")
	all := b.number(`document.querySelectorAll("a[href],button,input,select,summary,[tabindex='0']").length - [...document.querySelectorAll("details:not([open]) :is(a,button,input,summary,[tabindex='0'])")].filter(e => e.tagName !== "SUMMARY" || e.parentElement.parentElement.closest("details:not([open])")).length`)
	require.Greater(t, all, 15.0)
	seen := map[string]bool{}
	for range int(all) + 3 {
		b.keys(kb.Tab)
		at := b.text(`(() => { const e = document.activeElement; if (e === document.body) return ""; window.ids = window.ids || new Map(); if (!ids.has(e)) ids.set(e, ids.size); return ids.get(e) + " " + getComputedStyle(e).outlineStyle + " " + e.outerHTML.slice(0, 60); })()`)
		if at == "" {
			continue
		}
		require.Contains(t, at, " solid ", "the focus cannot be seen")
		seen[at] = true
	}
	require.Len(t, seen, int(all))
}

// TestEveryControl clicks what there is to be clicked.
func TestEveryControl(t *testing.T) {
	b := open(t, "logs")
	click := func(what string) {
		require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`[data-do="`+what+`"]`, chromedp.ByQuery)))
	}
	for _, c := range []struct{ do, at string }{{"first", "0"}, {"next", "1"}, {"next", "2"}, {"back", "1"}, {"node", "3"}, {"last", "✗ 13"}, {"first", "0"}, {"violation", "✗ 13"}} {
		click(c.do)
		require.Equal(t, c.at, b.current(), c.do)
	}
	click("matters")
	require.Equal(t, 1.0, b.number(`document.querySelectorAll(".execution.only").length`))
	rows := `[...document.querySelectorAll(".state tbody tr")].filter((e) => e.checkVisibility()).length`
	all, changed := b.number(rows), b.number(`document.querySelectorAll(".state tbody tr:has(.new)").length`)
	require.Less(t, changed, all)
	click("changes")
	require.Equal(t, changed, b.number(rows))
	click("changes")
	require.Equal(t, all, b.number(rows))
	b.eval(`scrollTo(0, 0)`, nil)
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`tr[data-at="4"] .says`, chromedp.ByQuery)))
	require.Equal(t, "4", b.current())
	b.eval(`{ const svg = document.querySelector("svg.diagram"), box = svg.getBoundingClientRect(); svg.dispatchEvent(new MouseEvent("click", { bubbles: true, clientX: box.left + 5, clientY: box.top + Number(svg.dataset.tops.split(" ")[6]) + 1 })) }; 0`, nil)
	require.Equal(t, "6", b.current(), "the row of the diagram")
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`button.copy`, chromedp.ByQuery)))
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Poll(`["copied", "selected"].includes(document.querySelector("button.copy").textContent)`, nil)))
}

// TestSaved compares what a page saves with what raftcheck writes of the same trace.
func TestSaved(t *testing.T) {
	b := open(t, "logs")
	b.eval(`window.saved = []; window.made = []; HTMLAnchorElement.prototype.click = function () { saved.push(this.download) }; const of = URL.createObjectURL; URL.createObjectURL = (x) => { const n = made.push(null) - 1; x.text().then((s) => { made[n] = s }); return of(x) }; 0`, nil)
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`details.save summary`, chromedp.ByQuery)))
	for _, what := range []string{"trace", "json", "text", "mermaid", "svg"} {
		require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`[data-do="`+what+`"]`, chromedp.ByQuery)))
	}
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Poll(`made.length === 5 && made.every((s) => s !== null)`, nil)))
	require.Equal(t, "commit-own-term.trace,commit-own-term.json,commit-own-term.txt,commit-own-term.mmd,commit-own-term.svg", b.text("saved"))
	trace := filepath.Join(t.TempDir(), "saved.trace")
	require.NoError(t, os.WriteFile(trace, []byte(b.text("made[0]")), 0o666))
	shown := func(format string) string {
		out, err := exec.Command(filepath.Join(folder, "raftcheck"), "show", "-o", format, trace).Output()
		require.NoError(t, err)
		return string(out)
	}
	require.JSONEq(t, shown("json"), b.text("made[1]"))
	require.Equal(t, shown("text"), b.text("made[2]"))
	require.Equal(t, shown("mermaid"), b.text("made[3]"))
	require.Equal(t, "svg", b.text(`new DOMParser().parseFromString(made[4], "image/svg+xml").documentElement.tagName`))
	require.Equal(t, 0.0, b.number(`new DOMParser().parseFromString(made[4], "image/svg+xml").querySelectorAll("script,rect.cur,rect.lane,rect.off").length`))
	long := open(t, "long")
	require.Equal(t, 10_000.0, long.number(`executions[0].mermaid().split("\n").filter((l) => /Note over n\d: \d+\. /.test(l)).length`), "of what is not made yet too")
	require.Equal(t, 10_002.0, long.number(`executions[0].story().trimEnd().split("\n").length`))
}

// TestOrders shows on the bars how far an order explains the operations, with keys and with a click on a bar, and takes it away again.
func TestOrders(t *testing.T) {
	b := open(t, "operation")
	shown := `[...document.querySelectorAll(".spans g[data-op]")].map((g) => g.querySelector(".or").textContent + (g.classList.contains("left") ? "left" : "")).join()`
	require.Equal(t, ",,,", b.text(shown))
	b.tabTo("show")
	b.keys(kb.Enter)
	require.Equal(t, "1.,2.,3.,left", b.text(shown))
	require.Equal(t, "true", b.text(`document.activeElement.getAttribute("aria-pressed")`))
	b.keys(kb.Enter)
	require.Equal(t, ",,,", b.text(shown))
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`.spans g[data-op="1"] rect`, chromedp.ByQuery)))
	require.Equal(t, "1.,2.,3.,left", b.text(shown))
	static := open(t, "operation", emulation.SetScriptExecutionDisabled(true))
	require.Contains(t, static.text("document.body.innerText"), "1, 2, 3; without 4")
	require.Equal(t, "none", static.text(`getComputedStyle(document.querySelector("button.order")).display`), "a control that does nothing")
}

func TestTheAddressHoldsTheStep(t *testing.T) {
	require.Equal(t, "5", open(t, "demo#step=5").current())
	require.Equal(t, "", open(t, "demo#step=99").current())
	require.Equal(t, "9000", open(t, "long#step=9000").current())
}

// TestZoom shows every page at 400 %: as wide as 320 pixels. Only what has a direction of its own may scroll sideways, inside itself.
func TestZoom(t *testing.T) {
	for name := range pages {
		b := open(t, name, emulation.SetDeviceMetricsOverride(320, 256, 1, false))
		require.LessOrEqual(t, b.number("document.scrollingElement.scrollWidth"), 320.0, name)
	}
}

// TestWithoutScript wants the essentials to be there when no script runs.
func TestWithoutScript(t *testing.T) {
	b := open(t, "demo", emulation.SetScriptExecutionDisabled(true))
	said := b.text("document.body.innerText")
	for _, part := range []string{"violated", "n2 and n1 both lead term 2", "n2 times out again and asks for votes in term 2", "State after step 7", "votedFor", "reply.term = currentTerm", "n2 stays candidate"} {
		require.Contains(t, said, part)
	}
	require.Greater(t, b.number(`document.querySelector("svg.diagram").getBoundingClientRect().height`), 200.0)
	require.Equal(t, "none", b.text(`getComputedStyle(document.querySelector(".controls")).display`), "a control that does nothing")
	b = open(t, "long", emulation.SetScriptExecutionDisabled(true))
	require.Equal(t, 10_001.0, b.number(`document.querySelectorAll("tr[data-at]").length`), "steps are missing without a script")
}

// TestLong goes to both ends of 10,000 steps. What is folded is not made before it is wanted.
func TestLong(t *testing.T) {
	b := open(t, "long")
	require.LessOrEqual(t, b.number(`document.querySelectorAll("tr[data-at]").length`), 201.0)
	b.keys(kb.End)
	require.Equal(t, "10000", b.current())
	require.Contains(t, b.text(`document.querySelector("[role=status]").textContent`), "Step 10000 of 10000")
	b.keys("k", "k")
	require.Equal(t, "9998", b.current())
	require.LessOrEqual(t, b.number(`document.querySelectorAll("tr[data-at]").length`), 601.0)
	require.Equal(t, "true", b.text(`(() => { const r = document.querySelector("tr[aria-current]").getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight })()`))
	b.keys(kb.Home, "j")
	require.Equal(t, "1", b.current())
}

// TestNamesAreData opens a page whose trace holds markup where a client chose a value.
func TestNamesAreData(t *testing.T) {
	b := open(t, "hostile")
	b.keys(kb.Home, "j", "j", "j", "j", "j", kb.End)
	require.Equal(t, "undefined", b.text("typeof window.owned"))
	require.Equal(t, 0.0, b.number(`document.querySelectorAll("img").length + [...document.querySelectorAll("b")].filter(e => e.textContent === "bold").length`))
	require.Contains(t, b.text("document.body.innerText"), "<script>window.owned=1</script>")
}

// TestColours wants each scheme to have its own ground, and forced colours to leave what is selected to be seen.
func TestColours(t *testing.T) {
	ground := func(scheme string) string {
		b := open(t, "demo", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
		return b.text(`getComputedStyle(document.body).backgroundColor + getComputedStyle(document.querySelector("svg.diagram .hd")).fill`)
	}
	require.Equal(t, "rgb(255, 255, 255)rgb(27, 31, 36)", ground("light"))
	require.Equal(t, "rgb(20, 23, 27)rgb(232, 234, 237)", ground("dark"))
}

// TestAccessible runs axe-core over every page, in both schemes, as it opens and with a step selected and everything unfolded.
func TestAccessible(t *testing.T) {
	for name := range pages {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				b := open(t, name, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
				b.shoot("page-" + name + "-" + scheme)
				b.eval(axe+";0", nil)
				require.Empty(t, b.violations())
				if name != "long" && name != "folded" {
					b.eval(`for (const d of document.querySelectorAll("details")) d.open = true; 0`, nil)
				}
				b.keys(kb.Home, "j", "v")
				require.Empty(t, b.violations())
			})
		}
	}
}

// violations are what axe-core finds wrong: rule, elements, and why.
func (b *tab) violations() string {
	b.Helper()
	var found []struct {
		ID    string `json:"id"`
		Nodes []struct {
			HTML           string `json:"html"`
			FailureSummary string `json:"failureSummary"`
		} `json:"nodes"`
	}
	require.NoError(b, chromedp.Run(b.ctx, chromedp.Evaluate(`axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) => { if (r.passes.length < 10) throw new Error("axe did nothing"); return r.violations })`, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	})))
	var said bytes.Buffer
	for _, v := range found {
		for _, n := range v.Nodes {
			fmt.Fprintf(&said, "%s: %.200s: %s\n", v.ID, n.HTML, n.FailureSummary)
		}
	}
	return said.String()
}
