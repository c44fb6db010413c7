package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/internal/scaling"
	"github.com/lagwise/lagwise/internal/simulate"
)

// recorded is docs/closed-loop.json: what the real KEDA, HPA and consumers did ("make closed-loop").
type recorded struct {
	Workloads []struct {
		Settings recordedSettings
		Bursts   []float64
		Loops    []recordedLoop
	}
}

type recordedSettings struct {
	PollingInterval, CooldownPeriod, ScaleDown, QuietPeriod, DrainWithin int
	RefreshInterval                                                      float64
	Partitions, RecordsOfBurst                                           int
	WorkOfRecord, Skew                                                   float64
}

type recordedLoop struct {
	Trigger, Commit       string
	Wakes                 []*float64
	Drained, FirstRecords []float64
	Replicas              []struct {
		At    float64
		Count int32
	}
}

func (l recordedLoop) course() []simulate.Change {
	var course []simulate.Change
	for _, change := range l.Replicas {
		course = append(course, simulate.Change{At: lead.Seconds() + change.At, Replicas: change.Count})
	}
	return course
}

// lead is how long a run is played before the first burst.
const lead = 10 * time.Second

// faithful is how near a replay comes to the recording: the drain time of each burst as a part of the real one, less 1, and how the
// courses of wanted replicas lie to each other.
type faithful struct {
	loop       recordedLoop
	partitions int
	drained    []float64
	off, slack float64
	played     simulate.Result
}

func (f faithful) worstDrain() (worst float64) {
	for _, off := range f.drained {
		worst = max(worst, math.Abs(off))
	}
	return worst
}

// The simulation is held to what the real KEDA, HPA and consumers did with the same bursts. docs/simulate.md tells where it is off.
func TestSimulationDoesWhatTheClosedLoopDid(t *testing.T) {
	t.Parallel()
	within := 0
	replays := replayAll(t)
	for _, f := range replays {
		name := fmt.Sprintf("%s, commit %s, %d partitions", f.loop.Trigger, f.loop.Commit, f.partitions)
		if f.worstDrain() > 0.15 {
			t.Errorf("%s: a drain time is off by %.0f %%: %v", name, 100*f.worstDrain(), f.drained)
		}
		if f.worstDrain() <= 0.1 && f.slack <= 3 {
			within++
		}
		if f.slack > 4.5 {
			t.Errorf("%s: the courses are apart for %.1f s at once:\n%v\n%v", name, f.slack, f.loop.course(), f.played.Replicas)
		}
	}
	if within < 9 {
		t.Errorf("only %d of %d loops are drained within 10 %%, and scaled within one replica and 3 s", within, len(replays))
	}
}

func replayAll(t *testing.T) []faithful {
	t.Helper()
	content, err := os.ReadFile("../../docs/closed-loop.json")
	if err != nil {
		t.Fatal(err)
	}
	var record recorded
	if err := json.Unmarshal(content, &record); err != nil {
		t.Fatal(err)
	}
	var all []faithful
	for _, workload := range record.Workloads {
		for _, loop := range workload.Loops {
			f := faithful{loop: loop, partitions: workload.Settings.Partitions, played: replay(t, workload.Settings, workload.Bursts, loop)}
			for i, burst := range f.played.Bursts {
				if burst.Drained == nil {
					t.Fatalf("%s, commit %s: burst %d is never done", loop.Trigger, loop.Commit, i)
				}
				f.drained = append(f.drained, *burst.Drained/loop.Drained[i]-1)
			}
			f.slack, f.off = apart(loop.course(), f.played.Replicas, f.played.Points[len(f.played.Points)-1].At)
			all = append(all, f)
		}
	}
	if len(all) < 11 {
		t.Fatalf("only %d loops are recorded", len(all))
	}
	return all
}

