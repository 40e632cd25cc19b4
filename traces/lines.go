package traces

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	kgzip "github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/raftcheck/raftcheck/internal/nearest"
)

// MaxLine is the length of the longest line that is read, in bytes. A longer line is an input error, so that a file without
// line breaks costs no more memory than this.
const MaxLine = 16 << 20

// Lines yields the lines of a file, plain or compressed, one at a time in bounded memory.
type Lines struct {
	name   string
	in     *bufio.Reader
	close  func()
	number int
	long   []byte // a line that did not fit the buffer
	ended  bool   // the line returned last was the file's last and had no line break
	open   bool   // the rest of a line that is too long was not read
	any    bool
	size   int64 // of a file that is not compressed; 0 if not known
	taken  int64 // bytes

	unfolded *unfolded // what is read, if it is compressed

	until []byte // the line that ends what is read; nil is the end of the file
	over  bool   // it was read
}

// OpenLines opens a file for reading by lines; "-" is standard input, as given. gzip and zstd are recognised by their first bytes.
// A file that cannot be opened is an *InputError.
func OpenLines(name string, stdin io.Reader) (*Lines, error) {
	if name == "-" {
		return NewLines("-", stdin)
	}
	f, err := OpenFile(name)
	if err != nil {
		return nil, err
	}
	l, err := NewLines(name, f)
	if err != nil {
		f.Close()
		return nil, err
	}
	if info, err := f.Stat(); err == nil && l.unfolded.from == nil {
		l.size = info.Size()
	}
	l.Also(f)
	return l, nil
}

// OpenFile opens a file for [NewLines]. One that is not there, or a folder, is an *InputError.
func OpenFile(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &InputError{File: name, Message: openMessage(err), Cause: err, Hint: missingHint(name, err)}
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, &InputError{File: name, Message: "is a directory, not a trace", Hint: "give the files in it, as in " + filepath.Join(name, "*")}
	}
	return f, nil
}

// missingHint says what may have been meant by a file that is not there: one of the same folder, or that a pattern matches nothing.
func missingHint(name string, err error) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	if strings.ContainsAny(name, "*?[") {
		return "the pattern matches no file"
	}
	there, _ := os.ReadDir(filepath.Dir(name)) // without it, there is nothing to suggest
	var names []string
	for _, entry := range there {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	if meant := nearest.To(filepath.Base(name), names); meant != "" {
		return fmt.Sprintf("did you mean %q?", filepath.Join(filepath.Dir(name), meant))
	}
	return ""
}

func openMessage(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// NewLines reads lines from r. name is used in errors. An error of r that is a context's comes back as it is.
func NewLines(name string, r io.Reader) (*Lines, error) {
	folded := &counted{from: r}
	raw := bufio.NewReaderSize(folded, 1<<16)
	l := &Lines{name: name, unfolded: &unfolded{folded: folded}}
	magic, _ := raw.Peek(4)
	switch {
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		gz, err := kgzip.NewReader(raw)
		if err != nil {
			return nil, l.damaged(err)
		}
		l.unfolded.from = gz
		l.in, l.close = bufio.NewReaderSize(l.unfolded, 1<<18), func() { gz.Close() }
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return nil, l.damaged(err)
		}
		l.unfolded.from = z
		l.in, l.close = bufio.NewReaderSize(l.unfolded, 1<<18), z.Close
	default:
		l.in = bufio.NewReaderSize(raw, 1<<18)
	}
	return l, nil
}

// Name returns the file's name as it was given.
func (l *Lines) Name() string { return l.name }

// Number returns the number of the line that Next returned last, from 1.
func (l *Lines) Number() int { return l.number }

// Within goes on to what stands below the first line that begins with one text, up to the line that is another, and returns the line that was
// found. Of what stands around it nothing is returned by Next; its lines count. nil is that no line begins so.
func (l *Lines) Within(begins, ends []byte) ([]byte, error) {
	for {
		line, err := l.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		case bytes.HasPrefix(line, begins):
			l.until = ends
			return line, nil
		}
	}
}

// Unterminated reports whether the line that Next returned last was the file's last and had no line break: if it also does
// not parse, the file was cut off.
func (l *Lines) Unterminated() bool { return l.ended }

// Ahead returns up to n bytes of what is still to be read, decompressed and without taking any of it; n is at most 64 KiB. It is valid
// until the next call of Next.
func (l *Lines) Ahead(n int) []byte {
	ahead, _ := l.in.Peek(n)
	return ahead
}

// Share returns how much of the file was taken, between 0 and 1; 0 if that is not known.
func (l *Lines) Share() float64 {
	if l.size == 0 {
		return 0
	}
	return min(1, float64(l.taken)/float64(l.size))
}

