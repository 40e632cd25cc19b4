package scenario

import (
	"context"
	"slices"
	"testing"
)

// Test puts a subject through all scenarios. It fails unless those named in broken fail and no others, and at least so many are met.
func Test(t testing.TB, subject Subject, met int, broken ...string) {
	t.Helper()
	var failed []string
	counts := map[Outcome]int{}
	runner := NewRunner(subject)
	for _, s := range All() {
		r := runner.Run(context.Background(), s)
		counts[r.Outcome]++
		if r.Outcome != Broken && r.Outcome != Faulty {
			continue
		}
		failed = append(failed, s.Name)
		if !slices.Contains(broken, s.Name) {
			t.Errorf("%s line %d: %s\n%s", s.Name, r.Line, r.Because, r.Story)
		}
	}
	for _, name := range broken {
		if !slices.Contains(failed, name) {
			t.Errorf("%s does not fail", name)
		}
	}
	if t.Log(counts); counts[Met] < met {
		t.Errorf("%d scenarios are met, of at least %d", counts[Met], met)
	}
}
