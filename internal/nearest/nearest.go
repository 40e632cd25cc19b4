// Package nearest guesses which of the names that exist was meant by one that does not.
package nearest

import (
	"fmt"
	"math"
	"strings"
)

// To returns the known name that is nearest to what was typed, of those that begin with it if any do; "" if none is near.
func To(typed string, known []string) string {
	if begins := beginning(typed, known); len(typed) > 2 && len(begins) > 0 {
		return closest(typed, begins, math.MaxInt)
	}
	return closest(typed, known, len(typed)/2)
}

// Hint suggests the known name that is nearest to what was typed or begins with it, or gives the fallback.
func Hint(typed string, known []string, fallback string) string {
	if name := To(typed, known); name != "" {
		return fmt.Sprintf("did you mean %q?", name)
	}
	return fallback
}

func beginning(typed string, known []string) (begins []string) {
	for _, name := range known {
		if strings.HasPrefix(name, typed) {
			begins = append(begins, name)
		}
	}
	return begins
}

// closest returns the first of the names that are the fewest letters away, of those at most so many away; "" if there is none.
func closest(typed string, known []string, away int) (best string) {
	for _, name := range known {
		if max(len(name)-len(typed), len(typed)-len(name)) > away {
			continue
		}
		if d := editDistance(typed, name); d <= away {
			best, away = name, d-1
		}
	}
	return best
}

// editDistance counts the letters to insert, delete, replace or swap with a neighbour to turn a into b.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
