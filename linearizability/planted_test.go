package linearizability

import (
	"context"
	"strings"
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
				h := generated(load{transactions: 300, clients: 8, keys: 5, actions: 4, readers: 0.5, unknown: 0.05, plant: plant, seed: seed})
				j, err := judge(h, wholePart(h), guidedBudget)
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

// TestPlantedAnomaliesAreTold: the finding has the name, few operations, and is confirmed.
func TestPlantedAnomaliesAreTold(t *testing.T) {
	for _, plant := range plants() {
		for seed := range uint64(4) {
			h := generated(load{transactions: 200, clients: 8, keys: 5, actions: 4, readers: 0.5, unknown: 0.05, plant: plant, seed: seed})
			r, err := Verify(context.Background(), h, Options{})
			require.NoError(t, err, plant)
			require.Equal(t, spec.Violated, r.Verdict, plant)
			require.Equal(t, []string{plant}, r.Anomalies)
			require.Len(t, r.Findings, 1)
			f := &r.Findings[0]
			if seed == 0 {
				t.Logf("%s\n%s", f.Message, strings.Join(f.Lines("h.ndjson"), "\n"))
			}
			require.Equal(t, plant, f.Anomaly, "%s", strings.Join(f.Lines("h.ndjson"), "\n"))
			require.LessOrEqual(t, len(f.Operations), 8)
			require.Equal(t, weakest[plant], f.Model)
		}
	}
}
