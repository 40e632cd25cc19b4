package linearizability

// Memory is estimated before it is taken, from the size of a part alone, so that the same history always gives the same answer. The numbers
// are those of BenchmarkTransactions, rounded up.
const (
	bytesOfOperation = 120 // of the history
	bytesOfAction    = 90  // of the history, without values
	graphOfOperation = 500 // of the graph of transactions and what is derived from it
	graphOfAction    = 600 // likewise
	zonesOfOperation = 250 // of the log-linear test of one key
	searchOfKey      = 8   // of each state that a search remembers
	searchOfState    = 64  // likewise
	leastPorcupine   = 1 << 26
	sweepBytes       = 1 << 30 // that a sweep may take
)

// size returns about how many bytes the history takes, without the values that were read, which share memory.
func (h *History) size() int {
	total := 0
	for k := range h.Operations {
		total += bytesOfOperation + bytesOfAction*len(h.Operations[k].Do)
		for n := range h.Operations[k].Do {
			if a := &h.Operations[k].Do[n]; a.Kind != Read {
				total += len(a.Value)
			}
		}
	}
	return total
}

// needed returns about how many bytes it takes to decide a part, beside the history.
func needed(h *History, p *part, m Model) int {
	if m == StrictSerializable && !joins(h, p) {
		return zonesOfOperation * len(p.ops)
	}
	total := 0
	for _, k := range p.ops {
		total += graphOfOperation + graphOfAction*len(h.Operations[k].Do)
	}
	return total
}

// porcupineBytes is how much memory porcupine may take for what it has tried.
func (d *decision) porcupineBytes() int {
	if d.options.Memory <= 0 {
		return maxPorcupineBytes
	}
	return min(maxPorcupineBytes, max(d.options.Memory/2, leastPorcupine))
}
