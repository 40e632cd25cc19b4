package linearizability

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/raftcheck/raftcheck/spec"
)

// weakest is the weakest model that each anomaly violates.
var weakest = map[string]Model{
	AbortedRead: ReadCommitted, IntermediateRead: ReadCommitted, Internal: ReadCommitted, UnwrittenRead: ReadCommitted, Duplicate: ReadCommitted,
	Incompatible: ReadCommitted, DirtyWrite: ReadCommitted, CircularFlow: ReadCommitted, SingleRead: SnapshotIsolation,
	NonadjacentReads: SnapshotIsolation, AntiDependency: Serializable, DirtyWrite + realtime: StrictSerializable,
	CircularFlow + realtime: StrictSerializable, SingleRead + realtime: StrictSerializable, NonadjacentReads + realtime: StrictSerializable,
	AntiDependency + realtime: StrictSerializable,
}

// TestPlantedAnomalies: what is planted in a history that is otherwise correct is found and named, and so is the strongest model that holds.
func TestPlantedAnomalies(t *testing.T) {
	for _, plant := range append(plants(), "") {
		t.Run(plant, func(t *testing.T) {
			for seed := range uint64(20) {
				h := generated(workload{transactions: 300, clients: 8, keys: 5, actions: 4, readers: 0.5, unknown: 0.05, plant: plant, seed: seed})
				j, err := judge(h, whole(h), guidedBudget)
				require.NoError(t, err)
				if plant == "" {
					require.Equal(t, [4]spec.Verdict{}, j.verdict, "%s", j)
					continue
				}
				require.Equal(t, plant, j.anomalyName(), "%s", j)
				for m := range j.verdict {
					want := spec.Held
					if Model(m) <= weakest[plant] {
						want = spec.Violated
					}
					require.Equal(t, want, j.verdict[m], "%s of %s", Model(m), j)
				}
			}
		})
	}
}
