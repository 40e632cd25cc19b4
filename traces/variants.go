package traces

import (
	"fmt"

	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/spec"
)

// undeclared returns an error if a trace declares a variant that does not exist, or with numbers that it does not take: it would make no rule
// void, and the rules alarm that it was meant to.
func undeclared(source Source) error {
	for _, v := range source.Header().Variants {
		wrong := v.Check()
		if wrong == nil {
			continue
		}
		file, _ := source.Position()
		fault := &InputError{File: file, Line: 1, Message: wrong.Error(), Hint: "raftcheck explain variants says which there are"}
		if near := nearest.To(string(v.Name()), spec.EveryVariant.Names()); near != "" && !spec.EveryVariant.Has(v.Name()) {
			fault.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		return fault
	}
	return nil
}
