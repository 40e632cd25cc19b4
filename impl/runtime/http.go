package runtime

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/raftcheck/raftcheck/spec"
)

// The headers of requests and answers. A client that names itself and numbers its requests may send one again: it is carried out once.
const (
	HeaderClient  = "Raft-Client"
	HeaderRequest = "Raft-Request"
	HeaderLeader  = "Raft-Leader"  // of a redirection: n2
	HeaderOutcome = "Raft-Outcome" // of an error: refused, replaced or unknown
)

// mostValue is the longest value in bytes.
const mostValue = 64 << 10

// ServeHTTP serves clients.
//
//	GET    /kv/KEY                what it holds; 404 if that is nothing
//	PUT    /kv/KEY                holds the body from now on
//	PUT    /kv/KEY?if=VALUE       … if it held that; 412 if not
//	PUT    /kv/KEY?if-absent      … if it held nothing; 412 if it did
//	POST   /kv/KEY                the body is appended
//	DELETE /kv/KEY                holds nothing from now on
//	GET    /status                what the server is
//	POST   /transfer?to=n2        the leader hands over
//	POST   /configuration         the body is the change, "voters=n1,n2"
//
// A server that does not lead answers 307 and names the leader; one that knows none, 503: nothing was done. 504 says that nobody knows
// whether the request was or will be carried out.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch key, isKey := strings.CutPrefix(r.URL.Path, "/kv/"); {
	case isKey && key != "":
		s.serveKey(w, r, key)
	case r.URL.Path == "/status" && r.Method == http.MethodGet:
		s.serveStatus(w)
	case r.URL.Path == "/transfer" && r.Method == http.MethodPost:
		s.serveTransfer(w, r)
	case r.URL.Path == "/configuration" && r.Method == http.MethodPost:
		s.serveConfiguration(w, r)
	default:
		http.Error(w, "there is /kv/KEY, /status, /transfer and /configuration", http.StatusNotFound)
	}
}

func (s *Server) serveKey(w http.ResponseWriter, r *http.Request, key string) {
	c, err := CommandOf(w, r, key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answers := make(chan Answer, 1)
	if !s.do(func(now time.Duration) { s.replica.Do(now, c, func(a Answer) { answers <- a }) }) {
		s.write(w, r, c, Answer{Outcome: Refused})
		return
	}
	patience := time.NewTimer(s.config.Patience)
	defer patience.Stop()
	answer := Answer{Outcome: Unknown}
	select {
	case answer = <-answers:
	case <-patience.C:
	case <-s.stopped:
	case <-r.Context().Done():
	}
	s.write(w, r, c, answer)
}

// CommandOf reads a request for a key.
func CommandOf(w http.ResponseWriter, r *http.Request, key string) (Command, error) {
	c := Command{Client: r.Header.Get(HeaderClient), Key: key}
	if number := r.Header.Get(HeaderRequest); number != "" || c.Client != "" {
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil || c.Client == "" {
			return c, fmt.Errorf("%s and %s go together: a name, and a number", HeaderClient, HeaderRequest)
		}
		c.Number = n
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostValue))
	if err != nil {
		return c, err
	}
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodGet:
		c.Op = Get
	case r.Method == http.MethodPut && query.Has("if"):
		c.Op, c.Value, c.Expected = Replace, string(body), query.Get("if")
	case r.Method == http.MethodPut && query.Has("if-absent"):
		c.Op, c.Value = Create, string(body)
	case r.Method == http.MethodPut:
		c.Op, c.Value = Put, string(body)
	case r.Method == http.MethodPost:
		c.Op, c.Value = Append, string(body)
	case r.Method == http.MethodDelete:
		c.Op = Delete
	default:
		return c, fmt.Errorf("%s is not GET, PUT, POST or DELETE", r.Method)
	}
	for _, text := range []string{c.Client, c.Key, c.Value, c.Expected} {
		if !utf8.ValidString(text) {
			return c, fmt.Errorf("names, keys and values are UTF-8")
		}
	}
	return c, nil
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, c Command, a Answer) {
	switch a.Outcome {
	case Redirect:
		s.redirect(w, r, a.Leader)
	case Refused:
		w.Header().Set(HeaderOutcome, "refused")
		http.Error(w, s.config.ID.String()+" knows no leader, or cannot serve yet; nothing was done", http.StatusServiceUnavailable)
	case Replaced:
		w.Header().Set(HeaderOutcome, "replaced")
		http.Error(w, "another leader took over; nothing was done", http.StatusServiceUnavailable)
	case Unknown:
		w.Header().Set(HeaderOutcome, "unknown")
		http.Error(w, "no answer in time; it may be done, or not", http.StatusGatewayTimeout)
	case Done:
		writeResult(w, c, a.Result)
	}
}

