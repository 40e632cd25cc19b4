package main

import (
	"cmp"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/raftcheck/raftcheck/internal/built"
)

// version says which raftcheck this is, from which commit, and of what it is made.
func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit, and the modules with their checksums",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			info, known := debug.ReadBuildInfo()
			a.term.say("raftcheck %s %s %s/%s\n", built.Version(info, known), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			if known {
				a.term.tellBuild(info)
			}
			return nil
		},
	}
}

// tellBuild prints what a build says of itself: the commit, if it was built in a repository, and every module as go.sum has it.
func (t *terminal) tellBuild(info *debug.BuildInfo) {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if commit := settings["vcs.revision"]; commit != "" {
		if settings["vcs.modified"] == "true" {
			commit += ", with changes"
		}
		t.say("commit  %s  %s\n", commit, settings["vcs.time"])
	}
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Replace != nil {
			m = m.Replace
		}
		t.say("module  %s %s %s\n", m.Path, m.Version, cmp.Or(m.Sum, "(no checksum: built from source at hand)"))
	}
}

// noArguments refuses anything but flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		hint := cmp.Or(taking(args[0], cmd.Flags()), cmd.CommandPath()+" --help shows how to call it")
		if verb, _, err := cmd.Root().Find(args[:1]); err == nil && verb != cmd.Root() {
			hint = "raftcheck help " + args[0] + ", or raftcheck " + args[0]
		}
		return usageError(hint, "%s takes no argument, not %q", strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), args[0])
	}
	return nil
}
