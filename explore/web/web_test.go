package web_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/explore/web"
	"github.com/raftcheck/raftcheck/impl"
	"github.com/raftcheck/raftcheck/impl/mutant"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
)

const token = "S3CRET"

// shown is a site in a browser that has no script.
type shown struct {
	*testing.T
	*httptest.Server
	world explore.World
	site  *web.Site
	end   context.CancelFunc
}

func stale() *cluster.Config {
	m, _ := mutant.ByName("el-stale-vote-resp")
	c := cluster.Default(m.Factory())
	return &c
}

func reference() *cluster.Config {
	c := cluster.Default(impl.New(impl.Options{}))
	return &c
}

func show(t *testing.T, c *cluster.Config, with func(*web.Site)) *shown {
	t.Helper()
	world, err := explore.New(c, explore.Options{Name: "test"})
	require.NoError(t, err)
	site := &web.Site{World: world, Servers: c.IDs(), Rules: spec.Rules, Of: "test", Token: token}
	if with != nil {
		with(site)
	}
	ctx, end := context.WithCancel(t.Context())
	s := &shown{t, httptest.NewServer(site.Handler(ctx)), world, site, end}
	t.Cleanup(s.Close)
	t.Cleanup(end) // before the server closes: it waits for its answers
	return s
}

// get asks for something and returns the status, where one ends up, and the text.
func (s *shown) get(path string) (int, string, string) {
	s.Helper()
	r, err := s.Client().Get(s.URL + path)
	require.NoError(s, err)
	return s.read(r)
}

func (s *shown) post(path string, form url.Values) (int, string, string) {
	s.Helper()
	r, err := s.Client().PostForm(s.URL+path, form)
	require.NoError(s, err)
	return s.read(r)
}

func (s *shown) read(r *http.Response) (int, string, string) {
	s.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(s, err)
	return r.StatusCode, r.Request.URL.RequestURI(), string(text)
}

// page is one that is there.
func (s *shown) page(path string) string {
	s.Helper()
	status, _, text := s.get(path)
	require.Equal(s, http.StatusOK, status, "%s: %s", path, text)
	return text
}

func at(rest string) string { return "/" + token + "/" + rest }

// section is the part of a page with that id.
func section(t *testing.T, text, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, `<section id="`+id+`"`)
	require.True(t, found, "no section %s in %s", id, text)
	part, _, _ := strings.Cut(rest, "</section>")
	return part
}

var link = regexp.MustCompile(`<a href="([^"]*)"[^>]*>([^<]*)</a>`)

// links are the places that a part of a page leads to: addresses by what is said of them.
func links(text string) (all map[string]string) {
	all = map[string]string{}
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		all[html.UnescapeString(m[2])] = html.UnescapeString(m[1])
	}
	return all
}

func titleOf(t *testing.T, text string) string {
	t.Helper()
	m := regexp.MustCompile(`<h1>(.*?)</h1>`).FindStringSubmatch(text)
	require.NotNil(t, m, text)
	return html.UnescapeString(m[1])
}

