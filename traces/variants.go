package traces

import (
	"fmt"

	"github.com/raftcheck/raftcheck/internal/nearest"
	"github.com/raftcheck/raftcheck/spec"
)

// undeclared returns an error if a trace declares a variant that does not exist: it would make no rule void, and the rules alarm that it was
// meant to.
func undeclared(source Source) error {
	for _, v := range source.Header().Variants {
		if spec.EveryVariant.Has(v) {
			continue
		}
		file, _ := source.Position()
		fault := &InputError{File: file, Line: 1, Message: fmt.Sprintf("unknown variant %q", v), Hint: "docs/rules.md says which variants there are"}
		if near := nearest.To(string(v), spec.EveryVariant.Names()); near != "" {
			fault.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		return fault
	}
	return nil
}
