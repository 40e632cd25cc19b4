package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/report"
)

// app is what every verb shares.
type app struct {
	args  []string        // what was typed
	ctx   context.Context // of the run: it ends when the user wants it to
	stdin io.Reader       // standard input, to tell which file it is
	in    io.Reader       // the same, to be read: it ends with ctx
	term  *terminal
	files files
	trust bool // --trust
	env   func(string) (string, bool)
	// environ is the whole environment, as os.Environ returns it: to tell what nobody looks up.
	environ []string

	known *known // what is accepted of what this run finds; nil for nothing
	inGate
}

// inGate is what a run knows that is one of a gate's checks.
type inGate struct {
	keep     func(*report.Report) // gets its report; nil outside a gate
	accepted []report.Known
	day      string // on which dates are judged; "" is today
	all      bool   // accept whatever is found
	draws    bool   // what is in files is drawn: reports hold it
}

// newRoot makes the command line: the verbs, and the flags that all of them have.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "raftcheck VERB",
		Short: "Does this Raft keep Raft's promises? If not, here is the shortest story that shows it.",
		Long: `raftcheck searches every execution of a Raft up to a bound, and judges recorded traces of real clusters,
by one rulebook: the promises of the Raft paper.

New here?    raftcheck demo
Your trace?  raftcheck verify TRACE...
Exit codes:  0 held, 1 violated, 2 usage, 3 inconclusive, 4 input, 5 fault (raftcheck explain exit-codes)

Every flag can also be given as an environment variable: --nodes 3 is RAFTCHECK_NODES=3.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          a.runRoot,
	}
	root.SetOut(a.term.out) // before completion is made: its verbs write to what is set then
	root.SetUsageTemplate(fmt.Sprintf(usageTemplate, a.flagWidth()))
	tell := root.HelpFunc()
	root.SetHelpFunc(func(cmd *cobra.Command, args []string) {
		a.term.tell(func(w io.Writer) {
			cmd.SetOut(w)
			tell(cmd, args)
		})
	})
	root.SetHelpCommand(help())
	colour := root.PersistentFlags().String("color", "auto", "colour the output: auto, always or never")
	progress := root.PersistentFlags().String("progress", "auto", "show progress on stderr: auto, always or never")
	root.PersistentFlags().BoolVar(&a.term.style.Verbose, "verbose", false, "tell in full what a story otherwise counts: the messages that are lost")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if a.ctx == nil {
			a.ctx = cmd.Context()
		}
		if !cmd.Hidden {
			a.misspelt(root)
		}
		if err := emptyValues(cmd); err != nil {
			return err
		}
		if err := flagsFromEnvironment(cmd, a.env); err != nil {
			return err
		}
		if err := belowLeast(cmd); err != nil {
			return err
		}
		return errors.Join(a.term.setColour(*colour), a.term.setProgress(*progress))
	}
	root.SetFlagErrorFunc(a.flagError)
	for _, verb := range a.verbs() {
		root.AddCommand(verb)
	}
	root.InitDefaultCompletionCmd()
	knowsItsShells(root)
	return root
}

// knowsItsShells makes completion refuse the name of a shell that it does not know, as a usage error.
func knowsItsShells(root *cobra.Command) {
	completion, _, err := root.Find([]string{"completion"})
	if err != nil {
		panic("cobra has completion: " + err.Error())
	}
	completion.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usageError("one of "+strings.Join(verbNames(completion), ", "), "no completion for the shell %q", args[0])
	}
	for _, shell := range completion.Commands() {
		shell.Args = noArguments
	}
	completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// verbs lists the verbs in the order of their help.
func (a *app) verbs() []*cobra.Command {
	return []*cobra.Command{a.check(), a.fuzz(), a.conform(), a.adapt(), a.merge(), a.diff(), a.run(), a.runServer(), a.simulate(), a.verify(), a.join(), a.linearize(), a.replay(), a.shrink(), a.show(), a.browse(), a.gate(), a.explain(), a.demo(), a.version(), a.man()}
}

// flagWidth is how wide the help of flags is.
func (a *app) flagWidth() int {
	if w := a.term.style.Width; w > 0 {
		return min(w, 110)
	}
	return 110
}

// usageTemplate is how help lists verbs and flags.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} VERB [flags]{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Verbs:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsagesWrapped %[1]d | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every verb:
{{.InheritedFlags.FlagUsagesWrapped %[1]d | trimTrailingWhitespaces}}{{end}}
`

// help shows the help of a verb.
func help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [VERB]",
		Short: "Show what a verb does and its flags",
		RunE: func(cmd *cobra.Command, args []string) error {
			verb, rest, err := cmd.Root().Find(args)
			switch {
			case err != nil || verb == cmd.Root() && len(rest) > 0:
				return unknownVerb(cmd.Root(), args[0])
			case len(rest) > 0:
				return usageError(verb.CommandPath()+" --help", "%s has no verb %q", verb.CommandPath(), rest[0])
			}
			verb.InitDefaultHelpFlag()
			return verb.Help()
		},
	}
}

// runRoot runs when no verb was recognised.
func (a *app) runRoot(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return unknownVerb(cmd, args[0])
}

