package explore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/raftcheck/raftcheck/checker"
	"github.com/raftcheck/raftcheck/cluster"
	"github.com/raftcheck/raftcheck/spec"
)

// wasEnded is the reason why nothing was found by a search that somebody ended.
const wasEnded = "the search was ended"

// NoSuchQuest is the error of a quest that is not among a world's quests.
type NoSuchQuest struct{ Name string }

// Error names it.
func (e *NoSuchQuest) Error() string {
	return fmt.Sprintf("nothing that can be asked for is called %q", e.Name)
}

// Find searches from a state for what is asked for, as check searches from the beginning, over a memo of its own.
func (s *session) Find(ctx context.Context, way Way, quest string, b Budget, progress func(Progress)) (*Found, error) {
	rules, err := s.wanted(ctx, quest)
	if err != nil {
		return nil, err
	}
	past, already, err := s.begins(ctx, way, rules)
	if err != nil || already {
		return &Found{Already: already, Way: way}, err
	}
	limited := ctx
	if b.Time > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, b.Time)
		defer cancel()
	}
	o := checker.Options{Rules: rules, Goals: []*spec.Goal{}, Past: past, States: b.States, Memory: b.Memory, Name: s.Name}
	if s.Alone {
		o.Workers = 1
	}
	if progress != nil {
		o.Progress = nowAndThen(progress)
	}
	r, err := checker.Check(limited, s.config, o)
	if err != nil {
		return nil, err
	}
	found := &Found{Progress: progressOf(&r.Search), Steps: len(r.Way)}
	switch {
	case r.Verdict == spec.Violated:
		found.Way, err = s.onwards(way, r.Way)
	case r.Search.Complete:
		found.None = true
	case s.config.Bounds.Depth > 0 && r.Search.Depth == s.config.Bounds.Depth:
		found.Reason = fmt.Sprintf("no way of up to %d steps leads there, and longer ones are outside the bounds", s.config.Bounds.Depth)
	case errors.Is(ctx.Err(), context.Canceled):
		found.Reason = wasEnded
	default:
		found.Reason = r.Reason
	}
	return found, err
}

// wanted returns the rules that a quest wants to see broken.
func (s *session) wanted(ctx context.Context, quest string) ([]*spec.Rule, error) {
	all, _ := s.Quests(ctx) // it has no error
	k := slices.IndexFunc(all, func(q Quest) bool { return q.Name == quest })
	if k < 0 {
		return nil, &NoSuchQuest{quest}
	}
	return all[k].rules, nil
}

// begins returns what happens on the way to where a search begins, and whether two servers there are already what is asked for.
func (s *session) begins(ctx context.Context, way Way, rules []*spec.Rule) (past []cluster.Action, already bool, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	p, err := s.place(ctx, way)
	if err != nil {
		return nil, false, err
	}
	var sights []*spec.Sight
	for _, id := range s.config.IDs() {
		sights = append(sights, &spec.Sight{Server: id, Observation: s.explorer.Observe(p.at, id)})
	}
	for _, r := range rules {
		for _, a := range sights {
			for _, b := range sights {
				already = already || a != b && r.Step == nil && r.JudgePair(a, b) != nil
			}
		}
	}
	return p.actions(), already, nil
}

// onwards is the way that goes on with actions.
func (s *session) onwards(way Way, actions []cluster.Action) (Way, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	p, err := s.place(context.Background(), way) // it may have been forgotten meanwhile
	if err != nil {
		return nil, err
	}
	more, err := s.explorer.Numbers(p.at, actions)
	return slices.Concat(way, more), err
}

// progressEvery is the time between two times that progress is told, in seconds.
const progressEvery = 0.1

// nowAndThen tells progress of a search not more often than anybody looks.
func nowAndThen(progress func(Progress)) func(checker.Progress) {
	due := progressEvery
	return func(p checker.Progress) {
		if p.Stats.Seconds >= due {
			due = p.Stats.Seconds + progressEvery
			progress(progressOf(&p.Stats))
		}
	}
}

func progressOf(s *checker.Stats) Progress { return Progress{s.Distinct, s.Depth, s.Seconds} }
