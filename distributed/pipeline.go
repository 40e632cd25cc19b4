package distributed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

// Search says what is searched, by which program and in which folder. It travels to the workers.
type Search struct {
	Command []string // raftcheck, its verb check, and flags that say what is searched: on a worker's machine
	Folder  string   // as workers see it
	Shares  int      // into which keys are divided, 1 to 16: so many programs merge at a time
	Rounds  int      // of 65,536 states at most, that a program expands in one go; at least 1
	Job     string   // tells the files of one job from those of another
}

func init() {
	register.DoFn4x1[context.Context, string, func(int, string), func(string), error](&planFn{})
	register.DoFn4x1[context.Context, int, func(*string) bool, func(string, string), error](&expandFn{})
	register.DoFn4x1[context.Context, string, func(*string) bool, func(int, string), error](&fillFn{})
	register.DoFn4x1[context.Context, int, func(*string) bool, func(string, string), error](&mergeFn{})
	register.DoFn4x1[context.Context, string, func(*string) bool, func(string), error](&closeFn{})
	register.Emitter2[int, string]()
	register.Emitter2[string, string]()
	register.Emitter1[string]()
	register.Iter1[string]()
}

// layers builds the stages of some layers, one behind the other, from the name of the first.
//
//	layer ─ plan ─► task ─ expand ─► what was found, by layer ─ fill ─► share ─ merge ─► what is new, by layer ─ close ─► next layer
//
// All that goes through the four shuffles of a layer is names of files, and numbers.
func (s *Search) layers(scope beam.Scope, first string, count int) {
	layer := beam.Create(scope, first)
	for n := range count {
		scope := scope.Scope("layer" + strconv.Itoa(n))
		tasks, ended := beam.ParDo2(scope, &planFn{Search: *s}, layer)
		found := beam.GroupByKey(scope, beam.ParDo(scope, &expandFn{Search: *s}, beam.GroupByKey(scope, tasks)))
		shares := beam.GroupByKey(scope, beam.ParDo(scope, &fillFn{Search: *s}, found))
		fresh := beam.GroupByKey(scope, beam.ParDo(scope, &mergeFn{Search: *s}, shares))
		layer = beam.Flatten(scope, ended, beam.ParDo(scope, &closeFn{Search: *s}, fresh))
	}
}

// separator stands between the parts of an element, which are names of files and numbers.
const separator = "|"

func element(parts ...any) string {
	words := make([]string, len(parts))
	for k, p := range parts {
		words[k] = fmt.Sprint(p)
	}
	return strings.Join(words, separator)
}

// part returns part k of an element, as text and as a number.
func part(element string, k int) (string, int) {
	word := strings.Split(element, separator)[k]
	number, _ := strconv.Atoi(word) // 0 for what is no number
	return word, number
}

// all returns what a group holds, in the order of the numbers that the elements begin with, each number once: an element may come again when a bundle does.
func all(next func(*string) bool) (texts []string) {
	var some []string
	for e := ""; next(&e); {
		some = append(some, e)
	}
	number := func(e string) int { _, n := part(e, 0); return n }
	slices.SortFunc(some, func(a, b string) int { return number(a) - number(b) })
	some = slices.CompactFunc(some, func(a, b string) bool { return number(a) == number(b) })
	for _, e := range some {
		text, _ := part(e, 1)
		texts = append(texts, text)
	}
	return texts
}

// told has a part of the search done, and leaves what it was refused for where Run finds it.
func (s *Search) told(q request) (answer, error) {
	a, err := s.do(q)
	var refused *Refused
	if errors.As(err, &refused) {
		err = errors.Join(err, s.refuse(refused))
	}
	return a, err
}

// planFn divides a layer into tasks; one at which the search ends is passed on as it is.
type planFn struct{ Search Search }

// ProcessElement takes the name of a layer.
func (f *planFn) ProcessElement(_ context.Context, layer string, task func(int, string), ended func(string)) error {
	a, err := f.Search.told(request{Do: "look", Layer: layer})
	if err != nil {
		return err
	}
	if a.Done {
		ended(layer)
		return nil
	}
	for n := 0; n*f.Search.Rounds < a.Rounds; n++ {
		task(n, element(n, layer, n*f.Search.Rounds, min((n+1)*f.Search.Rounds, a.Rounds)))
	}
	return nil
}

// expandFn expands some rounds of a layer.
type expandFn struct{ Search Search }

// ProcessElement takes a task.
func (f *expandFn) ProcessElement(_ context.Context, _ int, tasks func(*string) bool, found func(string, string)) error {
	var task string
	for tasks(&task) {
		_, n := part(task, 0)
		layer, _ := part(task, 1)
		_, from := part(task, 2)
		_, to := part(task, 3)
		a, err := f.Search.told(request{Do: "expand", Layer: layer, From: from, To: to})
		if err != nil {
			return err
		}
		found(layer, element(n, a.File))
	}
	return nil
}

// fillFn makes known what the layer needs, and says of which shares there is something to merge.
type fillFn struct{ Search Search }

// ProcessElement takes all that was found in a layer.
func (f *fillFn) ProcessElement(_ context.Context, layer string, found func(*string) bool, share func(int, string)) error {
	a, err := f.Search.told(request{Do: "fill", Layer: layer, Expanded: all(found)})
	if err != nil {
		return err
	}
	for n := range f.Search.Shares {
		share(n, element(n, layer, a.File))
	}
	return nil
}

// mergeFn drops what was seen before from one share.
type mergeFn struct{ Search Search }

// ProcessElement takes a share.
func (f *mergeFn) ProcessElement(_ context.Context, _ int, shares func(*string) bool, fresh func(string, string)) error {
	var share string
	for shares(&share) {
		_, n := part(share, 0)
		layer, _ := part(share, 1)
		filled, _ := part(share, 2)
		a, err := f.Search.told(request{Do: "merge", Layer: layer, Filled: filled, Share: n})
		if err != nil {
			return err
		}
		fresh(element(layer, filled), element(n, a.File))
	}
	return nil
}

// closeFn makes the next layer.
type closeFn struct{ Search Search }

// ProcessElement takes all shares of a layer.
func (f *closeFn) ProcessElement(_ context.Context, of string, fresh func(*string) bool, next func(string)) error {
	layer, _ := part(of, 0)
	filled, _ := part(of, 1)
	a, err := f.Search.told(request{Do: "close", Layer: layer, Filled: filled, Merged: all(fresh)})
	if err != nil {
		return err
	}
	if err := f.Search.advance(head{a.File, a.Depth, a.States, a.All, a.Done}); err != nil {
		return err
	}
	next(a.File)
	return nil
}
