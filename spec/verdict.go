package spec

// Verdict is the answer to "is the promise kept?".
type Verdict uint8

// The verdicts. Inconclusive is honest ignorance: a budget was spent, a goal never reached, or a record says too little.
const (
	Held Verdict = iota
	Violated
	Inconclusive
)

// String returns the verdict as reports print it.
func (v Verdict) String() string {
	return nameOf([]string{"held", "violated", "inconclusive"}, int(v))
}