func unknownVerb(root *cobra.Command, typed string) error {
	hint := cmp.Or(taking(typed, root.Flags()), "raftcheck --help lists the verbs")
	return usageError(didYouMean(typed, verbNames(root), hint), "unknown verb %q", typed)
}

func verbNames(of *cobra.Command) (names []string) {
	for _, verb := range of.Commands() {
		names = append(names, verb.Name())
	}
	return names
}

// flagError says what is wrong with a flag, and which one may have been meant.
func (a *app) flagError(cmd *cobra.Command, err error) error {
	help := fmt.Sprintf("%s --help lists the flags", cmd.CommandPath())
	if !cmd.HasParent() && len(a.args) > 0 && !strings.HasPrefix(a.args[0], "-") {
		return unknownVerb(cmd, a.args[0])
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if invalid.GetFlag().Value.Type() == "duration" {
			return usageError("with its unit, as in 30s, 10m or 1h30m", "invalid value %q for --%s: it is a time", invalid.GetValue(), invalid.GetFlag().Name)
		}
		return usageError(help, "invalid value %q for --%s: %w", invalid.GetValue(), invalid.GetFlag().Name, plain(errors.Unwrap(invalid)))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usageError(help, "%w", err)
	}
	name := unknown.GetSpecifiedName()
	if shorthands := unknown.GetSpecifiedShortnames(); shorthands != "" {
		return usageError(cmp.Or(havingFlag(cmd, name), help), "unknown flag %q", "-"+name)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return usageError(cmp.Or(havingFlag(cmd, name), didYouMean("--"+name, names, help)), "unknown flag %q", "--"+name)
}

// havingFlag says which other verbs have a flag of that name, or of that letter; "" if none has.
func havingFlag(cmd *cobra.Command, name string) string {
	var verbs []string
	spelt := "-" + name
	for _, verb := range cmd.Root().Commands() {
		f := verb.Flags().Lookup(name)
		if f != nil {
			spelt = "--" + name
		} else if len(name) == 1 {
			f = verb.Flags().ShorthandLookup(name)
		}
		if f != nil && !verb.Hidden && verb != cmd {
			verbs = append(verbs, verb.Name())
		}
	}
	switch len(verbs) {
	case 0:
		return ""
	case 1:
		return "only " + verbs[0] + " has " + spelt
	}
	last := len(verbs) - 1
	return spelt + " is a flag of " + strings.Join(verbs[:last], ", ") + " and " + verbs[last]
}

// emptyValues refuses a name or a list that was given and is empty, as of a variable of the shell that is not set: it would count as none given,
// and mean all, or nothing to compare with.
func emptyValues(cmd *cobra.Command) (wrong error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		list, isList := f.Value.(pflag.SliceValue)
		if isList && (len(list.GetSlice()) == 0 || slices.Contains(list.GetSlice(), "")) || f.Value.Type() == "string" && f.Value.String() == "" {
			wrong = usageError("leave it out, or say which", "--%s names nothing", f.Name)
		}
	})
	return wrong
}

// plain says in words what the standard library's parsers say of a number or a truth value.
func plain(err error) error {
	var number *strconv.NumError
	switch {
	case err == nil || !errors.As(err, &number):
		return err
	case number.Func == "ParseBool":
		return errors.New("it is true or false")
	case errors.Is(err, strconv.ErrRange):
		return errors.New("it is too large")
	case number.Func == "ParseUint":
		return errors.New("it is a whole number, at least 0")
	}
	return errors.New("it is a whole number")
}

// flagsFromEnvironment sets every flag that was not typed from its variable: --expect-states from RAFTCHECK_EXPECT_STATES.
// An empty variable counts as none.
func flagsFromEnvironment(cmd *cobra.Command, env func(string) (string, bool)) error {
	var wrong error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, set := env(variableOf(f.Name))
		if f.Changed || !set || value == "" || wrong != nil || f.Name == "help" {
			return
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			var invalid *pflag.InvalidValueError
			if errors.As(err, &invalid) {
				err = errors.Unwrap(invalid)
			}
			wrong = usageError("", "invalid value %q of %s: %w", value, variableOf(f.Name), plain(err))
		}
	})
	return wrong
}

// misspelt tells of variables that look like a flag's and are none's: they would be passed over without a word.
func (a *app) misspelt(root *cobra.Command) {
	var all []string
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) { all = append(all, variableOf(f.Name)) })
	for _, verb := range root.Commands() {
		verb.LocalFlags().VisitAll(func(f *pflag.Flag) { all = append(all, variableOf(f.Name)) })
	}
	for _, assignment := range a.environ {
		name, value, _ := strings.Cut(assignment, "=")
		if strings.HasPrefix(name, "RAFTCHECK_") && value != "" && !slices.Contains(all, name) && !slices.Contains(ownVariables, name) {
			a.term.note("raftcheck: no verb has a flag for the variable %s\n     hint: %s", name, didYouMean(name, all, "raftcheck VERB --help lists the flags"))
		}
	}
}

// ownVariables are no flags: where raftcheck's source is, and what its own tests go by.
var ownVariables = []string{"RAFTCHECK_SOURCE", "RAFTCHECK_SAMPLES"}

func variableOf(flag string) string {
	return "RAFTCHECK_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}
