package autoscaler_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
	"github.com/lagwise/lagwise/scalers/lag"
)

// TestRulesThatAskForReplicasGetThem runs Kubernetes' controller over random rules that ask for a number of replicas, beginning with
// any number. Within the syncs that doubling takes it must not stay below what is asked for, as it does where that lies within its
// tolerance; and in the end it must have no more than its tolerance and one replica beside it.
func TestRulesThatAskForReplicasGetThem(t *testing.T) {
	t.Parallel()
	near := map[string]int{}
	for seed := range uint64(1000) {
		random := chance{rand.New(rand.NewPCG(seed, 2))}
		p := random.promise()
		w := &world{replicas: 1 + random.Int32N(2*p.replicas)}
		if random.once(2) { // just below
			w.replicas = max(1, p.replicas-1-random.Int32N(1+p.replicas/10))
		}
		began := w.replicas
		if began < p.replicas && 10*p.replicas <= 11*began {
			near[p.name]++
		}
		syncs := 0
		const doublings, stabilized = 9, 30
		w.before = func(w *world) {
			if syncs++; syncs > doublings && w.replicas < p.replicas {
				t.Fatalf("seed %d, %s: %d replicas are asked for, %d began, %d run after %d syncs", seed, p.name, p.replicas, began, w.replicas, syncs)
			}
			d, err := p.rules.Policy().Decide(p.view(w.replicas))
			if err != nil {
				t.Fatal(err)
			}
			w.values = map[string]int64{"lag": 1000 * d.Value}
		}
		w.run(t, autoscaler(hpa.Autoscaler{Min: 1, Max: 1000}, nil, []string{"lag"}), hpa.DefaultSync, stabilized*hpa.DefaultSync)
		if syncs < doublings+1 {
			t.Fatalf("seed %d: only %d syncs", seed, syncs)
		}
		if most := p.replicas + p.replicas/9 + 1; w.replicas > most {
			t.Errorf("seed %d, %s: %d replicas are asked for, %d began, %d run in the end", seed, p.name, p.replicas, began, w.replicas)
		}
	}
	t.Log(near)
	for _, name := range []string{"holdReplicas", "windowReplicas", "lagTimeThreshold", "drainWithin"} {
		if near[name] < 30 {
			t.Errorf("%s began %d times within the tolerance: the test says little", name, near[name])
		}
	}
}

// promise is a rule that asks for so many replicas.
type promise struct {
	name      string
	rules     lag.Rules
	replicas  int32
	partition lag.Partition
	// partitions are so many alike.
	partitions int
}

var present = time.Unix(1_000_000, 0)

func (r chance) promise() promise {
	p := promise{
		rules: lag.Rules{Target: target, Topic: "orders", ConsumersPerReplica: 1 + r.Int64N(3)}, replicas: 2 + r.Int32N(100), partitions: 200,
		partition: lag.Partition{Topic: "orders", End: 1000, Committed: 1000, HasCommitted: true, Facts: &lag.Facts{}},
	}
	switch r.IntN(4) {
	case 0:
		p.name, p.rules.QuietPeriod, p.rules.HoldReplicas = "holdReplicas", time.Minute, int64(p.replicas)
		p.partition.Facts.Since = []lag.Since{{Age: time.Minute, Found: true, Offset: 999, Timestamp: present}}
	case 1:
		p.name, p.rules.WindowMode, p.rules.WindowReplicas = "windowReplicas", lag.WindowFloor, int64(p.replicas)
		p.rules.Window = func(time.Time) (open bool, next time.Time, changes bool) { return true, time.Time{}, false }
	case 2:
		p.name, p.rules.Age = "lagTimeThreshold", time.Minute
		age := time.Duration((float64(p.replicas) - r.Float64()) * float64(time.Minute))
		p.partition.Committed = 999
		p.partition.Facts.Records = &lag.Records{From: 999, Through: 1000, Count: 1, Offset: 999, Timestamp: present.Add(-age), HasTimestamp: true}
		p.partitions = int(p.replicas) * int(p.rules.ConsumersPerReplica) // the cap at partitions is no less
	case 3:
		// A consumer gets 100 records done; each partition has more than a half, and at most all of that.
		p.name = "drainWithin"
		p.rules.Drain = lag.Drain{Within: 100 * time.Second, PerReplica: lag.Rate(1000 * p.rules.ConsumersPerReplica)}
		p.partitions = int(p.replicas) * int(p.rules.ConsumersPerReplica)
		half := 26 + r.Int64N(25)
		for i, age := range []time.Duration{25 * time.Second, 50 * time.Second, 100 * time.Second} {
			p.partition.Facts.Since = append(p.partition.Facts.Since, lag.Since{Age: age, Found: true, Offset: 1000 - []int64{half / 2, half, 2 * half}[i], Timestamp: present})
		}
	}
	return p
}

// view is while so many replicas run, each with its consumers.
func (p promise) view(replicas int32) lag.View {
	o := lag.Observation{At: present, Group: &lag.Group{Told: true}}
	for id := range p.partitions {
		one := p.partition
		one.ID = int32(id)
		o.Partitions = append(o.Partitions, one)
	}
	for i := range int64(replicas) * p.rules.ConsumersPerReplica {
		o.Group.Members = append(o.Group.Members, lag.Member{ID: fmt.Sprintf("%04d", i)})
	}
	return lag.View{Now: present, Latest: o}
}
