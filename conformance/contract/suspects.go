package contract

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
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

// numbers reads, in each text, the decimal number in which they first differ, or the time of day, in units of 10⁻⁹.
func numbers(texts []string) (values []uint64) {
	at := firstDifference(texts)
	for _, t := range texts {
		from, to := min(at, len(t)), min(at, len(t))
		for from > 0 && numeral(t, from-1) {
			from--
		}
		for to < len(t) && numeral(t, to) {
			to++
		}
		n, err := nanos(t[from:to])
		if err != nil {
			return nil
		}
		values = append(values, n)
	}
	return values
}

// numeral reports whether a byte of a text belongs to a number or a time: a digit, or a mark between two of them.
func numeral(t string, k int) bool {
	digit := func(k int) bool { return k >= 0 && k < len(t) && unicode.IsDigit(rune(t[k])) }
	return digit(k) || strings.IndexByte(".:-T ", t[k]) >= 0 && digit(k-1) && digit(k+1)
}

// nanos reads a number or a time: the last digits of it before the point if there is one, and nine behind it.
func nanos(text string) (uint64, error) {
	whole, fraction, pointed := text, "", false
	if k := strings.LastIndexByte(text, '.'); k >= 0 {
		whole, fraction, pointed = text[:k], text[k+1:], true
	}
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, whole)
	if !pointed {
		return strconv.ParseUint(digits[max(0, len(digits)-19):], 10, 64)
	}
	return strconv.ParseUint(digits[max(0, len(digits)-10):]+(fraction + "000000000")[:9], 10, 64)
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
