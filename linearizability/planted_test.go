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
	for _, plant := range append(Plants(), "") {
		t.Run(plant, func(t *testing.T) {
			for seed := range uint64(20) {
				h := generate(t, Load{Operations: 300, Clients: 8, Keys: 5, Actions: 4, Readers: 0.5, Unknown: 0.05, Plant: plant, Seed: seed})
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
	for _, plant := range Plants() {
		for seed := range uint64(4) {
			h := generate(t, Load{Operations: 200, Clients: 8, Keys: 5, Actions: 4, Readers: 0.5, Unknown: 0.05, Plant: plant, Seed: seed})
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

// TestPlantedInRegisters: what is planted in registers is found, whether values are written once or often.
func TestPlantedInRegisters(t *testing.T) {
	for _, plant := range RegisterPlants() {
		for seed := range uint64(10) {
			once := Load{Operations: 300, Clients: 8, Keys: 5, Actions: 4, Readers: 0.5, Unknown: 0.05, Registers: true, Plant: plant, Seed: seed}
			r, err := Verify(context.Background(), generate(t, once), Options{})
			require.NoError(t, err)
			require.Equal(t, []string{plant}, r.Anomalies, "seed %d", seed)
			often := Load{Operations: 1000, Clients: 8, Keys: 3, Actions: 1, Readers: 0.4, Unknown: 0.05, Values: 4, Plant: plant, Seed: seed}
			if plant != SingleRead+realtime {
				continue
			}
			h := generate(t, often)
			r, err = Verify(context.Background(), h, Options{})
			require.NoError(t, err)
			require.Equal(t, spec.Violated, r.Verdict, "seed %d", seed)
			require.Len(t, r.Findings[0].Operations, 3, "%s", strings.Join(r.Findings[0].Lines("h"), "\n"))
			often.Plant = ""
			r, err = Verify(context.Background(), generate(t, often), Options{})
			require.NoError(t, err)
			require.Equal(t, spec.Held, r.Verdict, "seed %d", seed)
		}
	}
}

// TestLoads: the same load gives the same history, another seed another one, and a load that makes no sense is refused.
func TestLoads(t *testing.T) {
	w := Load{Operations: 50, Clients: 3, Keys: 3, PerKey: 4, Actions: 3, Readers: 0.5, Unknown: 0.1}
	same, again := generate(t, w), generate(t, w)
	require.Equal(t, dump(same), dump(again))
	require.NoError(t, same.Validate())
	w.Seed++
	require.NotEqual(t, dump(same), dump(generate(t, w)))
	for name, wrong := range map[string]func(*Load){
		"no operations":     func(w *Load) { w.Operations = 0 },
		"no clients":        func(w *Load) { w.Clients = 0 },
		"a share beyond 1":  func(w *Load) { w.Readers = 1.5 },
		"all lost":          func(w *Load) { w.Unknown = 1 },
		"an unknown plant":  func(w *Load) { w.Plant = "G3" },
		"too few keys":      func(w *Load) { w.Plant, w.Keys = AntiDependency, 2 },
		"single operations": func(w *Load) { w.Plant, w.Actions = AntiDependency, 1 },
		"not in registers":  func(w *Load) { w.Plant, w.Registers = Duplicate, true },
	} {
		other := w
		wrong(&other)
		_, err := Generate(other)
		require.Error(t, err, name)
	}
}

// TestWrongIsToldWithoutTime: what is wrong stays wrong if there is no time to find the fewest operations that show it.
func TestWrongIsToldWithoutTime(t *testing.T) {
	h := generate(t, Load{Operations: 3000, Clients: 8, Keys: 3, Actions: 1, Readers: 0.4, Unknown: 0.05, Values: 4, Plant: SingleRead + realtime})
	var early *Result
	r, err := Verify(context.Background(), h, Options{Whole: 1, Wrong: func(r *Result) { early = r }})
	require.NoError(t, err)
	for _, r := range []*Result{early, r} {
		require.Equal(t, spec.Violated, r.Verdict)
		require.Len(t, r.Findings, 1)
		f := &r.Findings[0]
		require.False(t, f.Minimal)
		require.NotEmpty(t, f.ConfirmedBy)
		require.LessOrEqual(t, len(f.Operations), lastShown)
		require.Contains(t, f.Operations[f.Guilty].Client, "planted", "%s", strings.Join(f.Lines("h"), "\n"))
		require.Contains(t, f.Why[0], "There was no time to find the fewest")
		again, err := Verify(context.Background(), f.History, Options{})
		require.NoError(t, err)
		require.Equal(t, spec.Violated, again.Verdict)
	}
	t.Logf("%s\n%s", early.Findings[0].Message, strings.Join(early.Findings[0].Lines("h"), "\n"))
}
