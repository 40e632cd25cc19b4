package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/raftcheck/raftcheck/whole"
)

// man writes the manual pages of all verbs, for packages.
func (a *app) man() *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write the manual pages",
		Hidden: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("as in raftcheck man share/man/man1", "man needs the folder to write to")
			}
			if verb, _, err := cmd.Root().Find(args); err == nil && verb != cmd.Root() {
				return usageError("raftcheck help "+args[0]+"; for a folder of that name, raftcheck man ./"+args[0], "man writes all pages to a folder, and %q is a verb", args[0])
			}
			if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
				return usageError("as in raftcheck man share/man/man1", "man needs the folder to write to, and %q is none", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return usageError("", "%w", err)
			}
			for _, c := range append([]*cobra.Command{cmd.Root()}, cmd.Root().Commands()...) {
				if c.Hidden {
					continue
				}
				name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
				if err := whole.WriteFile(filepath.Join(args[0], name), manPage(c)); err != nil {
					return usageError("", "%w", err)
				}
			}
			return nil
		},
	}
}

// manPage is the manual page of a verb, in roff.
func manPage(c *cobra.Command) []byte {
	var b bytes.Buffer
	title := strings.ReplaceAll(c.CommandPath(), " ", "-")
	fmt.Fprintf(&b, ".TH %s 1 \"\" raftcheck \"User Commands\"\n", roff(strings.ToUpper(title)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(title), roff(c.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(c.UseLine()))
	about := c.Long
	if about == "" {
		about = c.Short
	}
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", paragraphs(about))
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(c.Example))
	}
	if flags := c.NonInheritedFlags(); flags.HasAvailableFlags() {
		b.WriteString(".SH OPTIONS\n")
		flags.VisitAll(func(f *pflag.Flag) { writeOption(&b, f) })
	}
	if c.HasParent() {
		b.WriteString(".SH SEE ALSO\n.BR raftcheck (1)\n")
		return b.Bytes()
	}
	b.WriteString(".SH VERBS\n")
	for _, verb := range c.Commands() {
		if !verb.Hidden {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(verb.Name()), roff(verb.Short))
		}
	}
	b.WriteString(".SH EXIT STATUS\n")
	for k, code := range exitCodes {
		fmt.Fprintf(&b, ".TP\n.B %d\n%s: %s\n", k, roff(code.name), roff(code.meaning))
	}
	return b.Bytes()
}

func writeOption(b *bytes.Buffer, f *pflag.Flag) {
	if f.Hidden {
		return
	}
	value, usage := pflag.UnquoteUsage(f)
	name := "--" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", " + name
	}
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR \\fI%s\\fR\n%s\n", roff(name), roff(value), roff(usage))
}

// paragraphs puts a request for a new paragraph where a text has an empty line.
func paragraphs(s string) string { return strings.ReplaceAll(roff(s), "\n\n", "\n.PP\n") }

// roff writes text so that the formatter takes none of it for a request or an escape.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for k, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[k] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
