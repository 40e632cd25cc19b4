package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// leasts are the least values of flags that begin above 0, whichever verb has them.
var leasts = map[string]int64{"nodes": 1, "terms": 1, "messages": 1, "duplicates": 1, "values": 1, "compact": 1, "id": 1}

// belowLeast refuses a number or a time that is less than the flag can be, with what the least is. How much is too much, and whether 0 makes sense beside other flags, each verb says.
func belowLeast(cmd *cobra.Command) (wrong error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		value, counts := magnitude(f)
		if least := leasts[f.Name]; counts && value < least && wrong == nil {
			wrong = usageError("raftcheck "+cmd.Name()+" --help says what each flag means", "--%s %s: it is at least %d", f.Name, f.Value, least)
		}
	})
	return wrong
}

// magnitude is the value of a flag that takes a number, or a time in nanoseconds.
func magnitude(f *pflag.Flag) (value int64, counts bool) {
	switch f.Value.Type() {
	case "int", "int64":
		n, err := strconv.ParseInt(f.Value.String(), 10, 64)
		return n, err == nil
	case "duration":
		d, err := time.ParseDuration(f.Value.String())
		return int64(d), err == nil
	}
	return 0, false
}
