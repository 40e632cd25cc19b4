// Package legible shows text that somebody else wrote so that it can only be read: whatever a terminal, a page or a diagram would obey
// is shown as what it is. Names, values, paths and messages that hold some of them are such text.
package legible

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns a text as one line. Line breaks, control characters and escapes, marks that change the direction of writing, what has
// no width, and bytes that are not UTF-8 are shown as Go writes them: \n, \x1b, \u202e. All else is as it was.
func Line(text string) string {
	if isLegible(text) {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if isShown(r, size) {
			b.WriteString(text[:size])
		} else {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}

// Lines is Line for a text of several lines, as programs write them to people: breaks stay, and what stands between them is shown.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for k, line := range lines {
		lines[k] = Line(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

// InPlace returns a text with a dot for every character that Line would show as something longer, so that columns stay what they are.
func InPlace(text string) string {
	if isLegible(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if isShown(r, utf8.RuneLen(r)) {
			return r
		}
		return '·'
	}, text)
}

// JSON returns a JSON text with the same meaning in which no string holds what Line would not show as it is, for a terminal to be safe
// from a document that is meant for programs.
func JSON(text []byte) []byte {
	if isLegible(strings.ReplaceAll(string(text), "\n", "")) {
		return text
	}
	var b []byte
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r < utf8.RuneSelf && r != 0x7f || isShown(r, size):
			b = append(b, text[:size]...)
		case r > 0xffff:
			r -= 0x10000
			b = appendUnit(appendUnit(b, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			b = appendUnit(b, r)
		}
		text = text[size:]
	}
	return b
}

// appendUnit appends \uXXXX.
func appendUnit(b []byte, unit rune) []byte {
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[unit>>12&15], digits[unit>>8&15], digits[unit>>4&15], digits[unit&15])
}

func isLegible(text string) bool {
	for k := 0; k < len(text); k++ {
		if c := text[k]; c >= utf8.RuneSelf {
			return allShown(text[k:])
		} else if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func allShown(text string) bool {
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if !isShown(r, size) {
			return false
		}
		text = text[size:]
	}
	return true
}

// isShown reports whether a character is one that is seen, or a space.
func isShown(r rune, size int) bool {
	return unicode.IsGraphic(r) && (r != utf8.RuneError || size > 1)
}

// Quote begins each line of an error that quotes what a program printed.
const Quote = "\n  | "

// Quoted returns the last lines of what a program printed, at most so many, each behind [Quote].
func Quoted(said string, most int) string {
	lines := strings.Split(said, "\n")
	return Quote + strings.Join(lines[max(len(lines)-most, 0):], Quote)
}
