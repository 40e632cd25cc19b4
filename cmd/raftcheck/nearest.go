package main

import (
	"fmt"

	"github.com/raftcheck/raftcheck/internal/nearest"
)

// didYouMean suggests the known name that is nearest to what was typed or begins with it, or gives the fallback hint.
func didYouMean(typed string, known []string, fallback string) string {
	if name := nearest.To(typed, known); name != "" {
		return fmt.Sprintf("did you mean %q?", name)
	}
	return fallback
}
