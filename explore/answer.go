package explore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// What a question asks to do.
const (
	doLook   = "look"
	doFollow = "follow"
	doQuests = "quests"
	doFind   = "find"
	doCancel = "cancel" // the search that goes on, if any
)

// Answer answers the questions of a [Remote] about a world, until there are no more or ctx ends. All of it happens on the goroutine that called
// it, one question after another; a question that comes while a search goes on ends it.
func Answer(ctx context.Context, w World, questions io.Reader, told io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &answering{asked: make(chan *question)}
	go r.read(ctx, questions)
	for !r.over {
		if len(r.later) > 0 {
			q := r.later[0]
			r.later = r.later[1:]
			if err := r.answer(ctx, w, q, told); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case q, open := <-r.asked:
			if !open {
				return nil
			}
			if err := r.answer(ctx, w, q, told); err != nil {
				return err
			}
		}
	}
	return nil
}

// answering is what somebody knows who answers questions.
type answering struct {
	asked chan *question
	later []*question // searches that were asked for while another went on
	over  bool        // no more questions will come
}

// read passes questions on.
func (r *answering) read(ctx context.Context, questions io.Reader) {
	defer close(r.asked)
	lines := bufio.NewReader(questions)
	for {
		line, err := lines.ReadBytes('\n')
		q := &question{}
		if len(line) > 0 && json.Unmarshal(line, q) == nil {
			select {
			case r.asked <- q:
			case <-ctx.Done():
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// answer answers one question.
func (r *answering) answer(ctx context.Context, w World, q *question, told io.Writer) error {
	a := &answer{ID: q.ID}
	var err error
	switch q.Do {
	case doLook:
		a.View, err = w.Look(ctx, q.Way)
	case doFollow:
		a.Way, a.Apart, err = w.Follow(ctx, q.Trace.Trace)
	case doQuests:
		a.Quests, err = w.Quests(ctx)
	case doFind:
		return r.find(ctx, w, q, told)
	case doCancel:
		if q.Quest == "" {
			return nil // the search has ended
		}
		a.Found = &Found{Reason: wasEnded} // it had not begun
	default:
		err = fmt.Errorf("a question to %q", q.Do)
	}
	return a.print(told, err)
}

// find searches. Between two rounds of the search it answers what can be answered at once; other searches wait until this one has ended.
func (r *answering) find(ctx context.Context, w World, q *question, told io.Writer) error {
	searching, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &answer{ID: q.ID}
	var wrong error
	meanwhile := func() {
		for wrong == nil {
			select {
			case asked, open := <-r.asked:
				switch {
				case !open:
					r.over = true
					cancel()
					return
				case asked.Do == doCancel && asked.ID == q.ID:
					cancel()
				case asked.Do == doCancel:
					r.giveUp(asked.ID)
				case asked.Do == doFind:
					r.later = append(r.later, asked)
				default:
					wrong = r.answer(ctx, w, asked, told)
				}
				continue
			default:
			}
			return
		}
	}
	var err error
	a.Found, err = w.Find(searching, q.Way, q.Quest, q.Budget, func(p Progress) {
		_ = (&answer{ID: q.ID, Progress: &p}).print(told, nil) // whoever does not hear of it hears of what is found
		if !r.over {
			meanwhile()
		}
	})
	return errors.Join(wrong, a.print(told, err))
}

// giveUp makes a search that waits one that finds nothing.
func (r *answering) giveUp(id int) {
	for _, q := range r.later {
		if q.ID == id {
			q.Do = doCancel
		}
	}
}

// print prints an answer, or what went wrong.
func (a *answer) print(told io.Writer, wrong error) error {
	if wrong != nil && !errors.As(wrong, &a.NoStep) && !errors.As(wrong, &a.NoQuest) {
		a.Error = wrong.Error()
	}
	line, err := json.Marshal(a)
	if err != nil {
		line, err = json.Marshal(&answer{ID: a.ID, Error: err.Error()})
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(told, "%s%s\n", AnswerMark, line)
	return err
}
