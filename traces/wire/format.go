package wire

// FormatName and FormatVersion are what the first line of a trace calls the format.
const (
	FormatName    = "raftcheck-trace"
	FormatVersion = 1
)