// TestNobodyElseGetsIn: every address wants the token, this machine's own name, and no page of another origin.
func TestNobodyElseGetsIn(t *testing.T) {
	s := show(t, reference(), nil)
	host := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := strings.Cut(host, ":")
	for _, path := range []string{"", "trace", "save?way=0", "search", "search/1", "search/1/events", "search/1/cancel", "?way=0", "nothing"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			ask := func(full string, change func(*http.Request)) int {
				r, err := http.NewRequestWithContext(t.Context(), method, s.URL+full, nil)
				require.NoError(t, err)
				change(r)
				answer, err := s.Client().Transport.RoundTrip(r)
				require.NoError(t, err)
				defer answer.Body.Close()
				if answer.StatusCode == http.StatusForbidden {
					text, _ := io.ReadAll(answer.Body)
					require.NotContains(t, string(text), token)
					require.NotContains(t, string(text), "n1")
				}
				return answer.StatusCode
			}
			nothing := func(*http.Request) {}
			require.NotEqual(t, http.StatusForbidden, ask(at(path), nothing), path)
			for _, wrong := range []string{"/" + path, "/x/" + path, "/" + token + "x/" + path, "/" + token[:3] + "/" + path, "/" + strings.ToLower(token) + "/" + path, "//" + path, "/?token=" + token} {
				require.Equal(t, http.StatusForbidden, ask(wrong, nothing), wrong)
			}
			for _, other := range []string{"evil.example", "evil.example:" + port, "127.0.0.1.evil.example:" + port, "localhost.evil.example", "10.0.0.1:" + port, "", "[::2]:" + port} {
				if other == "" {
					continue // Go's client fills it in
				}
				require.Equal(t, http.StatusForbidden, ask(at(path), func(r *http.Request) { r.Host = other }), other)
			}
			for _, own := range []string{host, "localhost:" + port, "LOCALHOST:" + port, "[::1]:" + port} {
				require.NotEqual(t, http.StatusForbidden, ask(at(path), func(r *http.Request) { r.Host = own }), own)
			}
			for _, origin := range []string{"http://evil.example", "null", "https://" + host, "http://127.0.0.1:1", "http://localhost:" + port} {
				require.Equal(t, http.StatusForbidden, ask(at(path), func(r *http.Request) { r.Header.Set("Origin", origin) }), origin)
			}
			require.NotEqual(t, http.StatusForbidden, ask(at(path), func(r *http.Request) { r.Header.Set("Origin", s.URL) }))
			for _, site := range []string{"cross-site", "same-site"} {
				require.Equal(t, http.StatusForbidden, ask(at(path), func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) }), site)
			}
		}
	}
}

// TestPagesLoadNothing but what the server gives them.
func TestPagesLoadNothing(t *testing.T) {
	s := show(t, reference(), nil)
	r, err := s.Client().Get(s.URL + at(""))
	require.NoError(t, err)
	_, _, text := s.read(r)
	require.Equal(t, "frame-ancestors 'none'", r.Header.Get("Content-Security-Policy"))
	require.Equal(t, "no-store", r.Header.Get("Cache-Control"))
	require.Regexp(t, `http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+' 'sha256-[^']+'; base-uri 'none'; form-action 'self'; connect-src 'self'"`, text)
	require.NotRegexp(t, `(src|href)="(https?:)?//`, text)
}

// TestThePageShowsWhatTheWorldSays on random ways: every step that may be taken, in its order, with what it breaks and reaches, and the state.
func TestThePageShowsWhatTheWorldSays(t *testing.T) {
	c := stale()
	c.Faults = cluster.Faults{Drop: 2, Duplicate: 1, Crash: 1, Partition: 1}
	s := show(t, c, nil)
	random := rand.New(rand.NewPCG(1, 1))
	broken := 0
	for range 12 {
		var way explore.Way
		path := at("")
		for range 12 {
			view, err := s.world.Look(t.Context(), way)
			require.NoError(t, err)
			text := s.page(path)
			require.Equal(t, text, s.page(path), "the same address is the same page")
			next := section(t, text, "next")
			found := links(next)
			said := map[string]int{}
			for nth, step := range view.Next {
				address := at("?way=" + append(slices.Clip(way), nth).String())
				require.Contains(t, next, html.EscapeString(address)+`">`+html.EscapeString(step.Says), step.Says)
				said[step.Says]++
				for _, b := range step.Breaks {
					require.Contains(t, next, html.EscapeString("would break "+b.Name+": "+b.Message))
					broken++
				}
				for _, g := range step.Goals {
					require.Contains(t, next, html.EscapeString(g))
				}
			}
			require.Len(t, found, len(said), "no step but those")
			for k := range view.InFlight {
				require.Contains(t, section(t, text, "now"), html.EscapeString(traces.MessageInWords(&view.InFlight[k])))
			}
			if len(view.Next) == 0 {
				break
			}
			way = append(way, random.IntN(len(view.Next)))
			path = at("?way=" + way.String())
		}
	}
	require.Positive(t, broken)
}

