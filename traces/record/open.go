package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/raftcheck/raftcheck/traces/wire"
)

// Open begins a trace in a file, or goes on with the one that is there: a server that starts again adds to what it did before. A line
// that a crash cut off is removed. It is an error if the file is something else than a trace.
func Open(path string, h Header, o Options) (*Recorder, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	r := &Recorder{options: o, out: file, file: file}
	if err := r.resume(path, &h); err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

// resume finds the end of what is written, or writes the header.
func (r *Recorder) resume(path string, h *Header) error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	end, last, err := lastLine(r.file, info.Size())
	if err != nil {
		return err
	}
	if end == 0 { // also when all there was is half a header
		if err := r.begin(path); err != nil {
			return err
		}
		r.add(appendHeader(nil, h))
		return r.Err()
	}
	first := make([]byte, min(end, 4096))
	if _, err := r.file.ReadAt(first, 0); err != nil {
		return err
	}
	first, _, _ = bytes.Cut(first, []byte("\n"))
	if format, _ := member(first, "format"); format != `"`+wire.FormatName+`"` {
		return fmt.Errorf("%s:1: not a trace to go on with: no header of %s", path, wire.FormatName)
	}
	if number, is := member(last, "n"); is {
		if _, err := fmt.Sscan(number, &r.number); err != nil {
			return fmt.Errorf("%s: the last record has the number %q", path, number)
		}
	}
	if err := r.file.Truncate(end); err != nil {
		return err
	}
	_, err = r.file.Seek(end, io.SeekStart)
	return err
}

// begin empties a file that holds nothing but half a header.
func (r *Recorder) begin(path string) error {
	head := make([]byte, 64)
	n, err := r.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	start := appendHeader(nil, &Header{})
	if n = min(n, len(`{"format":"`+wire.FormatName)); !bytes.Equal(head[:n], start[:n]) {
		return fmt.Errorf("%s:1: not a trace to go on with: no header of %s", path, wire.FormatName)
	}
	return r.file.Truncate(0)
}

// lastLine returns where the last whole line of a file ends, and the line. The end is 0 if there is none.
func lastLine(file io.ReaderAt, size int64) (end int64, line []byte, err error) {
	const block = 64 << 10
	var tail []byte // the file's end
	for from := size; from > 0; {
		n := min(from, block)
		from -= n
		part := make([]byte, n, int(n)+len(tail))
		if _, err := file.ReadAt(part, from); err != nil {
			return 0, nil, err
		}
		tail = append(part, tail...)
		last := bytes.LastIndexByte(tail, '\n')
		if last < 0 {
			continue
		}
		before := bytes.LastIndexByte(tail[:last], '\n')
		if before >= 0 || from == 0 {
			return from + int64(last) + 1, tail[before+1 : last], nil
		}
	}
	return 0, nil, nil
}

// member returns the JSON of a member of an object; false if there is none or the line is no object.
func member(line []byte, name string) (value string, is bool) {
	r := wire.NewReader(line, false)
	for r.Open('{'); r.More('}'); {
		key := string(r.Key())
		text := string(r.Skip())
		if key == name {
			value, is = text, true
		}
	}
	return value, is && r.Err() == nil
}
