package spec

import (
	"strconv"
	"strings"
	"unicode"
)

// Shown returns a value that a client chose as reports say it: as it is if it is a plain word, and quoted where it would be taken for
// words or lines of ours.
func Shown(value string) string {
	if strings.ContainsFunc(value, func(r rune) bool { return r == '"' || unicode.IsSpace(r) || !strconv.IsPrint(r) }) {
		return strconv.Quote(value)
	}
	return value
}
