package simulate_test

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/internal/simulate"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

// plain answers with all lag, for ten records a replica.
func plain(world *simulate.World) scalers.Factory {
	topic := world.Topic()
	return func(scalers.Trigger) scalers.Scaler { return sum{topic.See("orders", lag.Needs{}, false)} }
}

type sum struct{ *simulate.Sight }

func (sum) Metric() scalers.Metric { return scalers.Metric{Name: "lag", Target: 10} }

func (s sum) Evaluate(context.Context) (scalers.Evaluation, error) {
	var lag int64
	for _, p := range s.View().Latest.Partitions {
		lag += p.End - p.Committed
	}
	return scalers.Evaluation{Value: float64(lag), Active: lag > 0}, nil
}

// messages answers with all messages of a queue, for ten a replica, as of the latest statistics.
func messages(world *simulate.World) scalers.Factory {
	queue := world.Queue()
	return func(scalers.Trigger) scalers.Scaler {
		return total{simulate.Watch(world, simulate.Looks{Urgent: true}, queue.Told)}
	}
}

type total struct {
	*simulate.Seen[simulate.QueueFigures]
}

func (total) Metric() scalers.Metric { return scalers.Metric{Name: "messages", Target: 10} }

func (t total) Evaluate(context.Context) (scalers.Evaluation, error) {
	count := t.Latest().Ready + t.Latest().Unacknowledged
	return scalers.Evaluation{Value: float64(count), Active: count > 0}, nil
}

// TestNothingIsMadeOrForgotten plays random setups: whatever comes is done, lost or left, and replicas stay within bounds.
func TestNothingIsMadeOrForgotten(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		setup := random(r)
		ofQueue := seed%2 == 0
		if ofQueue {
			asQueue(r, &setup)
		}
		if err := setup.Check(); err != nil {
			t.Fatal(err)
		}
		result, err := simulate.Run(t.Context(), setup)
		if err != nil {
			t.Fatal(err)
		}
		came := int64(0)
		for _, burst := range setup.Arrivals.Bursts {
			came += int64(burst.Records)
		}
		if result.Left < 0 || result.Lost < 0 || result.Left+result.Lost > came || result.MaxLag > came {
			t.Errorf("seed %d: of %d records %d are left, %d lost, lag was %d", seed, came, result.Left, result.Lost, result.MaxLag)
		}
		if safe := setup.Replicas.Commit == simulate.CommitAfter || !ofQueue && setup.Replicas.Commit == simulate.CommitBefore; safe && result.Lost > 0 {
			t.Errorf("seed %d: %d are lost although nothing is queued", seed, result.Lost)
		}
		if result.MostReplicas > setup.Object.MaxReplicas || result.ReplicaSeconds > float64(result.MostReplicas)*setup.During.Seconds()+1 {
			t.Errorf("seed %d: %d replicas, %.0f replica-seconds", seed, result.MostReplicas, result.ReplicaSeconds)
		}
		for i, point := range result.Points {
			if point.Lag < 0 || point.Age < 0 || point.Wanted < 0 || i > 0 && point.At <= result.Points[i-1].At {
				t.Fatalf("seed %d: %+v", seed, point)
			}
		}
	}
}

func random(r *rand.Rand) simulate.Setup {
	object := hpa.ScaledObject{MinReplicas: r.Int32N(2), MaxReplicas: 2 + r.Int32N(20), Cooldown: time.Duration(r.IntN(200)) * time.Second}
	setup := simulate.Setup{
		Object: object, Autoscaler: object.Autoscaler(), Triggers: []simulate.Trigger{{Source: plain, Pushed: r.IntN(2) == 0}},
		Partitions: 1 + r.IntN(20), Skew: float64(r.IntN(3)) / 2, From: time.Unix(0, 0), During: 20 * time.Minute, Initial: object.MinReplicas,
		Replicas: simulate.Replicas{
			PerSecond: 1 + 20*r.Float64(), Start: time.Duration(r.IntN(30)) * time.Second, Heartbeat: time.Duration(r.IntN(5)) * time.Second,
			Commit:      []simulate.Commit{simulate.CommitAfter, simulate.CommitBefore, simulate.CommitQueued}[r.IntN(3)],
			CommitEvery: time.Duration(r.IntN(3)) * time.Second,
		},
		Polling: 30 * time.Second, Sync: hpa.DefaultSync, Refresh: 5 * time.Second,
	}
	for i := range r.IntN(3) {
		setup.Arrivals.Bursts = append(setup.Arrivals.Bursts, simulate.Burst{At: time.Duration(i*5) * time.Minute, Records: float64(r.IntN(5000))})
	}
	return setup
}

func asQueue(r *rand.Rand, setup *simulate.Setup) {
	setup.Triggers[0].Source = messages
	setup.Partitions, setup.Skew, setup.Replicas.CommitEvery = 0, 0, 0
	setup.Replicas.Prefetch = r.IntN(100)
}

// What is for a topic is no setting of a queue, and the other way round.
func TestSettingsOfAnotherBacklogAreRefused(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*simulate.Setup){
		"--partitions":              func(s *simulate.Setup) { s.Partitions = 2 },
		"--skew":                    func(s *simulate.Setup) { s.Skew = 1 },
		"--commit-every":            func(s *simulate.Setup) { s.Replicas.CommitEvery = time.Second },
		"--prefetch":                func(s *simulate.Setup) { s.Triggers[0].Source = plain; s.Replicas.Prefetch = 2 },
		"of a topic and of a queue": func(s *simulate.Setup) { s.Triggers = append(s.Triggers, simulate.Trigger{Source: plain}) },
		"--prefetch 70000: want 1":  func(s *simulate.Setup) { s.Replicas.Prefetch = 70_000 },
	} {
		setup := random(rand.New(rand.NewPCG(1, 1)))
		asQueue(rand.New(rand.NewPCG(1, 1)), &setup)
		setup.Replicas.Prefetch = 0
		change(&setup)
		err := setup.Check()
		if err == nil {
			_, err = simulate.Run(t.Context(), setup)
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestAChartIsXML(t *testing.T) {
	t.Parallel()
	result, err := simulate.Run(t.Context(), random(rand.New(rand.NewPCG(1, 1))))
	if err != nil {
		t.Fatal(err)
	}
	result.Name = `</svg><script>"&`
	for what, text := range map[string]string{"chart": simulate.SVG([]simulate.Result{result}), "chart of nothing": simulate.SVG([]simulate.Result{{}})} {
		decoder := xml.NewDecoder(strings.NewReader(text))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if start, is := token.(xml.StartElement); is && start.Name.Local == "script" {
				t.Errorf("%s: a name is taken for markup", what)
			}
		}
	}
}
