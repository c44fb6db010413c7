package e2e_test

import (
	"fmt"
	"math"
	"time"

	"github.com/lagwise/lagwise/test/e2e/closedloop"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// workload is what a user wrote down, so many times faster.
type workload struct {
	// scale divides every time of the ScaledObject, of lagwise and of the work on a record.
	scale time.Duration
	// triggers scale Deployments of their own for each of the ways in which consumers commit.
	triggers, commits []string
	// bursts come, of so many records for each partition.
	partitions, bursts, records int
	// skew is how unevenly they fall into the partitions, as with "lagwise simulate --skew".
	skew float64
	// every is the time between two bursts, not scaled. With onSleep a burst waits for KEDA's own trigger, too, until that has
	// its replicas at 0.
	every   time.Duration
	onSleep bool
	// scaleDown is the HPA's stabilization window; quiet and within are quietPeriod and drainWithin of the triggers that have
	// them. They are scaled.
	scaleDown, quiet, within time.Duration
}

// What was written down, before times are scaled.
const (
	pollingInterval = 30 * time.Second
	cooldownPeriod  = 300 * time.Second
	refreshInterval = 5 * time.Second // lagwise's default
	workOfRecord    = time.Second     // three consumers do three records a second
	shortCooldown   = 10 * time.Second
)

// looping is a Deployment while it is measured.
type looping struct{ name, trigger, commit string }

func (w workload) loops() []looping {
	var loops []looping
	for _, commit := range w.commits {
		for i, trigger := range w.triggers {
			loops = append(loops, looping{fmt.Sprintf("%s-%d", commit, i), trigger, commit})
		}
	}
	return loops
}

// whole is a time scaled: KEDA and the HPA count whole seconds.
func (w workload) whole(written time.Duration) int {
	if written == 0 {
		return 0
	}
	return max(1, int((written / w.scale).Seconds()))
}

func (w workload) settings() closedloop.Settings {
	return closedloop.Settings{
		Scale:           int(w.scale),
		PollingInterval: w.whole(pollingInterval), CooldownPeriod: w.whole(cooldownPeriod), ScaleDown: w.whole(w.scaleDown),
		QuietPeriod: w.whole(w.quiet), DrainWithin: w.whole(w.within),
		RefreshInterval: max(100*time.Millisecond, refreshInterval/w.scale).Round(time.Millisecond).Seconds(), // lagwise takes no less
		Partitions:      w.partitions, Bursts: w.bursts, RecordsOfBurst: w.partitions * w.records, Skew: w.skew,
		BetweenBursts: w.between().Round(10 * time.Millisecond).Seconds(), WorkOfRecord: (workOfRecord / w.scale).Round(100 * time.Microsecond).Seconds(),
	}
}

// begin makes a Deployment and its ScaledObject, with a group of its own on the topic of them all.
func (w workload) begin(s *stage.Scenario, topic string, loop looping) {
	group, settings := s.Group(loop.name), w.settings()
	for partition := range int32(w.partitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy(loop.name, s.Consumer(topic, group, "-commit="+loop.commit, fmt.Sprintf("-work=%.4fs", settings.WorkOfRecord)))
	behavior := []any{"spec", "advanced", "horizontalPodAutoscalerConfig", "behavior"}
	edits := []stage.Edit{
		stage.Named(loop.name),
		stage.Set(group, "spec", "triggers", 0, "metadata", "consumerGroup"),
		stage.Set(settings.PollingInterval, "spec", "pollingInterval"),
		stage.Set(settings.CooldownPeriod, "spec", "cooldownPeriod"),
		stage.Set(settings.ScaleDown, append(behavior, "scaleDown", "stabilizationWindowSeconds")...),
		stage.Set(1, append(behavior, "scaleDown", "policies", 0, "periodSeconds")...),
		stage.Set([]any{scaleUp("Pods", 4), scaleUp("Percent", 100)}, append(behavior, "scaleUp", "policies")...),
	}
	s.Apply("kafka-bursts.yaml", append(edits, w.keys(loop.trigger)...)...)
}

// scaleUp is one of Kubernetes' own two rules for going up, of which the faster one counts: in a second instead of 15.
func scaleUp(kind string, value int64) any {
	return map[string]any{"type": kind, "value": value, "periodSeconds": int64(1)}
}

// keys is what a trigger has that the example has not.
func (w workload) keys(trigger string) []stage.Edit {
	settings := w.settings()
	key := func(name string, value any) stage.Edit {
		return stage.Set(value, "spec", "triggers", 0, "metadata", name)
	}
	switch trigger {
	case closedloop.KEDA:
		return []stage.Edit{stage.BuiltIn()}
	case closedloop.Quiet:
		return []stage.Edit{
			stage.Set(w.whole(shortCooldown), "spec", "cooldownPeriod"),
			key("activationLagThreshold", nil), // any record holds
			key("quietPeriod", fmt.Sprintf("%ds", settings.QuietPeriod)),
			key("holdReplicas", fmt.Sprint(w.partitions)),
			key("capRounding", "ceil"), // no fourth replica for three partitions
		}
	case closedloop.InTime:
		return []stage.Edit{
			key("drainWithin", fmt.Sprintf("%ds", settings.DrainWithin)),
			key("recordsPerSecondPerReplica", fmt.Sprintf("%.3f", 1/settings.WorkOfRecord)),
		}
	default:
		return nil
	}
}

// between is the time between two bursts. KEDA polls at a steady pace: so that no trigger is lucky, the first burst comes half
// an interval after its latest poll, and each other one a third of an interval later than the one before.
func (w workload) between() time.Duration {
	return w.every + time.Duration(w.whole(pollingInterval))*time.Second/3
}

// produce returns the moments just before each burst.
func (w workload) produce(s *stage.Scenario, topic string, loops []looping) []time.Time {
	next := time.NewTimer(time.Duration(w.whole(pollingInterval)) * time.Second / 2)
	defer next.Stop()
	var bursts []time.Time
	for range w.bursts {
		<-next.C
		if w.onSleep && len(bursts) > 0 {
			for _, loop := range loops {
				if loop.trigger == closedloop.KEDA {
					s.Replicas(loop.name).Reach(1, stage.Patience)
					s.Replicas(loop.name).Reach(0, stage.Patience)
				}
			}
		}
		next.Reset(w.between())
		bursts = append(bursts, time.Now())
		w.burst(s, topic)
	}
	return bursts
}

func (w workload) burst(s *stage.Scenario, topic string) {
	for partition, records := range w.counts() {
		s.Produce(topic, int32(partition), records)
	}
}

// counts are how many records of a burst fall into each partition; what rounding leaves is the first one's.
func (w workload) counts() []int {
	var sum float64
	for i := range w.partitions {
		sum += math.Pow(float64(i+1), -w.skew)
	}
	left := w.partitions * w.records
	counts := make([]int, w.partitions)
	for i := range counts {
		counts[i] = int(float64(w.partitions*w.records) * math.Pow(float64(i+1), -w.skew) / sum)
		left -= counts[i]
	}
	counts[0] += left
	return counts
}
