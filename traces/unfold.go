package traces

import (
	"errors"
	"io"
)

// Compressed data may unfold to freelyUnfolded bytes whatever its size, and beyond that to mostUnfolded times its size. What somebody
// recorded stays far below; a few kilobytes that unfold to gigabytes were made to waste time.
const (
	freelyUnfolded = 64 << 20
	mostUnfolded   = 1000
)

var errUnfolds = errors.New("it unfolds to too much")

// counted counts what is read.
type counted struct {
	from io.Reader
	n    int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

// unfolded is what a decompressor makes of folded.
type unfolded struct {
	from    io.Reader
	folded  *counted
	n       int64
	trusted bool
}

func (u *unfolded) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	u.n += int64(n)
	if !u.trusted && u.n > freelyUnfolded && u.n/mostUnfolded > u.folded.n {
		return 0, errUnfolds
	}
	return n, err
}

// Trust lifts the bound on how much compressed data may unfold to.
func (l *Lines) Trust() { l.unfolded.trusted = true }
