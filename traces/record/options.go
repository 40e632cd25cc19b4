package record

import (
	"fmt"
	"hash/fnv"

	"github.com/raftcheck/raftcheck/spec"
)

// Header says whose execution is recorded. All of it may be left out.
type Header struct {
	Servers        []spec.ServerID // the whole cluster, ascending
	Implementation string          // what runs: a program's name and version
	Variants       spec.Variants   // the ways in which it declares to differ from the paper
}

// Options say how to write. The zero value writes every record at once.
type Options struct {
	// Buffer is how many bytes of records may wait before they are handed to the operating system; 0 is none. Whoever lets
	// records wait calls Flush now and then.
	Buffer int
}

// Value stands for a command without telling it: equal commands have equal values, and different ones with near certainty do not.
func Value(command []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(command)
	return fmt.Sprintf("#%016x", h.Sum64())
}
