package lag_test

import (
	"math"
	"sort"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestABurstIsDoneInTime closes the loop: records, lagwise's answers, an HPA, and replicas that take a while to come. A burst is
// gone after the wanted time, 15 % more or less, alone and beside a stream that goes on, and so is the next one. The stream is
// smaller than the burst, since the HPA passes over a tenth of what is needed for both.
func TestABurstIsDoneInTime(t *testing.T) {
	t.Parallel()
	forRandomLoops(t, func(t *testing.T, r random, l *loop) {
		t.Helper()
		if r.chance(2) {
			l.stream(0, 20*l.within, l.burst/l.within.Seconds()/2*r.Float64())
			l.run(4 * l.within)
		}
		for range 2 {
			began := l.now
			l.lands(l.burst)
			for l.lag() > l.burst/100 && l.now < began+2*l.within {
				l.step()
			}
			took := float64(l.now-began) / float64(l.within)
			if took < 0.85 || took > 1.15 {
				t.Fatalf("a burst of %.0f took %.2f times %s; at its beginning %.1f came a second", l.burst, took, l.within, l.perSecond)
			}
			l.run(began + time.Duration((2.2+r.Float64())*float64(l.within)) - l.now)
		}
	})
}

// TestAStreamGetsWhatItNeeds: one that begins is met by its lag first, so that no record waits for longer than the time; later
// on it has the replicas that take as much as comes, and no lag but what comes between two looks.
func TestAStreamGetsWhatItNeeds(t *testing.T) {
	t.Parallel()
	forRandomLoops(t, func(t *testing.T, r random, l *loop) {
		t.Helper()
		replicas := 15 + 15*r.Float64()
		l.stream(0, 20*l.within, replicas*l.each)
		for l.now < 6*l.within {
			l.step()
			if waited := l.oldest(); waited > l.within*115/100 {
				t.Fatalf("a record waited for %s of %s", waited, l.within)
			}
		}
		if l.lag() > 2*l.perSecond*l.refresh.Seconds() {
			t.Errorf("lag %.0f is left of a stream of %.1f a second", l.lag(), l.perSecond)
		}
		l.run(2 * l.within)
		if asked := l.asks(); asked < replicas || asked > 1.15*replicas {
			t.Errorf("%.0f replicas are asked for where %.1f have enough to do", asked, replicas)
		}
	})
}

func forRandomLoops(t *testing.T, check func(*testing.T, random, *loop)) {
	t.Helper()
	forSeeds(t, func(t *testing.T, r random) {
		t.Helper()
		for range 3 {
			within := time.Duration(30+r.IntN(3600)) * time.Second
			l := &loop{
				within: within, refresh: within / 60, sync: within / time.Duration(15+r.IntN(30)),
				start: time.Duration(r.Float64() * float64(within) / 8), each: 1 + 50*r.Float64(),
			}
			l.burst = math.Round((15 + 15*r.Float64()) * l.each * within.Seconds())
			l.policy = lag.Rules{
				Target: 1 + r.Int64N(1000), Topic: "orders", AllowIdleConsumers: true,
				Drain: lag.Drain{Within: within, PerReplica: lag.Rate(l.each * 1000)},
			}.Policy()
			l.step()
			check(t, r, l)
		}
	})
}

// fluidPartitions are so many that the busiest consumer has little more to do than the others.
const fluidPartitions = 500

// loop is a topic, a group and an HPA whose stabilisation is as long as the lag may stay. Its records are a fluid.
type loop struct {
	policy                       *lag.Policy
	within, refresh, sync, start time.Duration
	burst, each                  float64

	now              time.Duration
	ends             []float64 // at each step
	end, committed   float64
	perSecond        float64
	from, until      time.Duration
	wishes           []float64 // at each sync
	wanted, replicas float64
	coming           []change
}

type change struct {
	at       time.Duration
	replicas float64
}

func (l *loop) stream(from, until time.Duration, perSecond float64) {
	l.from, l.until, l.perSecond = l.now+from, l.now+until, perSecond
}

func (l *loop) lands(records float64) { l.end += records }
func (l *loop) lag() float64          { return l.end - l.committed }

func (l *loop) run(d time.Duration) {
	for until := l.now + d; l.now < until; {
		l.step()
	}
}

// step is one refresh.
func (l *loop) step() {
	l.ends = append(l.ends, l.end)
	if l.now/l.sync != (l.now-l.refresh)/l.sync || l.now == 0 {
		l.scale()
	}
	for len(l.coming) > 0 && l.coming[0].at <= l.now {
		l.replicas, l.coming = l.coming[0].replicas, l.coming[1:]
	}
	if l.now >= l.from && l.now < l.until {
		l.end += l.perSecond * l.refresh.Seconds()
	}
	l.committed = min(l.end, l.committed+l.replicas*l.each*l.refresh.Seconds())
	l.now += l.refresh
}

// scale is the HPA: it keeps what any look within its stabilisation asked for, and passes over a tenth more or less.
func (l *loop) scale() {
	l.wishes = append(l.wishes, l.asks())
	if kept := int(l.within/l.sync) + 2; len(l.wishes) > kept {
		l.wishes = l.wishes[1:]
	}
	wish := 0.0
	for _, before := range l.wishes {
		wish = max(wish, before)
	}
	if wish == l.wanted || l.wanted > 0 && math.Abs(wish/l.wanted-1) <= 0.1 {
		return
	}
	delay := l.start
	if wish < l.wanted {
		delay = 0
	}
	l.wanted = wish
	l.coming = append(l.coming, change{l.now + delay, wish})
}

// asks is the replicas that lagwise's answer comes to.
func (l *loop) asks() float64 {
	now := time.Unix(1_000_000, 0).Add(l.now)
	latest := lag.Observation{At: now, Group: &lag.Group{Told: true, Members: make([]lag.Member, int(l.replicas))}}
	for id := range int64(fluidPartitions) {
		share := func(records float64) int64 { return (int64(records) + id) / fluidPartitions }
		p := lag.Partition{Topic: "orders", ID: int32(id), End: share(l.end), Committed: share(l.committed), HasCommitted: true, Facts: &lag.Facts{}}
		for _, age := range []time.Duration{l.within / 4, l.within / 2, l.within} {
			first := lag.Since{Age: age, Offset: share(l.endAt(l.now - age)), Timestamp: now.Add(-age)}
			first.Found = first.Offset < p.End
			p.Facts.Since = append(p.Facts.Since, first)
		}
		latest.Partitions = append(latest.Partitions, p)
	}
	d, err := l.policy.Decide(lag.View{Now: now, Latest: latest})
	if err != nil {
		panic(err)
	}
	return math.Ceil(float64(d.Value) / float64(d.Target))
}

func (l *loop) endAt(at time.Duration) float64 {
	if at < 0 {
		return 0
	}
	return l.ends[at/l.refresh]
}

// oldest is how long the next record has waited.
func (l *loop) oldest() time.Duration {
	if l.lag() < 1 {
		return 0
	}
	came := sort.SearchFloat64s(l.ends, l.committed+1)
	return l.now - time.Duration(came)*l.refresh
}