// TestAStepIsTakenBack: the page before is the page that was there before.
func TestAStepIsTakenBack(t *testing.T) {
	s := show(t, reference(), nil)
	start := s.page(at(""))
	one := s.page(at("?way=0"))
	two := s.page(at("?way=0.1"))
	require.Equal(t, start, s.page(links(section(t, one, "now"))["take the last step back"]))
	require.Equal(t, one, s.page(links(section(t, two, "now"))["take the last step back"]))
	require.Equal(t, start, s.page(links(section(t, two, "now"))["to the beginning"]))
	require.Contains(t, one, `<a href="/`+token+`/?way=0" aria-label="1: to the state after it">1</a>`)
}

// TestWhatIsSavedReplays: from every way, the file runs again to the same steps.
func TestWhatIsSavedReplays(t *testing.T) {
	c := stale()
	s := show(t, c, nil)
	random := rand.New(rand.NewPCG(3, 3))
	for range 10 {
		var way explore.Way
		for range 1 + random.IntN(12) {
			view, err := s.world.Look(t.Context(), way)
			require.NoError(t, err)
			if len(view.Next) == 0 {
				break
			}
			way = append(way, random.IntN(len(view.Next)))
		}
		r, err := s.Client().Get(s.URL + links(section(t, s.page(at("?way="+way.String())), "now"))["save these steps as a trace"])
		require.NoError(t, err)
		require.Regexp(t, `^attachment; filename="[a-z-]+-[0-9]+\.trace"$`, r.Header.Get("Content-Disposition"))
		_, _, text := s.read(r)
		saved, err := traces.Read("saved", strings.NewReader(text))
		require.NoError(t, err)
		require.NoError(t, traces.Validate(saved))
		require.Len(t, saved.Records, len(way))
		_, err = traces.Replay(saved, c.New)
		require.NoError(t, err)
		again, apart, err := s.world.Follow(t.Context(), saved)
		require.NoError(t, err)
		require.Empty(t, apart)
		require.Equal(t, way, again)
	}
}

// search asks for a way and waits for the answer.
func (s *shown) search(way, quest string) (title, text string) {
	s.Helper()
	status, where, text := s.post(at("search"), url.Values{"way": {way}, "quest": {quest}, "seconds": {"60"}})
	require.Equal(s, http.StatusOK, status, text)
	require.Eventually(s, func() bool {
		text = s.page(where)
		return !strings.Contains(text, `class="running"`)
	}, time.Minute, 20*time.Millisecond)
	return titleOf(s.T, text), text
}

// TestAFindingIsJumpedTo: the nearest breach is found from the start, its page says what it breaks, and a step further it is a link.
func TestAFindingIsJumpedTo(t *testing.T) {
	s := show(t, stale(), nil)
	title, text := s.search("", explore.AnyPromise)
	require.Equal(t, "There is a way: 4 steps from here", title)
	there := links(section(t, text, "search"))["go there"]
	page := s.page(there)
	require.Contains(t, page, `class="verdict violated"`)
	require.Contains(t, section(t, page, "now"), "breaks stale-reply-ignored")
	require.Contains(t, section(t, page, "way"), "Why:")
	further := s.page(there + ".0")
	require.Equal(t, there, links(section(t, further, "now"))["to step 4, which breaks stale-reply-ignored"])
}

// TestSearchesSayWhatTheyFound: a way, that it is so already, that there is none, that it is not known.
func TestSearchesSayWhatTheyFound(t *testing.T) {
	c := reference()
	c.Servers, c.Bounds = 2, cluster.Bounds{Terms: 1, Log: 1, Messages: 1}
	s := show(t, c, nil)
	title, text := s.search("", "leader-elected")
	require.Regexp(t, "^There is a way: [0-9]+ steps from here$", title)
	steps := links(text)
	require.Regexp(t, "1: n[12] times out", strings.Join(slices.Collect(keys(steps)), " "))
	title, _ = s.search("", explore.AnyPromise)
	require.Equal(t, "There is no such way", title)
	status, _, text := s.post(at("search"), url.Values{"quest": {"happiness"}, "seconds": {"10"}})
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, "happiness")
	status, _, _ = s.post(at("search"), url.Values{"quest": {explore.AnyPromise}, "seconds": {"1000000"}})
	require.Equal(t, http.StatusBadRequest, status)
	status, _, _ = s.post(at("search"), url.Values{"way": {"99"}, "quest": {explore.AnyPromise}, "seconds": {"10"}})
	require.Equal(t, http.StatusNotFound, status)
	status, _, _ = s.get(at("search/99"))
	require.Equal(t, http.StatusNotFound, status)
}

