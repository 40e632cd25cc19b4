package checker

import (
	"github.com/raftcheck/raftcheck/checker/external"
	"github.com/raftcheck/raftcheck/cluster"
)

// A search in files tells states apart by 128 bits: the fingerprint, and a second sum over the same parts whose hashes are mixed first,
// so that states whose fingerprints are equal by chance differ in it. With renamings it is taken under the one that gives the fingerprint.

// keyOf returns the key of a state with that fingerprint.
func (x *expander) keyOf(state []uint32, fp uint64) external.Key {
	k := external.Key{A: fp}
	if len(x.names) == 1 {
		k.B = x.secondSum(state, 0)
	} else {
		x.fingerprints(state, x.all)
		k.B = ^uint64(0)
		for p, under := range x.all {
			if under == fp {
				k.B = min(k.B, x.secondSum(state, p))
			}
		}
	}
	if k == (external.Key{}) {
		k.B = 1
	}
	return k
}

func (x *expander) secondSum(state []uint32, p int) uint64 {
	n := len(x.names)
	sum := mixed(hashSpent(cluster.Spent(state[x.spent()]))) + mixed(x.historyHash[int(state[x.history()])*n+p])
	for _, s := range state[:x.size] {
		sum += mixed(x.serverHash[int(s)*n+p])
	}
	place := 0
	messages := state[x.network():]
	for k, id := range messages {
		if id == 0 {
			break
		}
		hash := x.messageHash[int(id)*n+p]
		if x.fifo {
			place = x.behind(messages, k, place)
			hash = queued(hash, place)
		}
		sum += mixed(hash)
	}
	return sum
}

// mixed turns a hash into another, one to one and so that sums of these say nothing of sums of those (the finisher of splitmix64).
func mixed(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
