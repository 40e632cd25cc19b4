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
	for {
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
}

// answering is what somebody knows who answers questions.
type answering struct {
	asked chan *question
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
	case doQuests:
		a.Quests, err = w.Quests(ctx)
	case doFind:
		return r.find(ctx, w, q, told)
	case doCancel:
		return nil
	default:
		err = fmt.Errorf("a question to %q", q.Do)
	}
	return a.print(told, err)
}

// find searches until something else is asked, which is answered next.
func (r *answering) find(ctx context.Context, w World, q *question, told io.Writer) error {
	searching, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan *question, 1)
	go func() {
		defer close(next)
		select {
		case asked, open := <-r.asked:
			cancel()
			if open {
				next <- asked
			}
		case <-searching.Done():
		}
	}()
	a := &answer{ID: q.ID}
	var err error
	a.Found, err = w.Find(searching, q.Way, q.Quest, q.Budget, func(p Progress) {
		_ = (&answer{ID: q.ID, Progress: &p}).print(told, nil) // whoever does not hear of it hears of what is found
	})
	cancel()
	err = a.print(told, err)
	if asked := <-next; asked != nil && err == nil {
		return r.answer(ctx, w, asked, told)
	}
	return err
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
