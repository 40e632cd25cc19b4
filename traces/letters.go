package traces

import "github.com/raftcheck/raftcheck/spec"

// letters names the messages that arrive late, so that a story can say which one it is: A for the first, B, …, Z, AA, ….
// A message is late when something else happens between its sending and its arrival.
type letters struct {
	sent    map[int][]string // by the index of the record that sends: "reply A"
	arrives map[int]string   // by the index of the record that delivers it
	trigger []int            // for each record the one that sent the message it takes, or -1
}

func lettersOf(records []Record) letters {
	trigger := triggers(records)
	all := letters{sent: map[int][]string{}, arrives: map[int]string{}, trigger: trigger}
	late := map[int][]int{} // sender's record to the records that deliver late
	for i := range records {
		if from := trigger[i]; from >= 0 && records[i].Step != nil && i > from+1 && !inOneGo(trigger, from, i) {
			late[from] = append(late[from], i)
		}
	}
	n := 0
	for from := range records {
		for _, i := range late[from] {
			name := nounOf(records[i].Step.Input.Message.Kind) + " " + letter(n)
			n++
			all.sent[from] = append(all.sent[from], name)
			all.arrives[i] = name
		}
	}
	return all
}

// inOneGo reports whether everything between a sending and an arrival is the arrival of what the same record sent.
func inOneGo(trigger []int, from, at int) bool {
	for k := from + 1; k < at; k++ {
		if trigger[k] != from {
			return false
		}
	}
	return true
}

func nounOf(kind spec.MessageKind) string {
	if kind.IsRequest() {
		return "request"
	}
	return "reply"
}

func letter(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return letter(n/26-1) + letter(n%26)
}
