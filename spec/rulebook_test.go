package spec_test

import (
	_ "embed"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

//go:embed testdata/rulebook.txt
var rulebook string

// Every one of the 96 requirements of the rulebook is a rule, or there is a reason why not.
func TestEveryRequirementIsARule(t *testing.T) {
	ids := strings.Fields(rulebook)
	require.Len(t, ids, 96)
	for _, id := range ids {
		known := slices.ContainsFunc(spec.AllRules(), func(r *spec.Rule) bool { return r.ID == id })
		reason := slices.ContainsFunc(spec.NotJudged, func(u spec.Unjudged) bool { return u.ID == id && u.Because != "" })
		require.NotEqual(t, known, reason, "%s is a rule or there is a reason why not, and never both", id)
	}
	for _, u := range spec.NotJudged {
		require.Contains(t, ids, u.ID)
	}
}

// TestEveryVariantIsListed compares the list of variants with the constants of the source.
func TestEveryVariantIsListed(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var declared []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^\s+\w+\s+Variant\s+= "([a-z-]+)"`).FindAllSubmatch(source, -1) {
			declared = append(declared, string(m[1]))
		}
	}
	var listed []string
	for _, v := range spec.EveryVariant {
		listed = append(listed, string(v))
	}
	require.ElementsMatch(t, declared, listed)
	require.NotEmpty(t, declared)
}
