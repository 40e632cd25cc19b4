package spec

// goalSigns says, by the name of each goal, by what a search sees that it is reached.
var goalSigns = map[string]string{
	"leader-elected":             "Observation.Role becomes Leader",
	"candidate-yielded":          "Observation.Role goes from Candidate to Follower when an AppendEntries of the candidate's term is delivered",
	"vote-split":                 "Observation.Refused names who refused a Candidate its vote, and the candidate takes another Timeout, in a higher term",
	"stale-leader-stepped-down":  "Observation.Role goes from Leader to Follower in a step in which Observation.Term rises",
	"stale-term-refused":         "a request of an earlier term is answered: a Send effect to its sender, with Granted and Success false",
	"client-redirected":          "Output.Redirect names the leader when a server that does not lead is given a Propose",
	"entry-committed":            "Observation.CommitIndex of a Leader rises",
	"log-conflict-repaired":      "entries disappear from Observation.Log of a Follower when an AppendEntries is delivered",
	"crash-recovered":            "a server that was down takes a Restart, and its Observation.Term is above 0 then",
	"snapshot-installed":         "Observation.Log.Base rises when an InstallSnapshot is delivered",
	"pre-vote-won":               "Observation.Role goes from PreCandidate to Candidate",
	"lonely-leader-stepped-down": "Observation.Role goes from Leader to Follower on a Timeout, in the same term",
	"leadership-transferred":     "Observation.Role becomes Candidate when a TimeoutNow is delivered",
	"configuration-committed":    "Observation.CommitIndex of a Leader reaches an entry that holds a configuration",
	"joint-left":                 "Observation.Config.Outgoing of a Leader becomes empty in a step that appends an entry",
	"read-answered":              "an Answer effect whose Reply.Read is true",
}

// Sign says by what a search sees that the goal is reached: what the server at hand has to show, do or send.
func (g *Goal) Sign() string { return goalSigns[g.Name] }
