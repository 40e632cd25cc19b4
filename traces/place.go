package traces

import (
	"fmt"

	"github.com/raftcheck/raftcheck/spec"
)

// Place is one place of a recorded execution that a finding rests on.
type Place struct {
	File    string        // as the user gave it; "" for a trace made in memory
	Line    int           // 1-based; 0 for a trace made in memory
	Column  int           // 1-based, in bytes, where the telling part of the line begins; 0 is not known
	Width   int           // in bytes; 0 with Column 0
	Step    int           // the record's number
	Server  spec.ServerID // spec.None when the place is about no one server
	Role    string        // what it shows, in words: "first vote", "here"
	members []string      // the JSON members that Column may point at when the line is quoted: the first that the line has
	told    bool          // a message of that line shows it, if one is found there
	Text    string        // the line as it was written, without its line break; "" when it can no longer be read
}

// String returns "file:line" or "step N".
func (p Place) String() string {
	if p.Line > 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("step %d", p.Step)
}

// Finding is a broken rule with the places that show it, the guilty one first, in the order of Breach.Evidence.
type Finding struct {
	*spec.Breach
	Evidence []Place // shadows Breach.Evidence, with files and lines
}
