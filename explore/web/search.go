package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/traces"
)

// What searches may use up together.
const (
	mostRunning = 4
	mostKept    = 50        // searches whose outcome is remembered
	mostStates  = 5_000_000 // of one search
)

// times are how long a search may take, in seconds.
var times = []int{10, 60, 300}

// searches are those that were asked for.
type searches struct {
	mutex sync.Mutex
	all   map[int]*searching
	last  int
}

// searching is a search that goes on, or has ended.
type searching struct {
	id     int
	way    explore.Way // where it begins
	quest  explore.Quest
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{} // closed when found and err are there

	mutex    sync.Mutex
	progress explore.Progress
	found    *explore.Found
	err      error
}

// ask offers to search from a state.
func (v *visit) ask(way explore.Way, quests []explore.Quest) page.Section {
	what := page.Select{Name: "quest", Label: "something in which"}
	for _, q := range quests {
		what.Options = append(what.Options, page.Option{Group: string(q.Kind), Value: q.Name, Says: q.Sentence})
	}
	limit := page.Select{Name: "seconds", Label: "looking for at most"}
	for _, n := range times {
		limit.Options = append(limit.Options, page.Option{Value: strconv.Itoa(n), Says: counted(n, "second")})
	}
	return page.Section{ID: "search", Title: "Is there a way from here to …?", Blocks: []page.Block{
		page.Form{Address: v.address("search"), Hidden: [][2]string{{"way", way.String()}}, Selects: []page.Select{what, limit}, Submit: "search"},
	}}
}

// search begins a search, and leads to where it is told of.
func (v *visit) search(w http.ResponseWriter, r *http.Request) error {
	if v.World == nil {
		return &fault{http.StatusNotFound, "Nothing to search", "there is only a trace to look at"}
	}
	view, err := v.look(r)
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(r.FormValue("seconds"))
	if err != nil || !slices.Contains(times, seconds) {
		return &fault{http.StatusBadRequest, "Not so", fmt.Sprintf("a search of %q seconds: some of %v", r.FormValue("seconds"), times)}
	}
	quests, err := v.World.Quests(r.Context())
	if err != nil {
		return err
	}
	name := r.FormValue("quest")
	k := slices.IndexFunc(quests, func(q explore.Quest) bool { return q.Name == name })
	if k < 0 {
		return &explore.NoSuchQuest{Name: name}
	}
	one := v.searches.begin(v.ctx, view.Way, quests[k])
	if one == nil {
		return &fault{http.StatusTooManyRequests, "Enough is searched for", fmt.Sprintf("%d searches go on; end one of them, or wait", mostRunning)}
	}
	go one.run(v, explore.Budget{States: mostStates, Time: time.Duration(seconds) * time.Second, Memory: v.Memory})
	http.Redirect(w, r, v.searchAt(one.id), http.StatusSeeOther)
	return nil
}

func (v *visit) searchAt(id int) string { return v.address(fmt.Sprintf("search/%d", id)) }

// begin files a search; nil if too many go on. What was found long ago is forgotten.
func (s *searches) begin(ctx context.Context, way explore.Way, quest explore.Quest) *searching {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	running := 0
	for id, one := range s.all {
		select {
		case <-one.ended:
			if id <= s.last-mostKept {
				delete(s.all, id)
			}
		default:
			running++
		}
	}
	if running >= mostRunning {
		return nil
	}
	s.last++
	one := &searching{id: s.last, way: way, quest: quest, ended: make(chan struct{})}
	one.ctx, one.cancel = context.WithCancel(ctx)
	s.all[one.id] = one
	return one
}

func (one *searching) run(v *visit, budget explore.Budget) {
	defer one.cancel()
	found, err := v.World.Find(one.ctx, one.way, one.quest.Name, budget, func(p explore.Progress) {
		one.mutex.Lock()
		defer one.mutex.Unlock()
		one.progress = p
	})
	one.mutex.Lock()
	one.found, one.err = found, err
	one.mutex.Unlock()
	close(one.ended)
}

// says is how far it is, in words.
func (one *searching) says() string {
	one.mutex.Lock()
	defer one.mutex.Unlock()
	return fmt.Sprintf("Searching: %d states seen, up to %s from here, after %.0f s.", one.progress.States, counted(one.progress.Depth, "step"), one.progress.Seconds)
}