func keys(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// endless is a world in which a search for a broken promise does not come to its end soon.
func endless() *cluster.Config {
	c := reference()
	c.Servers, c.Bounds = 5, cluster.Bounds{Terms: 5, Log: 4, Messages: 6}
	return c
}

// TestASearchIsToldAndEnded: events tell how far it is, ending it ends them, and others go on meanwhile.
func TestASearchIsToldAndEnded(t *testing.T) {
	s := show(t, endless(), nil)
	form := url.Values{"quest": {explore.AnyPromise}, "seconds": {"300"}}
	_, where, text := s.post(at("search"), form)
	require.Contains(t, text, `<noscript><meta http-equiv="refresh" content="1"/></noscript>`)
	require.Contains(t, text, `data-events="`+where+`/events"`)
	r, err := s.Client().Get(s.URL + where + "/events")
	require.NoError(t, err)
	defer r.Body.Close()
	require.Equal(t, "text/event-stream", r.Header.Get("Content-Type"))
	events := bufio.NewReader(r.Body)
	until := func(want string) {
		for {
			line, err := events.ReadString('\n')
			require.NoError(t, err)
			if regexp.MustCompile(want).MatchString(line) {
				return
			}
		}
	}
	until("^data: Searching: [1-9][0-9]* states seen")
	require.Equal(t, "Nothing has happened yet", titleOf(t, s.page(at(""))))
	_, other, _ := s.post(at("search"), form)
	require.NotEqual(t, where, other)
	status, _, _ := s.post(where+"/cancel", nil)
	require.Equal(t, http.StatusOK, status)
	until("^event: end")
	require.Contains(t, s.page(where), "the search was ended")
	require.Contains(t, s.page(other), `class="running"`, "it is another one")
	for range 3 {
		s.post(at("search"), form)
	}
	status, _, _ = s.post(at("search"), form)
	require.Equal(t, http.StatusTooManyRequests, status)
}

// TestSearchesEndWithTheServer, and so do those who listen to them.
func TestSearchesEndWithTheServer(t *testing.T) {
	s := show(t, endless(), nil)
	_, where, _ := s.post(at("search"), url.Values{"quest": {explore.AnyPromise}, "seconds": {"300"}})
	r, err := s.Client().Get(s.URL + where + "/events")
	require.NoError(t, err)
	defer r.Body.Close()
	s.end()
	_, err = io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(s.page(where), "the search was ended") }, time.Minute, 10*time.Millisecond)
}

// TestAddressesThatLeadNowhere are pages that say so, with a way back.
func TestAddressesThatLeadNowhere(t *testing.T) {
	s := show(t, reference(), nil)
	for path, status := range map[string]int{"?way=99": 404, "?way=x": 404, "?way=0..1": 404, "save": 404, "save?way=99": 404, "trace": 404, "search/x": 404, "search/x/events": 404} {
		got, _, text := s.get(at(path))
		require.Equal(t, status, got, path)
		require.Contains(t, text, `href="`+at("")+`">to the beginning`, path)
	}
	for _, path := range []string{"", "save", "trace", "search/1", "search/1/events"} {
		status, _, _ := s.post(at(path), nil)
		require.Equal(t, http.StatusMethodNotAllowed, status, path)
	}
}

// recorded is the way of a finding as a trace.
func recorded(t *testing.T, c *cluster.Config) *traces.Trace {
	t.Helper()
	w, err := explore.New(c, explore.Options{Name: "test"})
	require.NoError(t, err)
	found, err := w.Find(t.Context(), nil, explore.AnyPromise, explore.Budget{}, nil)
	require.NoError(t, err)
	view, err := w.Look(t.Context(), found.Way)
	require.NoError(t, err)
	return view.Trace.Trace
}

