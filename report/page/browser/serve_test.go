//go:build browser

package browser

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// serve starts raftcheck serve and returns its address.
func serve(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(folder, "raftcheck"), append([]string{"serve"}, args...)...)
	cmd.Dir = "../../.."
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		require.NoError(t, cmd.Wait())
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(line)
}

// stale begins like the README: a Raft that counts late votes.
func stale(t *testing.T) string { return serve(t, "--impl", "mutant:el-stale-vote-resp") }

// tabTo presses Tab until the focus is on what has that text, and wants it to be seen there.
func (b *tab) tabTo(text string) {
	b.Helper()
	for range 200 {
		b.keys(kb.Tab)
		if b.text(`document.activeElement.textContent.trim()`) == text {
			require.Equal(b, "solid", b.text(`getComputedStyle(document.activeElement).outlineStyle`), "the focus cannot be seen")
			return
		}
	}
	require.Fail(b, "Tab does not lead to "+text)
}

// until waits for a page whose title contains a text.
func (b *tab) until(title string) {
	b.Helper()
	require.NoError(b, chromedp.Run(b.ctx, chromedp.WaitVisible(`//h1[contains(., "`+title+`")]`, chromedp.BySearch), chromedp.WaitReady("footer")))
}

// TestServeWithKeysOnly takes a step, takes it back, searches, goes there, and goes through what has happened.
func TestServeWithKeysOnly(t *testing.T) {
	address := stale(t)
	b := openAt(t, address, address)
	b.until("Nothing has happened yet")
	b.tabTo("n2 times out and asks for votes in term 1")
	b.keys(kb.Enter)
	b.until("Step 1: n2 times out and asks for votes in term 1")
	require.Contains(t, b.text(`document.querySelector("#now .new").textContent`), "candidate")
	b.tabTo("take the last step back")
	b.keys(kb.Enter)
	b.until("Nothing has happened yet")
	b.tabTo("search")
	b.keys(kb.Enter)
	b.until("There is a way: 4 steps from here")
	b.tabTo("go there")
	b.keys(kb.Enter)
	b.until("Step 4: ")
	require.Contains(t, b.text("document.body.innerText"), "breaks stale-reply-ignored")
	b.keys("j", "j", "v")
	require.Equal(t, "✗ 4", b.current())
	b.tabTo("2")
	b.keys(kb.Enter)
	b.until("Step 2: ")
}

// TestServeWithoutScript does the same where no script runs: a search is asked for anew until it has ended.
func TestServeWithoutScript(t *testing.T) {
	address := stale(t)
	b := openAt(t, address, address, emulation.SetScriptExecutionDisabled(true))
	click := func(text string) {
		require.NoError(t, chromedp.Run(b.ctx, chromedp.Click(`//*[self::a or self::button][normalize-space(.)="`+text+`"]`, chromedp.BySearch)))
	}
	seen := func(text string) {
		require.NoError(t, chromedp.Run(b.ctx, chromedp.WaitVisible(`//h1[contains(., "`+text+`")]`, chromedp.BySearch)))
	}
	click("n1 times out and asks for votes in term 1")
	seen("Step 1: n1 times out")
	click("search")
	seen("There is a way: 3 steps from here")
	click("go there")
	seen("Step 4: ")
	click("to the beginning")
	seen("Nothing has happened yet")
}

// TestServeEndsASearch that would go on, and tells how far it is meanwhile.
func TestServeEndsASearch(t *testing.T) {
	address := serve(t, "--nodes", "5", "--terms", "5", "--log", "4", "--messages", "6")
	b := openAt(t, address, address)
	b.tabTo("search")
	b.keys(kb.Enter)
	b.until("Searching for something in which")
	require.NoError(t, chromedp.Run(b.ctx, chromedp.Poll(`/Searching: [1-9][0-9]* states seen/.test(document.querySelector(".running").textContent)`, nil)))
	b.tabTo("end the search")
	b.keys(kb.Enter)
	b.until("Nothing was found so far")
}

// served are pages of every kind: what they show, and where.
func served(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	world := stale(t)
	b := openAt(t, world, world)
	b.tabTo("search")
	b.keys(kb.Enter)
	b.until("There is a way")
	all["found"] = b.text("location.href")
	all["guilty"] = b.text(`[...document.querySelectorAll("a")].find((a) => a.textContent === "go there").href`)
	all["before"] = b.text(`[...document.querySelectorAll(".choices a")].at(-2).href`)
	all["start"], all["wrong"] = world, world+"?way=99"
	all["trace"] = serve(t, filepath.Join(folder, "demo.html")) + "trace?step=5"
	all["etcd"] = serve(t, "examples/etcd-forgets-its-vote.ndjson.gz") + "trace"
	all["hostile"] = serve(t, filepath.Join(folder, "hostile.txt")) + "trace"
	return all
}

func base(address string) string { return strings.Join(strings.SplitAfterN(address, "/", 5)[:4], "") }

// TestServeIsAccessible: axe-core finds nothing on any page, in either scheme and in forced colours, and at 400 % nothing but what has a
// direction of its own scrolls sideways. With SHOTS=FOLDER pictures of the pages are left there.
func TestServeIsAccessible(t *testing.T) {
	schemes := map[string]*emulation.SetEmulatedMediaParams{}
	for _, name := range []string{"light", "dark"} {
		schemes[name] = emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}})
	}
	schemes["forced"] = emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}})
	for name, address := range served(t) {
		for scheme, media := range schemes {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				var before []chromedp.Action
				b := openAt(t, address, base(address), append(before, media)...)
				b.shoot(name + "-" + scheme)
				b.eval(axe+";0", nil)
				require.Empty(t, b.violations())
				require.Equal(t, "undefined", b.text("typeof window.owned"))
			})
		}
		t.Run(name+"/zoom", func(t *testing.T) {
			b := openAt(t, address, base(address), emulation.SetDeviceMetricsOverride(320, 256, 1, false))
			require.LessOrEqual(t, b.number("document.scrollingElement.scrollWidth"), 320.0)
			b.shoot(name + "-zoom")
		})
	}
}

// shoot leaves a picture of the whole page, if pictures are wanted.
func (b *tab) shoot(name string) {
	b.Helper()
	to := os.Getenv("SHOTS")
	if to == "" {
		return
	}
	var picture []byte
	require.NoError(b, chromedp.Run(b.ctx, chromedp.FullScreenshot(&picture, 100)))
	require.NoError(b, os.WriteFile(filepath.Join(to, name+".png"), picture, 0o666))
}
