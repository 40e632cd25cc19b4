package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/raftcheck/raftcheck/cluster"
)

// faultNames lists the faults of --faults in the order in which reports print them.
var faultNames = []string{"drop", "duplicate", "crash", "lossy-crash", "storage-error", "partition"}

// faultList is the value of --faults: names with a comma between them, each with an optional budget, as in drop,crash=2.
type faultList struct {
	cluster.Faults
}

// Set parses the list. "none" is the empty list.
func (l *faultList) Set(text string) error {
	l.Faults = cluster.Faults{}
	if text == "none" {
		return nil
	}
	for item := range strings.SplitSeq(text, ",") {
		name, times, counted := strings.Cut(strings.TrimSpace(item), "=")
		budget := cluster.Unlimited
		if counted {
			n, err := strconv.Atoi(times)
			if err != nil || n < 1 || n > cluster.MaxBudget {
				return fmt.Errorf("%q may happen 1 to %d times in one execution, not %q", name, cluster.MaxBudget, times)
			}
			budget = cluster.Budget(n)
		}
		if !l.add(name, budget) {
			return fmt.Errorf("unknown fault %q; %s", name, didYouMean(name, faultNames, "none, or some of "+strings.Join(faultNames, ", ")))
		}
	}
	return nil
}

func (l *faultList) add(name string, budget cluster.Budget) bool {
	switch name {
	case "drop":
		l.Drop = budget
	case "duplicate":
		l.Duplicate = budget
	case "crash":
		l.Crash = budget
	case "lossy-crash":
		l.Crash, l.Lossy = budget, true
	case "storage-error":
		l.Storage = budget
	case "partition":
		l.Partition = budget
	default:
		return false
	}
	return true
}

// Type names the value in help texts.
func (l *faultList) Type() string { return "list" }

// String returns the list as Set reads it.
func (l *faultList) String() string { return strings.Join(faultWords(l.Faults), ",") }

// faultWords lists the faults that are on, each as Set reads it.
func faultWords(f cluster.Faults) []string {
	var words []string
	for _, b := range []struct {
		name   string
		budget cluster.Budget
	}{{"drop", f.Drop}, {"duplicate", f.Duplicate}, {"crash", f.Crash}, {"storage-error", f.Storage}, {"partition", f.Partition}} {
		if b.name == "crash" && f.Lossy {
			b.name = "lossy-crash"
		}
		switch {
		case b.budget == cluster.Unlimited:
			words = append(words, b.name)
		case b.budget > 0:
			words = append(words, fmt.Sprintf("%s=%d", b.name, b.budget))
		}
	}
	return words
}
