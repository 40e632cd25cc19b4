package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/internal/nearest"
)

func TestTo(t *testing.T) {
	known := []string{"pre-vote-own-term", "leader", "follower", "heartbeats-anywhere", "pre-votes"}
	for typed, want := range map[string]string{"leder": "leader", "fol": "follower", "heartbeat-anywhere": "heartbeats-anywhere", "prevote": "pre-votes", "pre-vote": "pre-votes", "pre-vote-": "pre-vote-own-term",
		"ledaer": "leader", "zzzzzz": "", "": ""} {
		require.Equal(t, want, nearest.To(typed, known), typed)
	}
	require.Empty(t, nearest.To("leader", nil))
}