func (s *Server) redirect(w http.ResponseWriter, r *http.Request, to spec.ServerID) {
	w.Header().Set(HeaderLeader, to.String())
	if at := s.config.Clients[to]; at != "" {
		w.Header().Set("Location", at+r.URL.RequestURI())
	}
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func writeResult(w http.ResponseWriter, c Command, r Result) {
	switch {
	case r.Stale:
		http.Error(w, "the client has sent a later request since", http.StatusConflict)
	case r.Differs:
		http.Error(w, c.Key+" holds something else", http.StatusPreconditionFailed)
	case c.Op == Get && !r.Found:
		http.Error(w, c.Key+" holds nothing", http.StatusNotFound)
	case c.Op == Get:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, r.Value)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) serveStatus(w http.ResponseWriter) {
	shown := make(chan spec.Observation, 1)
	if !s.do(func(time.Duration) { shown <- s.replica.Observe() }) {
		http.Error(w, s.config.ID.String()+" stops", http.StatusServiceUnavailable)
		return
	}
	select {
	case o := <-shown:
		fmt.Fprintf(w, "%s is %s in term %d, and the leader is %s\nits log goes to entry %d, committed up to %d, compacted up to %d\n",
			s.config.ID, o.Role, o.Term, o.LeaderID, o.Log.LastIndex(), o.CommitIndex, o.Log.Base)
	case <-s.stopped:
		http.Error(w, s.config.ID.String()+" stops", http.StatusServiceUnavailable)
	}
}

func (s *Server) serveTransfer(w http.ResponseWriter, r *http.Request) {
	for _, id := range s.config.Servers {
		if id.String() == r.URL.Query().Get("to") {
			s.ask(w, r, spec.Input{Kind: spec.Transfer, Peer: id})
			return
		}
	}
	http.Error(w, "as in /transfer?to="+s.config.Servers[0].String(), http.StatusBadRequest)
}

func (s *Server) serveConfiguration(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostValue))
	if err == nil {
		var change spec.Change
		if change, err = spec.ParseChange(string(body)); err == nil {
			err = change.Among(s.config.Servers)
		}
		if err == nil {
			s.ask(w, r, spec.Input{Kind: spec.Reconfigure, Change: change})
			return
		}
	}
	http.Error(w, err.Error(), http.StatusBadRequest)
}

// ask gives the node what an administrator asks for.
func (s *Server) ask(w http.ResponseWriter, r *http.Request, in spec.Input) {
	type said struct {
		leader spec.ServerID
		yes    bool
	}
	answers := make(chan said, 1)
	s.do(func(now time.Duration) {
		leader, yes := s.replica.Ask(now, in)
		answers <- said{leader, yes}
	})
	select {
	case a := <-answers:
		switch {
		case a.leader != spec.None:
			s.redirect(w, r, a.leader)
		case !a.yes:
			http.Error(w, "the node refuses: it does not lead, has no such feature, or something else is under way", http.StatusConflict)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	case <-s.stopped:
		http.Error(w, s.config.ID.String()+" stops", http.StatusServiceUnavailable)
	}
}
