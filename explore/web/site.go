package web

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	_ "embed"

	"github.com/raftcheck/raftcheck/explore"
	"github.com/raftcheck/raftcheck/report/page"
	"github.com/raftcheck/raftcheck/spec"
)

// Site is what is shown.
type Site struct {
	World   explore.World // nil if there is only a trace to look at
	Servers []spec.ServerID
	Trace   *Recorded    // nil if there is none
	Rules   []*spec.Rule // by which the world judges
	Of      string       // what is explored: "mutant:el-stale-vote-resp", "election-safety-5f1c09.trace"
	Bounds  string       // of the world, in words
	Version string       // of raftcheck
	Token   string       // that every address must have
	Memory  int          // bytes that one search may use; 0 is no bound
}

// script is what pages do besides for those with a script.
//
//go:embed live.js
var script string

// Handler answers requests until ctx ends. No search goes on then.
func (s *Site) Handler(ctx context.Context) http.Handler {
	v := &visit{Site: s, ctx: ctx, searches: searches{all: map[int]*searching{}}}
	mux := http.NewServeMux()
	at := "/" + s.Token + "/"
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + at + "{$}":                 v.state,
		"GET " + at + "trace":               v.trace,
		"GET " + at + "save":                v.save,
		"POST " + at + "search":             v.search,
		"GET " + at + "search/{id}":         v.found,
		"GET " + at + "search/{id}/events":  v.events,
		"POST " + at + "search/{id}/cancel": v.cancel,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				v.wrong(w, err)
			}
		})
	}
	return v.guarded(mux)
}

// visit is a site that is being looked at.
type visit struct {
	*Site
	ctx      context.Context
	searches searches
}

// guarded lets nobody in but who knows the token and asks this machine by its own name.
func (v *visit) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", "frame-ancestors 'none'")
		h.Set("Cache-Control", "no-store")
		switch {
		case !ownName(r.Host):
			http.Error(w, "raftcheck answers on this machine only, by the address that it printed", http.StatusForbidden)
		case !v.knows(r.URL.Path):
			http.Error(w, "the address that raftcheck printed has a token, which this one has not", http.StatusForbidden)
		case foreign(r):
			http.Error(w, "a page of another origin asked for this", http.StatusForbidden)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
			next.ServeHTTP(w, r)
		}
	})
}

// ownName reports whether a host, with its port, is this machine by a name that nobody else can give to it.
func ownName(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	return name == "127.0.0.1" || name == "::1" || strings.EqualFold(name, "localhost")
}

// knows reports whether a path begins with the token. How long that takes tells nothing.
func (v *visit) knows(path string) bool {
	given, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return v.Token != "" && subtle.ConstantTimeCompare([]byte(given), []byte(v.Token)) == 1
}

// foreign reports whether a page of another origin asks.
func foreign(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site": // another port of this machine is the same site
		return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate" // a link to this page may stand elsewhere
	}
	return false
}

// address is where something of the site is.
func (v *visit) address(rest string) string { return "/" + v.Token + "/" + rest }

// stateAt is the address of the state that a way leads to.
func (v *visit) stateAt(w explore.Way) string {
	if len(w) == 0 {
		return v.address("")
	}
	return v.address("?way=" + w.String())
}

// fault is what went wrong, for the one who looks.
type fault struct {
	status int
	title  string
	says   string
}

func (f *fault) Error() string { return f.title + ": " + f.says }

// wrong tells what went wrong as a page, with a way back.
func (v *visit) wrong(w http.ResponseWriter, err error) {
	var known *fault
	var nowhere *explore.NoSuchStep
	var unknown *explore.NoSuchQuest
	switch {
	case errors.As(err, &known):
	case errors.As(err, &nowhere):
		known = &fault{http.StatusNotFound, "No such state", nowhere.Error()}
	case errors.As(err, &unknown):
		known = &fault{http.StatusBadRequest, "Nothing to search for", unknown.Error()}
	default:
		known = &fault{http.StatusInternalServerError, "The implementation failed", err.Error()}
	}
	v.write(w, known.status, &page.Page{Title: known.title, Sections: []page.Section{{ID: "wrong", Title: "What is wrong", Blocks: []page.Block{
		page.Pre{Label: "The message", Text: known.says},
		page.Links{Label: "Go on", Links: []page.Link{{Says: "to the beginning", Address: v.address("")}}},
	}}}})
}

// write gives a page.
func (v *visit) write(w http.ResponseWriter, status int, p *page.Page) {
	p.Of, p.Version = v.Of, v.Version
	if v.Bounds != "" {
		p.Of += ": " + v.Bounds
	}
	if p.Live == nil {
		p.Live = &page.Live{}
	}
	p.Live.Script = script
	var text bytes.Buffer
	if err := p.Write(&text); err != nil {
		panic("a buffer takes everything: " + err.Error())
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // who no longer listens needs no answer
}

func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
