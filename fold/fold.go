// Package fold makes text fit into the columns of a terminal. It measures characters as terminals show them, those of Chinese, Japanese and Korean
// as two columns, and takes colours for nothing; a width of 0 is no bound, and then nothing is changed.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Columns is how many columns a line takes.
func Columns(line string) int {
	n := 0
	for len(line) > 0 {
		size, wide := next(line)
		n += wide
		line = line[size:]
	}
	return n
}

// next measures what a line begins with: a character, or an escape sequence that colours what follows.
func next(line string) (size, columns int) {
	if strings.HasPrefix(line, "\x1b[") {
		if end := strings.IndexByte(line, 'm'); end > 0 {
			return end + 1, 0
		}
	}
	r, size := utf8.DecodeRuneInString(line)
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return size, 0
	case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana), r >= '！' && r <= '｠':
		return size, 2
	}
	return size, 1
}

// Words breaks prose at spaces into lines that are no longer than width, but for a word that is longer alone.
func Words(text string, width int) []string {
	if width <= 0 {
		return []string{strings.Join(strings.Fields(text), " ")}
	}
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		wide := Columns(word)
		switch {
		case line == "":
			line, used = word, wide
		case used+1+wide > width:
			lines = append(lines, line)
			line, used = word, wide
		default:
			line, used = line+" "+word, used+1+wide
		}
	}
	return append(lines, line)
}

// Line breaks one line at spaces, and in the middle of a word that is longer than a line, so that no part is wider than width. What goes on
// is put below the last column of text that begins in the left half of the line, or else two columns further in than the line.
func Line(line string, width int) []string {
	if width <= 0 || Columns(line) <= width {
		return []string{line}
	}
	indent := hang(line, width)
	first, rest := cut(line, width, indent)
	return append([]string{first}, Under(rest, indent, width)...)
}

// Under breaks a text into lines no wider than width that stand indent columns in.
func Under(text string, indent, width int) []string {
	indent = min(indent, max(0, width/2))
	margin := strings.Repeat(" ", indent)
	var lines []string
	for text != "" {
		var part string
		if width <= 0 || Columns(text) <= width-indent {
			part, text = text, ""
		} else {
			part, text = cut(text, width-indent, 0)
		}
		lines = append(lines, margin+part)
	}
	return lines
}

// Text breaks every line of a text.
func Text(text string, width int) string {
	if width <= 0 {
		return text
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, Line(line, width)...)
	}
	return strings.Join(lines, "\n")
}

// Prose is Text for what people wrote in paragraphs: lines that begin at the margin and follow each other are filled anew, and examples of
// raftcheck stay commands.
func Prose(text string, width int) string {
	if width <= 0 {
		return text
	}
	var lines []string
	paragraph := ""
	end := func() {
		if paragraph != "" {
			lines = append(lines, strings.Split(Text(strings.Join(Words(paragraph, width), "\n"), width), "\n")...)
		}
		paragraph = ""
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line != "" && line[0] != ' ' && !strings.Contains(line, "  ") {
			paragraph += line + " "
			continue
		}
		end()
		margin := len(line) - len(strings.TrimLeft(line, " "))
		if strings.HasPrefix(line[margin:], "raftcheck ") && !strings.Contains(line[margin:], "  ") {
			lines = append(lines, strings.Split(Text(strings.Join(Command(line[:margin], line[margin:], width), "\n"), width), "\n")...)
			continue
		}
		lines = append(lines, Line(line, width)...)
	}
	end()
	return strings.Join(lines, "\n")
}

// Command breaks a command of a shell between its words, so that it is still one command when it is copied. Its first line begins with lead.
func Command(lead, command string, width int) []string {
	line, margin := lead, strings.Repeat(" ", min(Columns(lead)+4, max(0, width/2)))
	var lines []string
	for k, word := range shellWords(command) {
		switch {
		case k == 0:
			line += word
		case width > 0 && Columns(line)+1+Columns(word)+2 > width:
			lines = append(lines, line+` \`)
			line = margin[:max(0, min(len(margin), width-2-Columns(word)))] + word // less far in, before a word would be broken
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// shellWords splits a command at the spaces that are in no quotes.
func shellWords(command string) []string {
	var words []string
	from, quote := 0, byte(0)
	for k := 0; k < len(command); k++ {
		switch c := command[k]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '\\':
			k++
		case c == ' ':
			if k > from {
				words = append(words, command[from:k])
			}
			from = k + 1
		}
	}
	return append(words, command[from:])
}

// hang is where the second line of a broken line begins.
func hang(line string, width int) int {
	at, column, spaces := 0, 0, 0
	text := false
	for rest := line; rest != "" && column <= width/2; {
		size, wide := next(rest)
		switch {
		case rest[0] == ' ':
			spaces++
		case wide > 0:
			if !text {
				at = column + 2
			} else if spaces > 1 {
				at = column
			}
			text, spaces = true, 0
		}
		column += wide
		rest = rest[size:]
	}
	return min(at, width/2)
}

// cut takes off a line what fits into width columns: up to the last space that stands after at least `after` columns, or else as much as fits.
func cut(line string, width, after int) (first, rest string) {
	column, space, end := 0, 0, 0
	for k := 0; k < len(line); {
		size, wide := next(line[k:])
		if line[k] == ' ' && column >= after && strings.TrimLeft(line[:k], " ") != "" {
			space = k
		}
		if column+wide > width {
			break
		}
		column += wide
		k += size
		end = k
	}
	if space > 0 && strings.TrimSpace(line[:space]) != "" {
		end = space
	}
	if end == 0 { // not even one character fits
		end, _ = next(line)
	}
	return strings.TrimRight(line[:end], " "), strings.TrimLeft(line[end:], " ")
}
