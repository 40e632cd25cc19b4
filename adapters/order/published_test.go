package order

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatAPageLacks(t *testing.T) {
	const page = "# A page\n```\nok   x\n  met  R1 4 of 5 scenarios\n  met  R2 3 steps\n```\n"
	require.Empty(t, missing(page, "ok   x\n  met  R1 3 of 3 scenarios\n  met  R2 1,234 steps\n"))
	require.Equal(t, "FAIL x", missing(page, "FAIL x\n"))
	require.Equal(t, "  met  R1 N of N scenarios", missing(page, "ok   x\n  met  R2 1 steps\n  met  R1 1 of 1 scenarios\n"), "the order counts")
}
