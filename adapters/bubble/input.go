package bubble

import (
	"encoding/binary"

	"github.com/raftcheck/raftcheck/spec"
)

// appendInput appends all of an input, so that different inputs give different bytes.
func appendInput(b []byte, in *spec.Input) []byte {
	b = append(b, byte(in.Kind), flag(in.Lossy), flag(in.Change.Joint))
	b = appendNumbers(b, uint64(in.Peer), uint64(in.Cut))
	b = appendTexts(b, in.Value, in.Change.Voters, in.Change.Learners)
	if in.Kind != spec.Deliver {
		return b
	}
	m := &in.Message
	b = append(b, byte(m.Kind), flag(m.Granted), flag(m.Success))
	b = appendNumbers(b, uint64(m.Unknown), uint64(m.From), uint64(m.To), uint64(m.Term), uint64(m.LastLogIndex), uint64(m.LastLogTerm),
		uint64(m.PrevLogIndex), uint64(m.PrevLogTerm), uint64(m.LeaderCommit),
		uint64(m.MatchIndex), uint64(m.ConflictIndex), uint64(m.ConflictTerm), uint64(len(m.Entries)))
	for _, e := range m.Entries {
		b = appendTexts(appendNumbers(append(b, byte(e.Kind)), uint64(e.Term)), e.Value)
	}
	return appendTexts(b, m.Payload)
}

func flag(on bool) byte {
	if on {
		return 1
	}
	return 0
}

func appendNumbers(b []byte, all ...uint64) []byte {
	for _, n := range all {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func appendTexts(b []byte, all ...string) []byte {
	for _, s := range all {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}
