package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/spec"
	"github.com/raftcheck/raftcheck/traces"
	"github.com/raftcheck/raftcheck/traces/mapped"
)

// reading is how traces are read: the flags of the verbs that read them in any format.
type reading struct {
	format   string
	mapping  string
	lenient  bool
	declared declared

	options traces.Options
	by      *mapped.Mapping // of --map; nil without
}

// addTo adds the flags to a verb.
func (r *reading) addTo(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&r.format, "format", "auto", "the traces' `format`: "+strings.Join(formats, ", "))
	flags.StringVar(&r.mapping, "map", "", "read logs of your own by the mapping in `FILE`: docs/verify-your-log.md")
	flags.BoolVar(&r.lenient, "lenient", false, "pass over events and messages of kinds that are not known, in place of refusing the trace")
	r.declared.addTo(flags)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("variant", cobra.FixedCompletions(spec.EveryVariant.Names(), cobra.ShellCompDirectiveNoFileComp))
}

// begin looks at the flags, and reads the mapping.
func (r *reading) begin(a *app) error {
	if !slices.Contains(formats, r.format) {
		return usageError(didYouMean(r.format, formats, "one of "+strings.Join(formats, ", ")), "unknown trace format %q", r.format)
	}
	if r.mapping != "" && r.format != "auto" {
		return usageError("leave --format out", "--map says how a log is read, and so does --format %s", r.format)
	}
	r.options = traces.Options{Lenient: r.lenient}
	variants, err := r.declared.variants()
	if err != nil {
		return err
	}
	r.options.Variants = variants
	if r.mapping == "" {
		return nil
	}
	if err := a.reads(r.mapping); err != nil {
		return err
	}
	if r.by, err = mapped.ReadMapping(r.mapping); err != nil {
		return a.orAnother(asFailure(err), r.mapping, "map", "a mapping of a log to a trace")
	}
	return nil
}
