package processes

import (
	"context"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

// door is where clients turn to for one server. It belongs to raftcheck run, not to the server: it notes what clients ask and are told,
// all in one order, and stays when the server is killed.
type door struct {
	id      spec.ServerID
	ways    ways
	history *history
	plain   *httputil.ReverseProxy // for what is no command
}

func newDoor(id spec.ServerID, w ways, h *history) *door {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "server"})
	proxy.Transport = w[id].Transport
	proxy.ErrorHandler = func(rw http.ResponseWriter, _ *http.Request, err error) {
		r := lost(id, err)
		http.Error(rw, strings.TrimSuffix(string(r.body), "\n"), r.code)
	}
	return &door{id: id, ways: w, history: h, plain: proxy}
}

// ServeHTTP hands a client's request to the server.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, isKey := strings.CutPrefix(r.URL.Path, "/kv/")
	if !isKey || key == "" {
		d.plain.ServeHTTP(w, r)
		return
	}
	c, err := runtime.CommandOf(w, r, key)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if strings.HasPrefix(c.Client, loadName) || strings.HasPrefix(c.Client, nobodyName) {
		http.Error(w, "names that begin with "+loadName+" or "+nobodyName+" are run's own", http.StatusBadRequest)
		return
	}
	if err := d.history.call(&c); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	// A client that goes away does not take its request along.
	answer := d.ways.ask(context.WithoutCancel(r.Context()), d.id, &c)
	d.history.ended(&c, answer)
	for name, values := range answer.header {
		if name == "Location" || name == "Content-Type" || strings.HasPrefix(name, "Raft-") {
			w.Header()[name] = values
		}
	}
	if answer.header == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(answer.code)
	_, _ = io.WriteString(w, string(answer.body))
}
