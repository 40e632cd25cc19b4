package fuzz

import "math/bits"

// dice is the chance of one run: a SplitMix64 sequence, which is cheap to begin anew for every run.
type dice struct{ state uint64 }

// diceOf returns the chance of a run of a campaign.
func diceOf(seed, run uint64) *dice {
	d := &dice{seed}
	d.state = d.next() ^ run*0xd1342543de82ef95
	d.next()
	return d
}

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	return mix(d.state)
}

// mix spreads the bits of a number over all of it.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number of 0 … n-1; n is at least 1.
func (d *dice) below(n int) int {
	high, _ := bits.Mul64(d.next(), uint64(n))
	return int(high)
}

// between returns a number of low … high.
func (d *dice) between(low, high int) int { return low + d.below(high-low+1) }

// oneIn reports true with a chance of 1 in n.
func (d *dice) oneIn(n int) bool { return d.below(n) == 0 }

// pick returns one of a list that is not empty.
func pick[T any](d *dice, list []T) T { return list[d.below(len(list))] }
