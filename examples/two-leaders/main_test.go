package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTwoLeadersAreToldAndDrawn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "two-leaders.html")
	var told bytes.Buffer
	require.NoError(t, find(&told, name))
	assert.Contains(t, told.String(), "x  7  .            LEADER 2     .")
	assert.Contains(t, told.String(), "Open "+name+" in a browser.")
	written, err := os.ReadFile(name)
	require.NoError(t, err)
	for _, said := range []string{"<!DOCTYPE html>", "violated", "n2 and n1 both lead term 2", "<svg"} {
		assert.Contains(t, string(written), said)
	}
}

// TestItNeedsLittle: whoever has just cloned waits for all of it to be compiled.
func TestItNeedsLittle(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	require.NoError(t, err)
	needed := strings.Fields(string(out))
	for _, heavy := range []string{"net/http", "go/types", "encoding/gob", "github.com/raftcheck/raftcheck/impl/mutant", "github.com/raftcheck/raftcheck/linearizability", "github.com/raftcheck/raftcheck/report"} {
		assert.NotContains(t, needed, heavy)
	}
	assert.LessOrEqual(t, len(needed), 160)
}