// TestATraceIsWalkedAndLeft: step by step along the links, off it, and back.
func TestATraceIsWalkedAndLeft(t *testing.T) {
	c := stale()
	trace := recorded(t, c)
	s := show(t, c, func(site *web.Site) {
		way, apart, err := site.World.Follow(t.Context(), trace)
		require.NoError(t, err)
		require.Empty(t, apart)
		site.Trace = &web.Recorded{Trace: trace, Way: way}
	})
	text := s.page(at(""))
	for n := range trace.Records {
		now := links(section(t, text, "now"))
		require.Regexp(t, regexp.QuoteMeta(html.EscapeString(now["the next step of the trace"]))+`">[^<]*</a> <span class="recorded">as in the trace`, text)
		text = s.page(now["the next step of the trace"])
		require.Equal(t, fmt.Sprintf("Step %d: %s", n+1, traces.Sentence(&trace.Records[n])), titleOf(t, text))
		here := s.page(at(fmt.Sprintf("trace?step=%d", n+1)))
		require.Contains(t, titleOf(t, here), traces.Sentence(&trace.Records[n]))
		require.Equal(t, text, s.page(links(section(t, here, "way"))["branch off here: what else may happen"]))
	}
	require.Contains(t, text, `class="verdict violated"`)
	require.NotContains(t, links(section(t, text, "now")), "the next step of the trace")
	off := s.page(at(fmt.Sprintf("?way=%d.%d", s.site.Trace.Way[0], 0)))
	require.Equal(t, at("?way="+s.site.Trace.Way[:1].String()), links(section(t, off, "now"))["back to the trace, at step 1"])
	require.Equal(t, at("?way="+s.site.Trace.Way.String()), links(section(t, off, "now"))[fmt.Sprintf("to step %d of the trace, which breaks a promise", len(trace.Records))])
	for _, step := range []string{"-1", "99", "x"} {
		status, _, _ := s.get(at("trace?step=" + step))
		require.Equal(t, http.StatusNotFound, status, step)
	}
}

// TestATraceWithoutAWorldIsLookedAt, from its first step to its last, and what is in it is data.
func TestATraceWithoutAWorldIsLookedAt(t *testing.T) {
	const hostile = `</script><script>owned()</script><img src=x onerror=owned()>`
	lines := `{"format":"raftcheck-trace","version":1,"servers":["n1","n2"]}
{"n":1,"server":"n1","event":"propose","value":` + fmt.Sprintf("%q", hostile) + `,"post":{"role":"leader","term":1}}
`
	trace, err := traces.Read("hostile", strings.NewReader(lines))
	require.NoError(t, err)
	s := show(t, reference(), func(site *web.Site) {
		site.World, site.Of = nil, hostile
		site.Trace = &web.Recorded{Trace: trace, Apart: "it names " + hostile}
	})
	_, where, text := s.get(at(""))
	require.Equal(t, at("trace"), where)
	require.Contains(t, text, "Only to look at:")
	for _, path := range []string{"trace", "trace?step=0", "trace?step=1"} {
		require.NotContains(t, strings.ReplaceAll(s.page(at(path)), `\u003c`, ""), "<script>owned", path)
		require.NotContains(t, s.page(at(path)), "<img", path)
	}
	status, _, _ := s.get(at("save?way=0"))
	require.Equal(t, http.StatusNotFound, status)
	status, _, _ = s.post(at("search"), nil)
	require.Equal(t, http.StatusNotFound, status)
}

// failing is a world whose implementation fails.
type failing struct{ explore.World }

func (failing) Look(context.Context, explore.Way) (*explore.View, error) {
	return nil, fmt.Errorf("n1 <b>panicked</b>")
}

func TestAnImplementationThatFailsIsTold(t *testing.T) {
	s := show(t, reference(), func(site *web.Site) { site.World = failing{site.World} })
	status, _, text := s.get(at(""))
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, "The implementation failed", titleOf(t, text))
	require.True(t, bytes.Contains([]byte(text), []byte("n1 &lt;b&gt;panicked&lt;/b&gt;")))
}
