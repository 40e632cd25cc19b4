package main

import (
	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/traces"
)

func addSave(flags *pflag.FlagSet, dir *string) {
	flags.StringVar(dir, "save", traces.SavedUnder, "the `directory` to save a failing execution in; none saves nothing")
}

// saveTrace writes a trace under a name that tells what it breaks, and returns its path; "" if it was not saved.
func (a *app) saveTrace(dir, rule string, t *traces.Trace) (string, error) {
	if dir == "" || dir == "none" {
		return "", nil
	}
	path, err := traces.Save(dir, rule, t)
	if err != nil {
		return "", usageError("--save names another directory, --save none saves nothing", "the execution cannot be saved: %w", err)
	}
	return path, nil
}
