package etcd

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// An event is the same, and so is the error of a line that is none, whatever was read before: for lines of every trace in their order, and for
// lines made of them that no recorder wrote.
func TestWhatStandsAgainIsWhatIsRead(t *testing.T) {
	chance := rand.New(rand.NewPCG(3, 9))
	taken, faults, changed := 0, 0, 0
	for _, file := range legal(t) {
		lines := linesOf(t, file)
		lines = lines[:min(len(lines), 250)]
		d := newDecoder()
		for k := range lines {
			for n := range 12 {
				line := slices.Clone(lines[k])
				if n > 0 {
					line = spliced(chance, line, lines[chance.IntN(k+1)])
					changed++
				}
				if !requireSame(t, d, line) {
					faults++
				} else if d.fast(line, &event{}) {
					taken++
				}
			}
		}
	}
	t.Logf("%d changed lines, %d lines of the usual shape, %d errors", changed, taken, faults)
	require.Greater(t, taken, changed/10)
	require.Greater(t, faults, changed/10)
}

// requireSame reads a line as it is read after others and as it is read alone, and reports whether it is an event.
func requireSame(t *testing.T, d *decoder, line []byte) bool {
	var got, want event
	alone := newDecoder()
	isWant, wantErr := alone.decode(line, &want)
	is, err := d.decode(line, &got)
	require.Equal(t, wantErr, err, "%s", line)
	if err != nil {
		return false
	}
	require.Equal(t, isWant, is, "%s", line)
	require.Equal(t, want.state.conf == nil, got.state.conf == nil, "%s", line)
	if want.state.conf != nil {
		require.Equal(t, want.state.conf.String(), got.state.conf.String(), "%s", line)
	}
	want.state.conf, got.state.conf = nil, nil
	require.Equal(t, want, got, "%s", line)
	return is
}

// spliced returns a line with other digits, with other bytes, with what another line has in some place, or with less.
func spliced(chance *rand.Rand, line, other []byte) []byte {
	at := chance.IntN(len(line))
	switch chance.IntN(6) {
	case 0, 1: // another number
		if k := bytes.IndexAny(line[at:], "0123456789"); k >= 0 {
			line[at+k] = "0123456789"[chance.IntN(10)]
		}
	case 2: // what another line has from some member on
		a, b := bytes.IndexByte(line[at:], ','), bytes.IndexByte(other[min(at, len(other)-1):], ',')
		if a >= 0 && b >= 0 {
			return append(line[:at+a:at+a], other[min(at, len(other)-1)+b:]...)
		}
	case 3:
		line[at] = `{}[]",:0123456789ntf\ x`[chance.IntN(23)]
	case 4:
		return slices.Insert(line, at, []byte{' ', '0', '}', ']', ','}[chance.IntN(5)])
	case 5:
		return slices.Delete(line, at, min(at+1+chance.IntN(3), len(line)))
	}
	return line
}
