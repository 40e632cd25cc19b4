package contract

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode"
)

// A value that grows from one repetition to the next, by no more than a few seconds in any unit of a clock, is taken for a time.

// times reports whether what repetitions made of the same inputs, in their order, differs in something that looks like a clock.
func times(texts []string) bool { return growing(numbers(texts)) || growing(words(texts)) }

// repetitions is how many are compared: that a random number grows so often by chance is unlikely.
const repetitions = 6

// nearby is how much two readings of a clock may differ, in nanoseconds.
const nearby = 60e9

func growing(values []uint64) bool {
	if len(values) < repetitions {
		return false
	}
	for k := 1; k < len(values); k++ {
		if values[k] <= values[k-1] {
			return false
		}
	}
	return values[len(values)-1]-values[0] < nearby && values[0] > math.MaxInt16
}

// numbers reads, in each text, the decimal number in which they first differ.
func numbers(texts []string) (values []uint64) {
	at := firstDifference(texts)
	for _, t := range texts {
		from, to := min(at, len(t)), min(at, len(t))
		for from > 0 && unicode.IsDigit(rune(t[from-1])) {
			from--
		}
		for to < len(t) && unicode.IsDigit(rune(t[to])) {
			to++
		}
		n, err := strconv.ParseUint(t[from:to], 10, 64)
		if err != nil {
			return nil
		}
		values = append(values, n)
	}
	return values
}

// words reads, in each text, eight bytes around where they first differ: those of a number that was written in binary.
func words(texts []string) []uint64 {
	at := firstDifference(texts)
	for from := max(0, at-7); from <= at; from++ {
		for _, order := range []binary.ByteOrder{binary.BigEndian, binary.LittleEndian} {
			var values []uint64
			for _, t := range texts {
				if from+8 <= len(t) {
					values = append(values, order.Uint64([]byte(t[from:from+8])))
				}
			}
			if len(values) == len(texts) && growing(values) {
				return values
			}
		}
	}
	return nil
}

func firstDifference(texts []string) int {
	at := len(texts[0])
	for _, t := range texts[1:] {
		k := 0
		for k < min(len(t), at) && t[k] == texts[0][k] {
			k++
		}
		at = min(at, k)
	}
	return at
}
