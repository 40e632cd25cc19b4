package conformance

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// What requirements are about is said of requirements that there are.
func TestFeaturesAreOfRequirementsThatThereAre(t *testing.T) {
	there := func(id string) bool {
		return slices.ContainsFunc(spec.AllRules(), func(r *spec.Rule) bool { return r.ID == id }) ||
			slices.ContainsFunc(spec.NotJudged, func(u spec.Unjudged) bool { return u.ID == id })
	}
	for id, kind := range aboutFeature {
		require.True(t, there(id), id)
		require.NotEmpty(t, features[kind], id)
	}
	for id := range aboutVariant {
		require.True(t, there(id), id)
	}
	for id := range insteadOf {
		require.True(t, there(id), id)
	}
}