// Close releases the file.
func (l *Lines) Close() {
	if l.close != nil {
		l.close()
		l.close = nil
	}
}

// Also has Close close what the lines are read from, too.
func (l *Lines) Also(from io.Closer) {
	inner := l.close
	l.close = func() {
		if inner != nil {
			inner()
		}
		from.Close()
	}
}

// Next returns the next line that is not blank, without its line break and a byte order mark before it, valid until the next call. It
// returns io.EOF at the end, and an *InputError for a file that is empty, cut off, or not text.
func (l *Lines) Next() ([]byte, error) {
	for {
		if l.over {
			return nil, io.EOF
		}
		line, err := l.read()
		if err != nil {
			return nil, err
		}
		line = bytes.TrimSuffix(bytes.TrimPrefix(line, []byte("\ufeff")), []byte("\r"))
		if blank(line) {
			continue
		}
		if l.until != nil && bytes.Equal(line, l.until) {
			l.number, l.over = l.number-1, true
			return nil, io.EOF
		}
		l.any = true
		if err := l.checkText(line); err != nil {
			return nil, err
		}
		return line, nil
	}
}

func blank(line []byte) bool {
	return len(line) == 0 || line[0] <= ' ' && len(bytes.TrimSpace(line)) == 0
}

func (l *Lines) read() ([]byte, error) {
	l.number++
	l.long = l.long[:0]
	for {
		part, err := l.in.ReadSlice('\n')
		l.taken += int64(len(part))
		switch {
		case err == nil && len(l.long) == 0:
			return part[:len(part)-1], nil
		case err == nil:
			l.long = append(l.long, part[:len(part)-1]...)
			return l.long, nil
		case errors.Is(err, bufio.ErrBufferFull):
			if len(l.long)+len(part) > MaxLine {
				l.open = true
				return nil, l.Fault(0, fmt.Sprintf("a line longer than %d MiB", MaxLine>>20))
			}
			l.long = append(l.long, part...)
		case errors.Is(err, io.EOF):
			return l.last(part)
		default:
			fault := l.damaged(err)
			if len(l.long)+len(part) == 0 {
				l.number-- // there is no such line
			}
			return nil, fault
		}
	}
}

func (l *Lines) last(part []byte) ([]byte, error) {
	if len(part)+len(l.long) > 0 {
		l.ended = true
		l.long = append(l.long, part...)
		return l.long, nil
	}
	l.number--
	if !l.any {
		return nil, &InputError{File: l.name, Line: 1, Message: "the file is empty", Hint: "nothing can be judged by it; did what writes it run?"}
	}
	return nil, io.EOF
}

// Drain reads to the end without looking and returns the number of the last line.
func (l *Lines) Drain() int {
	for l.until != nil {
		if _, err := l.Next(); err != nil {
			return l.number
		}
	}
	if l.open {
		l.number--
	}
	for {
		part, err := l.in.ReadSlice('\n')
		if err == nil {
			l.number++
			continue
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			if len(part) > 0 {
				l.number++
			}
			return l.number
		}
	}
}

func (l *Lines) checkText(line []byte) error {
	if k := bytes.IndexByte(line, 0); k >= 0 {
		return l.Fault(k+1, "a zero byte: this is not a text file")
	}
	if utf8.Valid(line) {
		return nil
	}
	for k := 0; k < len(line); {
		r, size := utf8.DecodeRune(line[k:])
		if r == utf8.RuneError && size == 1 {
			return l.Fault(k+1, fmt.Sprintf("byte 0x%02x is not UTF-8", line[k]))
		}
		k += size
	}
	return nil
}

// Fault returns an *InputError at the current line.
func (l *Lines) Fault(column int, message string) *InputError {
	return &InputError{File: l.name, Line: l.number, Column: column, Message: message}
}

func (l *Lines) damaged(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, errUnfolds) {
		return &InputError{File: l.name, Line: max(l.number, 1), Message: fmt.Sprintf("more than %d times as long as its compressed data, and more than %d MiB: nobody's records are that alike",
			mostUnfolded, freelyUnfolded>>20), Hint: "--trust reads it all the same"}
	}
	fault := &InputError{File: l.name, Line: max(l.number, 1), Message: "the compressed data is damaged: " + err.Error(), Cause: err}
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		fault.Message = "the compressed data ends early: the file is truncated"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, kgzip.ErrHeader):
		fault.Message = "the gzip header is damaged"
	}
	var path *os.PathError
	if errors.As(err, &path) {
		fault.Message = path.Err.Error()
	}
	return fault
}
