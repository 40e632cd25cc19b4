package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size is an amount of memory in bytes as a flag, as in 500MB, 2GiB or 4g. Units are powers of 1024, and never left out: nobody means two bytes.
type size int

var sizeUnits = []struct {
	letter string
	bytes  float64
}{{"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30}, {"t", 1 << 40}}

// Set parses an amount of memory.
func (s *size) Set(text string) error {
	number := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), "b"), "i")
	factor := 1.0
	for _, u := range sizeUnits {
		if rest, has := strings.CutSuffix(number, u.letter); has {
			number, factor = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err == nil && n > 0 && strings.TrimSpace(number) == strings.TrimSpace(text) {
		return fmt.Errorf("the unit is missing, as in %sGiB or %sMB", strings.TrimSpace(number), strings.TrimSpace(number))
	}
	if err != nil || n <= 0 || n*factor > math.MaxInt64/2 {
		return fmt.Errorf("not an amount of memory such as 500MB or 2GiB")
	}
	*s = size(n * factor)
	return nil
}

// Type names the value in help texts.
func (s *size) Type() string { return "size" }

// String returns the amount in bytes as Set reads it; "" for none.
func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return strconv.Itoa(int(*s)) + "B"
}
