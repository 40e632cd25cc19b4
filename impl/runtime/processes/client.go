package processes

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/raftcheck/raftcheck/impl/runtime"
	"github.com/raftcheck/raftcheck/spec"
)

// dialWithin is how long it may take to reach a server on this machine.
const dialWithin = 500 * time.Millisecond

// reply is what a server answered, or why it did not.
type reply struct {
	code    int
	header  http.Header
	body    []byte
	done    bool // the command was carried out
	nothing bool // certainly nothing was done
	leader  spec.ServerID
}

// servers are the ways to the servers' sockets for clients.
type ways map[spec.ServerID]*http.Client

func newWays(sockets string, ids []spec.ServerID) ways {
	w := ways{}
	for _, id := range ids {
		w[id] = &http.Client{
			Transport:     &http.Transport{DialContext: dialer(socketOf(sockets, id, "http")), MaxIdleConnsPerHost: 64},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       5 * time.Second,
		}
	}
	return w
}

// ask sends a server a command and says what came of it.
func (w ways) ask(ctx context.Context, id spec.ServerID, c *runtime.Command) *reply {
	request, err := requestOf(ctx, c)
	if err != nil {
		return &reply{code: http.StatusBadRequest, nothing: true, body: []byte(err.Error() + "\n")}
	}
	response, err := w[id].Do(request)
	if err != nil {
		return lost(id, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return lost(id, err)
	}
	r := &reply{code: response.StatusCode, header: response.Header, body: body}
	switch outcome := response.Header.Get(runtime.HeaderOutcome); r.code {
	case http.StatusOK, http.StatusNoContent, http.StatusNotFound, http.StatusPreconditionFailed:
		r.done = true
	case http.StatusServiceUnavailable:
		r.nothing = outcome == "refused" || outcome == "replaced"
	case http.StatusTemporaryRedirect, http.StatusBadRequest, http.StatusConflict:
		r.nothing = true
		_, _ = fmt.Sscanf(response.Header.Get(runtime.HeaderLeader), "n%d", &r.leader)
	}
	return r
}

// lost is the reply of a server that does not answer. If it could not be reached, nothing was done.
func lost(id spec.ServerID, err error) *reply {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return &reply{code: http.StatusServiceUnavailable, nothing: true, body: fmt.Appendf(nil, "%s is down; nothing was done\n", id)}
	}
	return &reply{code: http.StatusGatewayTimeout, body: fmt.Appendf(nil, "%s did not answer; it may be done, or not\n", id)}
}

// requestOf is a command as ServeHTTP of package runtime understands it.
func requestOf(ctx context.Context, c *runtime.Command) (*http.Request, error) {
	method, query := http.MethodPut, ""
	switch c.Op {
	case runtime.Get:
		method = http.MethodGet
	case runtime.Append:
		method = http.MethodPost
	case runtime.Delete:
		method = http.MethodDelete
	case runtime.Create:
		query = "?if-absent"
	case runtime.Replace:
		query = "?if=" + url.QueryEscape(c.Expected)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://server/kv/"+url.PathEscape(c.Key)+query, bytes.NewReader([]byte(c.Value)))
	if err == nil && c.Client != "" {
		request.Header.Set(runtime.HeaderClient, c.Client)
		request.Header.Set(runtime.HeaderRequest, strconv.FormatUint(c.Number, 10))
	}
	return request, err
}
