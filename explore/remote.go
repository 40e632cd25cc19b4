package explore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/raftcheck/raftcheck/traces"
)

// AnswerMark begins each line that a program prints in answer to a question; JSON follows. Whatever else it prints is passed over.
const AnswerMark = "raftcheck-answer "

// question is what a remote world is asked, one line of JSON.
type question struct {
	ID     int
	Do     string     // look, follow, quests, find, or cancel
	Way    Way        `json:",omitempty"`
	Trace  *Recording `json:",omitempty"`
	Quest  string     `json:",omitempty"`
	Budget Budget
}

// answer is what it says: once, but for progress, which comes before the answer.
type answer struct {
	ID       int
	Progress *Progress    `json:",omitempty"`
	View     *View        `json:",omitempty"`
	Way      Way          `json:",omitempty"`
	Apart    string       `json:",omitempty"`
	Quests   []Quest      `json:",omitempty"`
	Found    *Found       `json:",omitempty"`
	NoStep   *NoSuchStep  `json:",omitempty"`
	NoQuest  *NoSuchQuest `json:",omitempty"`
	Error    string       `json:",omitempty"`
}

// Remote returns a world that a program holds: questions are written to ask, and what the program prints is read from told. It searches for one
// thing after another; what else is asked is answered meanwhile.
func Remote(ask io.Writer, told io.Reader) World {
	r := &remote{ask: ask, waiting: map[int]chan *answer{}}
	go r.listen(told)
	return r
}

type remote struct {
	writing sync.Mutex // one question after another; held while the program may be slow to read, so never by listen
	ask     io.Writer

	mutex   sync.Mutex // of what follows; nothing waits while it is held
	last    int
	waiting map[int]chan *answer
	ended   error // no more answers will come
}

// ErrEnded is why there is no answer from a program that has ended.
var ErrEnded = errors.New("the program that holds the implementation has ended")

// listen hands answers to those who wait for them.
func (r *remote) listen(told io.Reader) {
	lines := bufio.NewReader(told)
	for {
		line, err := lines.ReadBytes('\n')
		if a := parseAnswer(line); a != nil {
			r.mutex.Lock()
			waiting := r.waiting[a.ID]
			r.mutex.Unlock()
			if waiting != nil && (a.Progress == nil || len(waiting) < cap(waiting)-1) {
				waiting <- a // there is room for the answer always, and for progress mostly
			}
		}
		if err != nil {
			r.end()
			return
		}
	}
}

func parseAnswer(line []byte) *answer {
	if len(line) < len(AnswerMark) || string(line[:len(AnswerMark)]) != AnswerMark {
		return nil
	}
	a := &answer{}
	if err := json.Unmarshal(line[len(AnswerMark):], a); err != nil {
		return &answer{ID: a.ID, Error: "the program's answer makes no sense: " + err.Error()}
	}
	return a
}

func (r *remote) end() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.ended = ErrEnded
	for _, waiting := range r.waiting {
		close(waiting)
	}
	r.waiting = map[int]chan *answer{}
}

// asked sends a question and waits for the answer. When ctx ends, a search is cancelled, and still answered; anything else is given up.
func (r *remote) asked(ctx context.Context, q question, progress func(Progress)) (*answer, error) {
	answers, err := r.send(&q)
	if err != nil {
		return nil, err
	}
	over := ctx.Done()
	for {
		select {
		case a, open := <-answers:
			switch {
			case !open:
				return nil, ErrEnded
			case a.Progress == nil:
				r.forget(q.ID)
				return a, a.err()
			case progress != nil:
				progress(*a.Progress)
			}
		case <-over:
			if q.Do != doFind {
				r.forget(q.ID)
				return nil, ctx.Err()
			}
			over = nil
			if err := r.write(&question{ID: q.ID, Do: doCancel}); err != nil {
				return nil, err
			}
		}
	}
}

func (r *remote) send(q *question) (chan *answer, error) {
	answers, err := r.expect(q)
	if err != nil {
		return nil, err
	}
	if err := r.write(q); err != nil {
		r.forget(q.ID)
		return nil, err
	}
	return answers, nil
}

// expect gives a question its number, and waits for answers to it from now on.
func (r *remote) expect(q *question) (chan *answer, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.ended != nil {
		return nil, r.ended
	}
	r.last++
	q.ID = r.last
	answers := make(chan *answer, 8)
	r.waiting[q.ID] = answers
	return answers, nil
}

// forget no longer waits for an answer.
func (r *remote) forget(id int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.waiting, id)
}

func (r *remote) write(q *question) error {
	line, err := json.Marshal(q)
	if err != nil {
		return err
	}
	r.writing.Lock()
	defer r.writing.Unlock()
	if _, err = r.ask.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%w: %w", ErrEnded, err)
	}
	return nil
}

// err is what an answer says went wrong.
func (a *answer) err() error {
	switch {
	case a.NoStep != nil:
		return a.NoStep
	case a.NoQuest != nil:
		return a.NoQuest
	case a.Error != "":
		return errors.New(a.Error)
	}
	return nil
}

// Look asks the program.
func (r *remote) Look(ctx context.Context, way Way) (*View, error) {
	a, err := r.asked(ctx, question{Do: doLook, Way: way}, nil)
	if err != nil {
		return nil, err
	}
	return a.View, nil
}

// Follow asks the program.
func (r *remote) Follow(ctx context.Context, t *traces.Trace) (Way, string, error) {
	a, err := r.asked(ctx, question{Do: doFollow, Trace: &Recording{t}}, nil)
	if err != nil {
		return nil, "", err
	}
	return a.Way, a.Apart, nil
}

// Quests asks the program.
func (r *remote) Quests(ctx context.Context) ([]Quest, error) {
	a, err := r.asked(ctx, question{Do: doQuests}, nil)
	if err != nil {
		return nil, err
	}
	return a.Quests, nil
}

// Find asks the program.
func (r *remote) Find(ctx context.Context, way Way, quest string, b Budget, progress func(Progress)) (*Found, error) {
	a, err := r.asked(ctx, question{Do: doFind, Way: way, Quest: quest, Budget: b}, progress)
	if err != nil {
		return nil, err
	}
	return a.Found, nil
}