// of returns the search that a request is about.
func (s *searches) of(r *http.Request) (*searching, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if one := s.all[id]; err == nil && one != nil {
		return one, nil
	}
	return nil, &fault{http.StatusNotFound, "No such search", "it was not asked for, or is forgotten: search again"}
}

// cancel ends a search.
func (v *visit) cancel(w http.ResponseWriter, r *http.Request) error {
	one, err := v.searches.of(r)
	if err != nil {
		return err
	}
	one.cancel()
	select {
	case <-one.ended:
	case <-time.After(time.Second): // it ends between two of its rounds
	case <-r.Context().Done():
	}
	http.Redirect(w, r, v.searchAt(one.id), http.StatusSeeOther)
	return nil
}

// eventsEvery is the time between two events that tell progress.
const eventsEvery = 300 * time.Millisecond

// events tells how far a search is, until it has ended.
func (v *visit) events(w http.ResponseWriter, r *http.Request) error {
	one, err := v.searches.of(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	for {
		fmt.Fprintf(w, "event: progress\ndata: %s\n\n", one.says())
		if err := out.Flush(); err != nil {
			return nil // nobody listens
		}
		select {
		case <-one.ended:
			fmt.Fprint(w, "event: end\ndata: it has ended\n\n")
			_ = out.Flush()
			return nil
		case <-tick.C:
		case <-r.Context().Done():
			return nil
		case <-v.ctx.Done():
			return nil
		}
	}
}

// found shows what a search found, or how far it is.
func (v *visit) found(w http.ResponseWriter, r *http.Request) error {
	one, err := v.searches.of(r)
	if err != nil {
		return err
	}
	p := &page.Page{Title: "Searching for something in which " + one.quest.Sentence}
	s := page.Section{ID: "search", Title: "The search"}
	back := page.Links{Label: "Go on", Links: []page.Link{{Says: "to where the search began", Address: v.stateAt(one.way)}}}
	select {
	case <-one.ended:
		if one.err != nil {
			return one.err
		}
		if p.Title, err = v.outcome(r.Context(), one, &s); err != nil {
			return err
		}
	default:
		p.Live = &page.Live{Refresh: 1}
		s.Blocks = append(s.Blocks, page.Running{Says: one.says(), Events: v.searchAt(one.id) + "/events"},
			page.Form{Address: v.searchAt(one.id) + "/cancel", Submit: "end the search"})
	}
	s.Blocks = append(s.Blocks, back)
	p.Sections = []page.Section{s}
	v.write(w, http.StatusOK, p)
	return nil
}

// outcome says what a search found, in a title and below it.
func (v *visit) outcome(ctx context.Context, one *searching, s *page.Section) (title string, err error) {
	f := one.found
	asked := page.Text{Label: "Asked for:", Says: one.quest.Sentence}
	seen := page.Text{Label: "Searched:", Says: fmt.Sprintf("%d states, up to %s from here, in %.1f s", f.States, counted(f.Depth, "step"), f.Seconds)}
	switch {
	case f.Already:
		s.Blocks = append(s.Blocks, asked)
		return "It is so already", nil
	case f.None:
		s.Blocks = append(s.Blocks, asked, page.Text{Says: "Every execution within the bounds of this world was tried from here, and in none of them it comes to that."}, seen)
		return "There is no such way", nil
	case f.Way == nil:
		s.Blocks = append(s.Blocks, asked, page.Text{Label: "Not known:", Says: f.Reason}, seen)
		return "Nothing was found so far", nil
	}
	there, err := v.World.Look(ctx, f.Way)
	if err != nil {
		return "", err
	}
	begins := len(f.Way) - f.Steps
	steps := page.Choices{Title: "The shortest way"}
	for k := begins; k < len(f.Way); k++ {
		c := page.Choice{Says: fmt.Sprintf("%d: %s", k+1, traces.Sentence(&there.Trace.Records[k])), Address: v.stateAt(f.Way[:k+1])}
		for _, b := range there.Broken {
			if b.Step == k+1 {
				c.Reached = append(c.Reached, "breaks "+b.Name+": "+b.Message)
			}
		}
		steps.Choices = append(steps.Choices, c)
	}
	s.Blocks = append(s.Blocks, asked, page.Links{Label: "What was found", Links: []page.Link{{Says: "go there", Address: v.stateAt(f.Way)}}}, steps, seen)
	return fmt.Sprintf("There is a way: %s from here", counted(f.Steps, "step")), nil
}
