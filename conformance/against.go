package conformance

import "fmt"

// Change is a requirement whose outcome is not what an older statement says.
type Change struct {
	ID, Name string
	Was, Is  string // outcomes; "" where one of the statements does not have it
	Because  string // of what it is now
	Lost     bool   // it was met and is no longer
}

// String tells the change in a line.
func (c Change) String() string {
	or := func(outcome string) string {
		if outcome == "" {
			return "not there"
		}
		return outcome
	}
	text := fmt.Sprintf("%s %s: was %s, is %s", c.ID, c.Name, or(c.Was), or(c.Is))
	if c.Because != "" {
		text += ": " + c.Because
	}
	return text
}

// Compare lists the requirements whose outcomes differ between an older statement and a newer one, in the order of the newer, and what only the
// older has last.
func Compare(older, newer *Statement) (changes []Change) {
	was := map[string]string{}
	for _, q := range older.Requirements {
		was[q.ID] = q.Outcome
	}
	for _, q := range newer.Requirements {
		if was[q.ID] != q.Outcome {
			changes = append(changes, Change{q.ID, q.Name, was[q.ID], q.Outcome, q.Because, was[q.ID] == Met})
		}
		delete(was, q.ID)
	}
	for _, q := range older.Requirements {
		if outcome, left := was[q.ID]; left {
			changes = append(changes, Change{q.ID, q.Name, outcome, "", "", outcome == Met})
		}
	}
	return changes
}
