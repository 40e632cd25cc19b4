package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/raftcheck/raftcheck/report"
	"github.com/raftcheck/raftcheck/subject"
)

func publishedTopics() []topic {
	topics := make([]topic, len(subject.PublishedFaults))
	for k, f := range subject.PublishedFaults {
		topics[k] = topic{[]string{f.Name, subject.PublishedPrefix + f.Name}, f.Title, func(w io.Writer) {
			fmt.Fprintf(w, "%s\n\n%s.\n\n%s\n\n%s\n\n  %-10s %s\n  %-10s %s\n\nSee it broken:  raftcheck %s\n", f.Name, report.Sentence(f.Title), report.Wrapped(f.Story, 100),
				report.Wrapped(strings.ReplaceAll(f.Remark, "`", ""), 100), "seen", f.Source, "breaks", f.Rule, f.Command)
		}}
	}
	return topics
}
