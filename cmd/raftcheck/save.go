package main

import (
	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/traces"
)

func addSave(flags *pflag.FlagSet, dir *string) {
	flags.StringVar(dir, "save", traces.SavedUnder, "the `directory` to save a failing execution in; none saves nothing")
}

// saveTrace writes a trace under a name that tells what it breaks, and returns its path; "" if it was not saved. That it cannot
// be saved is no reason to keep the finding back.
func (a *app) saveTrace(dir, rule string, t *traces.Trace) string {
	if dir == "" || dir == "none" {
		return ""
	}
	path, err := traces.Save(dir, rule, t)
	if err != nil {
		a.term.note("raftcheck: the execution could not be saved: %v\n     hint: --save names another directory, --save none saves nothing", err)
		return ""
	}
	return path
}
