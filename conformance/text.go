package conformance

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Text writes the statement for people to read: what is broken with its story, what was met and how, and what was not tried and why.
func (s *Statement) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, s.Headline())
	for _, why := range s.Because {
		fmt.Fprintf(&b, "     %s\n", why)
	}
	fmt.Fprintf(&b, "     %s\n", s.Counts.String())
	if len(s.Variants) > 0 {
		fmt.Fprintf(&b, "     declares %s\n", strings.Join(s.Variants, ", "))
	}
	s.adapterText(&b)
	for k := range s.Requirements {
		if q := &s.Requirements[k]; q.Outcome == Broken {
			fmt.Fprintf(&b, "\nbroken  %s %s: %s\n        %s\n\n", q.ID, q.Name, q.Because, q.Sentence)
			for _, line := range q.Story {
				fmt.Fprintln(&b, strings.TrimRight(line, " "))
			}
		}
	}
	fmt.Fprintf(&b, "\nRequirements:\n")
	for k := range s.Requirements {
		q := &s.Requirements[k]
		how := q.Because
		if q.Outcome == Met {
			how = q.how()
		}
		fmt.Fprintf(&b, "  %-17s %-9s %-28s %s\n", q.Outcome, q.ID, q.Name, how)
	}
	fmt.Fprintf(&b, "\nWorlds:\n")
	for _, r := range s.Worlds {
		fmt.Fprintf(&b, "  %-20s %s\n", r.Name, r.told())
	}
	if c := s.Campaign; c != nil {
		fmt.Fprintf(&b, "  %-20s %s random executions, %s steps, seed %d\n", campaignName, count(c.Runs), count(c.Steps), c.Seed)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Headline is the verdict in a line.
func (s *Statement) Headline() string {
	mark := map[string]string{Conforming: "ok  ", NotConforming: "FAIL", Inconclusive: "????"}[s.Verdict]
	return fmt.Sprintf("%s %s is %s at level %s (%s)", mark, s.Implementation, s.Verdict, s.Level, strings.Join(s.Profiles, ", "))
}

// String tells the counts in words.
func (c Counts) String() string {
	return fmt.Sprintf("%d requirements: %d met, %d broken, %d allowed otherwise, %d not applicable, %d not exercised",
		c.Met+c.Broken+c.AllowedOtherwise+c.NotApplicable+c.NotExercised, c.Met, c.Broken, c.AllowedOtherwise, c.NotApplicable, c.NotExercised)
}

func (s *Statement) adapterText(b *strings.Builder) {
	met, untried := 0, ""
	for _, c := range s.Adapter.Checks {
		switch c.Outcome {
		case Met:
			met++
		case NotExercised:
			untried += ", " + c.Name + " not exercised"
		case Broken:
			fmt.Fprintf(b, "\nadapter  %s: %s\n", c.Name, c.Message)
			for _, line := range c.Story {
				fmt.Fprintf(b, "  %s\n", line)
			}
		}
	}
	fmt.Fprintf(b, "     adapter: %d of %d checks met%s, %s inputs\n", met, len(s.Adapter.Checks), untried, count(s.Adapter.Inputs))
}

// how tells what a requirement was met by.
func (q *Requirement) how() string {
	var ways []string
	if d := q.Directed; d != nil && d.Met > 0 {
		ways = append(ways, fmt.Sprintf("%d of %s", d.Met, some(d.Scenarios, "scenario")))
	}
	if q.Steps > 0 {
		ways = append(ways, fmt.Sprintf("%s steps, %s", count(q.Steps), some(len(q.Worlds), "world")))
	}
	text := strings.Join(ways, "; ")
	if len(q.Variants) > 0 {
		text += ", as " + strings.Join(q.Variants, ", ") + " allows"
	}
	return text
}

func (r *WorldResult) told() string {
	if r.Left != "" {
		return "left out: " + r.Left
	}
	extent := "all of them"
	if !r.Complete {
		extent = "a part"
	}
	text := fmt.Sprintf("%s states (%s), depth %d: %s", count(r.States), extent, r.Depth, r.About)
	if len(r.Broken) > 0 {
		text += "; broken: " + strings.Join(r.Broken, ", ")
	}
	return text
}

func some(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func count[N int | uint64](n N) string {
	text := strconv.FormatUint(uint64(n), 10)
	for k := len(text) - 3; k > 0; k -= 3 {
		text = text[:k] + "," + text[k:]
	}
	return text
}

// Markdown writes the statement as a section of a document.
func (s *Statement) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n**%s** at level %s: %s.\n\n", s.Implementation, s.Verdict, s.Level, s.Counts)
	for _, why := range s.Because {
		fmt.Fprintf(&b, "%s\n\n", why)
	}
	if len(s.Variants) > 0 {
		fmt.Fprintf(&b, "Declares `%s`. ", strings.Join(s.Variants, "`, `"))
	}
	fmt.Fprintf(&b, "Profiles: %s. Suite %s, seed %d.\n\n| outcome | requirement | how |\n|---|---|---|\n", strings.Join(s.Profiles, ", "), s.Suite, s.Seed)
	for k := range s.Requirements {
		q := &s.Requirements[k]
		how := q.Because
		if q.Outcome == Met {
			how = q.how()
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s |\n", q.Outcome, q.ID, q.Name, strings.ReplaceAll(how, "|", "\\|"))
	}
	fmt.Fprintf(&b, "\n| world | what came of it |\n|---|---|\n")
	for _, r := range s.Worlds {
		fmt.Fprintf(&b, "| %s | %s |\n", r.Name, r.told())
	}
	if c := s.Campaign; c != nil {
		fmt.Fprintf(&b, "| %s | %s random executions, %s steps |\n", campaignName, count(c.Runs), count(c.Steps))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
