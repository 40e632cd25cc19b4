package checker

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// What a search makes lies on huge pages where the system gives them to those who ask, and what made room for it is given back.
func TestHeapOnHugePages(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	widened.bytes = 0
	before := heapInUse()
	widenHeap()
	require.Less(t, heapInUse(), before+leastMore/2)
	require.GreaterOrEqual(t, widened.bytes, uint64(leastMore))
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		return // a system without huge pages
	}

	some := make([]byte, leastMore-4<<20)
	at := uint64(uintptr(unsafe.Pointer(&some[len(some)/2])))
	maps, err := os.ReadFile("/proc/self/smaps")
	require.NoError(t, err)
	runtime.KeepAlive(some)
	inside, asked := false, false
	for line := range strings.Lines(string(maps)) {
		if flags, is := strings.CutPrefix(line, "VmFlags:"); is && inside {
			asked = strings.Contains(flags+" ", " hg ")
			break
		}
		if from, rest, is := strings.Cut(strings.Fields(line)[0], "-"); is {
			low, err := strconv.ParseUint(from, 16, 64)
			require.NoError(t, err)
			high, err := strconv.ParseUint(rest, 16, 64)
			require.NoError(t, err)
			inside = low <= at && at < high
		}
	}
	require.True(t, asked, "a large slice lies where nobody asked for huge pages")
}
