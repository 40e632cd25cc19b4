package linearizability

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
)

// appendUvarint is the encoding of a length.
func appendUvarint(dst []byte, n uint64) []byte { return binary.AppendUvarint(dst, n) }

// appendNumber appends a word of EDN; a number in the form in which Clojure prints it, so that equal ones are written alike. Whole numbers
// are equal however large they may become (1, 1N, 01, 0x1, 2r1), as are floating point numbers (1.0, 1e0), and decimals (1M, 1.0M), each
// among themselves only.
func appendNumber(dst, word []byte) []byte {
	if plainNumber(word) {
		return append(dst, word...)
	}
	digits := word
	if len(digits) > 0 && (digits[0] == '+' || digits[0] == '-') {
		digits = digits[1:]
	}
	if len(digits) == 0 || digits[0] < '0' || digits[0] > '9' {
		return append(dst, word...) // no number
	}
	return append(dst, canonical(string(word))...)
}

// plainNumber reports whether a word is a whole number as it is printed.
func plainNumber(word []byte) bool {
	if len(word) == 0 || word[0] == '0' && len(word) > 1 {
		return false
	}
	for _, c := range word {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// canonical is the one form of a number; the word itself if it is none.
func canonical(word string) string {
	if n, isWhole := whole(strings.TrimSuffix(word, "N")); isWhole {
		return n.String()
	}
	if above, below, isRatio := strings.Cut(word, "/"); isRatio {
		a, ok := whole(above)
		b, isToo := whole(below)
		if !ok || !isToo || b.Sign() <= 0 {
			return word
		}
		return new(big.Rat).SetFrac(a, b).RatString()
	}
	if decimal, isDecimal := strings.CutSuffix(word, "M"); isDecimal {
		return canonicalDecimal(decimal, word)
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || strings.ContainsAny(word, "xXpP_") {
		return word
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eI") {
		s += ".0"
	}
	return s
}

// whole reads a whole number in any of Clojure's notations.
func whole(word string) (*big.Int, bool) {
	sign, digits := "", word
	if digits != "" && (digits[0] == '+' || digits[0] == '-') {
		sign, digits = strings.TrimPrefix(digits[:1], "+"), digits[1:]
	}
	base := 10
	if radix, rest, is := strings.Cut(strings.ToLower(digits), "r"); is {
		n, err := strconv.Atoi(radix)
		if err != nil || n < 2 || n > 36 {
			return nil, false
		}
		base, digits = n, rest
	} else if rest, is := strings.CutPrefix(strings.ToLower(digits), "0x"); is {
		base, digits = 16, rest
	} else if len(digits) > 1 && digits[0] == '0' {
		base, digits = 8, digits[1:]
	}
	if digits == "" || len(digits) > mostDigits || strings.ContainsAny(digits, "_+-") {
		return nil, false
	}
	return new(big.Int).SetString(sign+digits, base)
}

// mostDigits keeps numbers that nobody counts with from taking time.
const mostDigits = 1000

// canonicalDecimal is a decimal without zeros behind it.
func canonicalDecimal(decimal, word string) string {
	if len(decimal) > mostDigits || strings.ContainsAny(decimal, "/_xXpP") {
		return word
	}
	if at := strings.IndexAny(decimal, "eE"); at >= 0 {
		if n, err := strconv.Atoi(decimal[at+1:]); err != nil || n > mostDigits || n < -mostDigits {
			return word
		}
	}
	n, ok := new(big.Rat).SetString(decimal)
	if !ok {
		return word
	}
	return strings.TrimSuffix(strings.TrimRight(n.FloatString(len(decimal)+mostDigits), "0"), ".") + "M"
}
