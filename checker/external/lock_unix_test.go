//go:build unix

package external

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOpenFolderWaitsForTheLock: a folder that another has open is opened when the other lets go of it in time, and is occupied if it does not.
func TestOpenFolderWaitsForTheLock(t *testing.T) {
	for _, after := range []int{1, 2, lockTries - 1, lockTries + 1} {
		dir := t.TempDir()
		other, err := OpenFolder(dir, true)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ManifestName), nil, 0o666))
		pauses := 0
		f, err := openFolder(dir, false, func() {
			if pauses++; pauses == after {
				require.NoError(t, other.Close())
			}
		})
		if after > lockTries {
			require.Equal(t, &Occupied{dir}, err)
			require.Equal(t, lockTries, pauses)
			require.NoError(t, other.Close())
			continue
		}
		require.NoError(t, err)
		require.Equal(t, after, pauses)
		require.NoError(t, f.Close())
	}
}
