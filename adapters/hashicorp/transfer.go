package hashicorp

import (
	"encoding/binary"
	"reflect"
	"testing/synctest"

	"github.com/hashicorp/raft"

	"github.com/raftcheck/raftcheck/adapters/statekey"
	"github.com/raftcheck/raftcheck/spec"
)

// handover is a transfer of leadership that a leader works on. The library keeps it in a goroutine, which first has everything sent to
// the server that is to lead, again and again, and then tells it to campaign.
type handover struct {
	to   spec.ServerID // spec.None is no transfer
	told bool          // it was told to campaign
}

// transfer asks a leader to hand over. It returns false if the library does not begin to, as while another transfer is in progress.
func (s *server) transfer(to spec.ServerID) bool {
	if s.handing() {
		return false
	}
	s.raft.LeadershipTransferToServer(raft.ServerID(nameFor(to)), raft.ServerAddress(nameFor(to)))
	synctest.Wait()
	if r := s.replication(to); r != nil {
		once(r)
	}
	return s.handing()
}

// handing reports whether a transfer is in progress.
func (s *server) handing() bool {
	flag, ok := statekey.Find[int32](s.raft, "leaderState.leadershipTransferInProgress")
	if !ok {
		panic("this version of the library has no leadershipTransferInProgress")
	}
	return *flag == 1
}

// follow notes how far a transfer has come. A second one is refused while the first lasts.
func (s *server) follow(in *spec.Input) {
	if !s.handing() {
		s.handover = handover{}
		return
	}
	if s.handover.to == spec.None {
		s.handover.to = in.Peer
	}
	for _, e := range s.steps.effects {
		s.handover.told = s.handover.told || e.Kind == spec.Send && e.Message.Kind == spec.TimeoutNow
	}
}

// asked reports whether the goroutine of a transfer still waits for the one that sends entries to take its order.
func asked(replication any) bool {
	return reflect.ValueOf(replication).Elem().FieldByName("triggerDeferErrorCh").Len() > 0
}

// once takes back the order to send to a follower what it lacks if a transfer has given the same order. Which of them the library took first
// would be up to chance.
func once(replication any) {
	if ch, ok := statekey.Find[chan struct{}](replication, "triggerCh"); ok && asked(replication) {
		select {
		case <-*ch:
		default:
		}
	}
}

// append appends how far the transfer has come: it decides what the reply to a request that is out leads to.
func (h *handover) append(b []byte, s *server) []byte {
	if h.to == spec.None {
		return b
	}
	b = append(binary.AppendUvarint(append(b, '^'), uint64(h.to)), boolByte(h.told))
	if r := s.replication(h.to); r != nil {
		b = append(b, boolByte(asked(r)))
	}
	return b
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}
