package report

// History is one history of clients that was judged: linearize.
type History struct {
	Path       string   `json:"path"` // "-" for standard input
	Format     string   `json:"format"`
	Verdict    string   `json:"verdict"`
	Operations int      `json:"operations"`
	Clients    int      `json:"clients"`
	Keys       int      `json:"keys"`
	Returned   int      `json:"returned"`   // operations that returned
	Unknown    int      `json:"unknown"`    // whose clients do not know what became of them
	Pending    int      `json:"pending"`    // that never returned
	Failed     int      `json:"failed"`     // that definitely have no effect
	Concurrent int      `json:"concurrent"` // most that were under way at once, of those that returned
	Methods    []Method `json:"methods"`
	Notes      []string `json:"notes,omitempty"`     // what was taken for granted when it was read
	AlsoWrong  []string `json:"alsoWrong,omitempty"` // keys that are wrong too and not explained
	Model      string   `json:"model,omitempty"`     // what the store promises: --model; "" for strict-serializable
	Strongest  string   `json:"strongest,omitempty"` // the strongest model that surely holds, or none; "" where that is not known
	Sure       bool     `json:"sure,omitempty"`      // no stronger one holds
	Anomalies  []string `json:"anomalies,omitempty"` // what violates strict-serializable, by their usual names
}

// Method is how many keys of a history a method decided.
type Method struct {
	Name       string `json:"name"` // zones, search or porcupine
	Keys       int    `json:"keys"`
	Operations int    `json:"operations"`
	Undecided  int    `json:"undecided,omitempty"` // of the keys: not decided in time
}

// Witness is the fewest operations of a history that no order explains.
type Witness struct {
	Keys        []string    `json:"keys"`
	Of          int         `json:"of"`          // operations that were judged together with them
	Minimal     bool        `json:"minimal"`     // without any one of them the others can be ordered
	ConfirmedBy []string    `json:"confirmedBy"` // methods that find these operations wrong by themselves
	Why         []string    `json:"why"`
	Hints       []string    `json:"hints,omitempty"` // what would explain it, if the history is not what it seems
	Operations  []Operation `json:"operations"`
	Anomaly     string      `json:"anomaly,omitempty"` // its usual name, such as G-single; "" where it has none
	Model       string      `json:"model,omitempty"`   // the weakest that it violates
	Cycle       []Step      `json:"cycle,omitempty"`   // why each of some operations comes before the next, and the last before the first
	Cluster     []Moment    `json:"cluster,omitempty"` // what the cluster did meanwhile, where that was recorded too
	Orders      [][]int     `json:"-"`                 // of operations that some order explains, by their numbers, the longest first; pages show them
}

// Operation is one operation of a witness.
type Operation struct {
	Number     int    `json:"number"` // from 1; Why names operations by it
	Client     string `json:"client"`
	Text       string `json:"text"`
	Outcome    string `json:"outcome"` // returned, unknown, pending or failed
	File       string `json:"file"`
	CallLine   int    `json:"callLine"`   // from 1
	ReturnLine int    `json:"returnLine"` // from 1; 0 when it never returned
	From       int    `json:"from"`       // the place of its call among the calls and returns of these operations, from 0
	To         int    `json:"to"`         // the place of its return; 0 when it never returned
}

// Step is why one operation of a witness comes before another in every order.
type Step struct {
	Before int    `json:"before"` // number of an operation
	After  int    `json:"after"`
	Kind   string `json:"kind"` // ww, wr, rw: After overwrites what Before wrote, reads it, or overwrites what Before read; rt: Before had returned
	Key    string `json:"key,omitempty"`
	Why    string `json:"why"`
}

// Moment is something that happened in a cluster.
type Moment struct {
	Step int    `json:"step"` // number of the trace's record
	Line int    `json:"line"`
	Text string `json:"text"`
	// After is the place among the calls and returns after which it happened, from 0; -1 is before all. Pages show it.
	After int `json:"-"`
}
