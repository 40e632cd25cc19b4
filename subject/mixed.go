package subject

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/adapters/order"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// A cluster of several releases of a library is named by all of them, with a space between: "n1=etcd@v3.5.35 etcd@v3.7.0", which is what --impl given
// twice comes to. Each release has a test program of its own, whose servers are nodes here.

// mixed is the servers of several releases.
type mixed struct {
	kinds []*Subject            // each release with its choices once; the first is that of everybody who is not named
	of    map[spec.ServerID]int // whom another kind runs
	ends  []func()
}

var ofServer = regexp.MustCompile(`^n([1-9][0-9]*)=(.+)$`)

// isMixed reports whether a name is one of several releases.
func isMixed(name string) bool { return strings.Contains(name, " ") || ofServer.MatchString(name) }

// mixedSubject returns the cluster of that name, in the world of the release that most servers run.
func mixedSubject(name string) (*Subject, error) {
	const hint = "as in --impl n1=etcd@v3.5.35 --impl etcd@v3.7.0"
	m := &mixed{kinds: make([]*Subject, 1), of: map[spec.ServerID]int{}}
	for _, word := range strings.Fields(name) {
		parts := ofServer.FindStringSubmatch(word)
		if parts != nil {
			word = parts[2]
		}
		l := libraryOf(word)
		if l == nil {
			return nil, misasked(hint, "several implementations in one cluster are releases of one library, and %q is none", word)
		}
		kind, err := l.subject(word)
		if err != nil {
			return nil, err
		}
		if parts == nil {
			if m.kinds[0] != nil {
				return nil, misasked(hint, "--impl %s and --impl %s: servers that others run are named, as in n1=%s", m.kinds[0].Name, word, word)
			}
			m.kinds[0] = kind
			continue
		}
		number, err := strconv.Atoi(parts[1])
		if err != nil || number > cluster.MaxServers {
			return nil, misasked(hint, "n%s is no server of a cluster: there are at most %d", parts[1], cluster.MaxServers)
		}
		id := spec.ServerID(number)
		if _, twice := m.of[id]; twice {
			return nil, misasked(hint, "%s is named twice", id)
		}
		m.of[id] = m.kind(kind)
	}
	return m.subject(name, hint)
}

// kind returns the place of a kind of servers among those that there are.
func (m *mixed) kind(of *Subject) int {
	for k, other := range m.kinds {
		if k > 0 && other.Name == of.Name {
			return k
		}
	}
	m.kinds = append(m.kinds, of)
	return len(m.kinds) - 1
}

func (m *mixed) subject(name, hint string) (*Subject, error) {
	main := m.kinds[0]
	if main == nil {
		return nil, misasked(hint, "--impl %s: name what the other servers run too", name)
	}
	for _, kind := range m.kinds[1:] {
		if libraryOf(kind.Name) != libraryOf(main.Name) {
			return nil, misasked(hint, "%s and %s are not releases of one library", kind.Name, main.Name)
		}
		if kind.Config.Bounds.Terms != main.Config.Bounds.Terms || kind.goTest.family.blank != main.goTest.family.blank {
			if !slices.Contains(append(kind.goTest.choices, main.goTest.choices...), "bootstrapped") && kind.goTest.family.blank != main.goTest.family.blank {
				return nil, misasked("give both the choice bootstrapped", "clusters of %s and of %s begin differently", kind.Name, main.Name)
			}
		}
	}
	s := &Subject{Name: name, Takes: main.Takes, Config: main.Config, mixed: m}
	for _, kind := range m.kinds[1:] { // what one of them declares to do differently is no fault of a cluster that holds it
		for _, v := range kind.Config.Variants {
			if !s.Config.Variants.Has(v) {
				s.Config.Variants = append(slices.Clip(s.Config.Variants), v)
			}
		}
	}
	return s, nil
}

// named are the servers whom another kind runs, in ascending order.
func (m *mixed) named() []spec.ServerID { return slices.Sorted(maps.Keys(m.of)) }

// start builds and runs the programs of the releases, whose servers the world is made of from then on.
func (m *mixed) start(ctx context.Context, c *cluster.Config) error {
	if len(m.ends) > 0 {
		return nil
	}
	if err := spec.Absent(c.IDs(), m.named()...); err != nil {
		return absent(err)
	}
	remotes := make([]*order.Remote, len(m.kinds))
	for k, kind := range m.kinds {
		remote, end, err := kind.goTest.serve(ctx, kind, c)
		if err != nil {
			return err
		}
		m.ends = append(m.ends, end)
		remotes[k] = remote
	}
	inputs := make([][]spec.Input, c.Servers+1)
	for _, id := range c.IDs() {
		var beyond []string
		var err error
		if inputs[id], beyond, err = remotes[m.of[id]].World(id); err != nil {
			return &Error{Kind: Faulty, Err: err}
		}
		for _, goal := range beyond {
			if !slices.Contains(c.OutOfReach, goal) {
				c.OutOfReach = append(slices.Clip(c.OutOfReach), goal)
			}
		}
	}
	c.Inputs = func(id spec.ServerID) []spec.Input { return inputs[id] }
	c.New = func(id spec.ServerID, servers []spec.ServerID) spec.Node { return remotes[m.of[id]].Node(id, servers) }
	return nil
}

// end ends the programs.
func (m *mixed) end() {
	for _, end := range m.ends {
		end()
	}
	m.ends = nil
}

// serve builds the program of a release and runs it as the servers of a world.
func (g *goTest) serve(ctx context.Context, s *Subject, world *cluster.Config) (*order.Remote, func(), error) {
	own := *s
	own.Config = *world
	own.Config.Variants = s.Config.Variants
	job, err := g.begin(&own, order.Serve)
	if err != nil {
		return nil, nil, err
	}
	args, err := job.build(ctx)
	if err != nil {
		job.end()
		return nil, nil, err
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stderr = job.dir, os.Stderr
	to, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := job.keeper.Start(cmd); err != nil {
		job.end()
		return nil, nil, &Error{Kind: Faulty, Err: fmt.Errorf("%s: %w", filepath.Base(args[0]), err)}
	}
	return order.NewRemote(to, from), func() {
		_ = to.Close() // it ends then
		_ = errors.Join(cmd.Wait())
		job.keeper.Ended(cmd)
		job.end()
	}, nil
}
