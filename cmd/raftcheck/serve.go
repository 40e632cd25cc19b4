package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/explore/web"
	"github.com/raftcheck/raftcheck/internal/built"
	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/subject"
)

// serveFlags are the flags of serve.
type serveFlags struct {
	world     worldFlags
	selection selection
	port      int
	time      time.Duration
}

// What serve may hold in memory: of states that were looked at, and for each search.
const (
	serveMemory  = 256 << 20
	searchMemory = 1 << 30
)

// browse is the verb serve: it lets a person explore in a browser.
func (a *app) browse() *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve [TRACE]",
		Short: "Explore executions in a browser, on this machine only",
		Long: `serve prints an address and answers there until it is ended (Ctrl-C). The page shows the state of each server and all that may
happen next: what each step would do, which promise it would break, which goal it would reach. Take one, take it back, ask whether
there is a way from here to a second leader, a commit, a truncation, and save what you did as a trace for replay, show and verify.

With a TRACE (or a page that holds one) you go along its steps, and branch off where you like: in the world of the implementation
that it names, or of --impl or --exec. A trace that this world does not repeat can be looked at. Without a TRACE it is the world that
check would search, from its beginning.

It listens on 127.0.0.1 only, and answers whoever knows the token in the address and comes from no other page.`,
		Example: `  raftcheck serve --impl mutant:el-stale-vote-resp
  raftcheck serve testdata/raftcheck/election-safety-5f1c09.trace
  raftcheck serve --nodes 5 --terms 3 --faults drop,crash=1
  raftcheck serve --exec 'python3 raft.py'
  raftcheck serve --impl etcd`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(cmd.CommandPath()+" TRACE", "%s takes one trace, not %d", cmd.Name(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.runServe(cmd, f, args) },
	}
	flags := cmd.Flags()
	f.world.addTo(flags)
	f.selection.addRules(flags)
	flags.IntVar(&f.port, "port", 0, "the port to listen on; 0 is one that is free")
	flags.DurationVar(&f.time, "for", 0, "end after this long, as in 30m; 0 is when you end it")
	a.addTrust(flags)
	completeServe(cmd)
	return cmd
}

func completeServe(cmd *cobra.Command) {
	for flag, words := range map[string][]string{"impl": subject.Names(), "rule": ruleNames(), "faults": faultNames, "variant": spec.EveryVariant.Names()} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	}
}

func (a *app) runServe(cmd *cobra.Command, f *serveFlags, args []string) error {
	if f.port < 0 || f.port > 65535 {
		return usageError("0 takes one that is free", "--port %d: it is from 0 to 65535", f.port)
	}
	ctx := cmd.Context()
	if f.time > 0 {
		limited, cancel := context.WithTimeout(ctx, f.time)
		defer cancel()
		ctx = limited
	}
	rules, err := f.selection.chosenRules()
	if err != nil {
		return err
	}
	site := &web.Site{Rules: rules, Version: built.Version(debug.ReadBuildInfo()), Token: rand.Text(), Memory: searchMemory}
	if len(args) > 0 {
		if err := a.serveTrace(cmd.Flags(), f, site, args[0]); err != nil {
			return err
		}
	}
	end, err := a.serveWorld(ctx, cmd.Flags(), f, site)
	if err != nil {
		return err
	}
	defer end()
	return a.serving(ctx, f.port, site)
}

// serving answers requests until ctx ends.
func (a *app) serving(ctx context.Context, port int, site *web.Site) error {
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return usageError("without --port a free one is taken", "--port %d: %w", port, err)
	}
	server := &http.Server{Handler: site.Handler(ctx), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(a.term.err, "raftcheck serve: ", 0)}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	fmt.Fprintf(a.term.out, "http://%s/%s/\n", listener.Addr(), site.Token)
	if failed := a.term.undelivered(); failed != nil {
		return errors.Join(failed, listener.Close())
	}
	a.term.note("open it in a browser on this machine; Ctrl-C ends it")
	if err := server.Serve(listener); ctx.Err() == nil {
		return &failure{exit: exitFault, err: fmt.Errorf("serve: %w", err)}
	}
	return nil
}