// apart is by how many seconds one course must be moved, at each moment anew, so that they are never more than one replica apart;
// and for how many seconds they are where nothing is moved.
func apart(a, b []simulate.Change, end float64) (slack, off float64) {
	const step = 0.05
	for at := 0.0; at < end; at += step {
		moved := 0.0
		for moved < 30 && !near(a, b, at, moved) {
			moved += step
		}
		slack = max(slack, moved)
		if moved > 0 {
			off += step
		}
	}
	return slack, off
}

func near(a, b []simulate.Change, at, moved float64) bool {
	return math.Abs(float64(wantedAt(a, at)-wantedAt(b, at-moved))) <= 1 || math.Abs(float64(wantedAt(a, at)-wantedAt(b, at+moved))) <= 1
}

func wantedAt(course []simulate.Change, at float64) (replicas int32) {
	for _, change := range course {
		if change.At <= at {
			replicas = change.Replicas
		}
	}
	return replicas
}

// replay plays what the closed loop did: its settings are those of test/e2e. KEDA polls and the HPA looks at the moments of the
// recording, as far as it shows them, and a pod starts as fast as the first one did.
func replay(t *testing.T, s recordedSettings, bursts []float64, loop recordedLoop) simulate.Result {
	t.Helper()
	workloads, err := manifest.Open([]string{"../../examples/kafka-bursts.yaml"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := workloads[0]
	whole := func(seconds int) *int32 { n := int32(seconds); return &n }
	w.Spec.PollingInterval, w.Spec.CooldownPeriod = whole(s.PollingInterval), whole(s.CooldownPeriod)
	w.Spec.Behavior.ScaleDown.StabilizationWindowSeconds = whole(s.ScaleDown)
	w.Spec.Behavior.ScaleDown.Policies[0].PeriodSeconds = 1
	w.Spec.Behavior.ScaleUp = &manifest.ScalingRules{Policies: []manifest.Policy{{Type: "Pods", Value: 4, PeriodSeconds: 1}, {Type: "Percent", Value: 100, PeriodSeconds: 1}}}
	keys := w.Triggers[0].Metadata
	switch loop.Trigger {
	case "kafka":
		w = asKEDA(w)
	case "external-push, quietPeriod":
		w.Spec.CooldownPeriod = whole(1)
		delete(keys, "activationLagThreshold")
		keys["quietPeriod"], keys["holdReplicas"], keys["capRounding"] = fmt.Sprintf("%ds", s.QuietPeriod), fmt.Sprint(s.Partitions), "ceil"
	case "external-push, drainWithin":
		keys["drainWithin"], keys["recordsPerSecondPerReplica"] = fmt.Sprintf("%ds", s.DrainWithin), fmt.Sprintf("%.3f", 1/s.WorkOfRecord)
	}
	setup := simulate.Setup{
		Object: scaling.Object(w.Spec), Autoscaler: scaling.Autoscaler(w.Spec), Partitions: s.Partitions, Skew: s.Skew,
		Replicas: simulate.Replicas{PerSecond: 1 / s.WorkOfRecord, Start: seconds(loop.FirstRecords[0] - *loop.Wakes[0]), Heartbeat: 3 * time.Second, Commit: simulate.Commit(loop.Commit)},
		From:     time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), During: lead + seconds(bursts[len(bursts)-1]+100),
		Polling: scaling.Polling(w.Spec), PollAfter: time.Second, Sync: time.Second, Refresh: seconds(s.RefreshInterval),
	}
	if loop.Trigger == "kafka" {
		setup.PollAfter = (lead + seconds(*loop.Wakes[0])) % setup.Polling
	}
	setup.SyncAfter = lead + seconds(loop.Replicas[2].At)
	for _, at := range bursts {
		setup.Arrivals.Bursts = append(setup.Arrivals.Bursts, simulate.Burst{At: lead + seconds(at), Records: float64(s.RecordsOfBurst)})
	}
	if setup.Triggers, _, err = playable(w); err != nil {
		t.Fatal(err)
	}
	result, err := simulate.Run(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
