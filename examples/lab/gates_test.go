package lab_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/raftcheck/raftcheck/adapters/preempt/rewrite"
)

// TestGates runs the tests of gated_test.go, which need gates in the source of the package.
func TestGates(t *testing.T) {
	overlay, err := rewrite.Here(".")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "test", "-count=1", "-v", "-tags=gates", "-overlay="+overlay, "-run=^TestHeld", ".").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestHeld") {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(string(out))
}
