package mutant

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed stories/*.txt
var stories embed.FS

// Story is the shortest execution known that breaks a rule.
type Story struct {
	Mutant string
	Steps  int
	Text   string // a table of its steps, and why the last one breaks the rule
}

// StoryOf returns the shortest execution known that breaks the rule with that id, and whether there is one. It is written by
//
//	go test ./impl/mutant -run TestRuleStories -update
func StoryOf(rule string) (Story, bool) {
	data, err := stories.ReadFile("stories/" + rule + ".txt")
	if err != nil {
		return Story{}, false
	}
	var s Story
	head, text, _ := strings.Cut(string(data), "\n")
	if _, err := fmt.Sscan(head, &s.Mutant, &s.Steps); err != nil {
		panic(fmt.Sprintf("stories/%s.txt: %q: %v", rule, head, err)) // it is embedded, and a test reads it
	}
	s.Text = text
	return s, true
}
