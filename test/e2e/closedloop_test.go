package e2e_test

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/closedloop"
	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/parts"
	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/process"
)

// closedLoopInto is the folder that "make closed-loop" names.
var closedLoopInto = flag.String("closed-loop", "", "measure the closed loops for minutes, and write figures and chart into this folder")

// pace is the workload of the closed loops: what a user wrote down, so many times faster.
type pace struct {
	// scale divides every time of the ScaledObject, of lagwise and of the work on a record.
	scale time.Duration
	// commits are the ways in which consumers commit, each with Deployments of its own.
	commits []string
	// bursts come, of so many records for each partition.
	bursts, records int
	// every is the time between two bursts.
	every time.Duration
}

// What was written down for times, before they are scaled.
const (
	pollingInterval = 30 * time.Second
	cooldownPeriod  = 300 * time.Second
	refreshInterval = 5 * time.Second // lagwise's default
	workOfRecord    = time.Second     // three consumers do three records a second
	loopPartitions  = 3
)

// The same bursts are given to Deployments that KEDA's own trigger scales and to others that lagwise scales, all at the same
// time, whose consumers really work them off. By default this is quick, and shows that nothing is lost; with -closed-loop it
// is the measurement of docs/closed-loop.md.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	chosen := pace{scale: 100, commits: []string{"after"}, bursts: 2, records: 100, every: 10 * time.Second}
	if *closedLoopInto != "" {
		chosen = pace{scale: 15, commits: []string{"before", "after", "queued"}, bursts: 3, records: 500, every: 48 * time.Second}
	}
	report := measureLoops(t, chosen)
	for _, loop := range report.Loops {
		if loop.Commit == "after" && loop.Lost > 0 {
			t.Errorf("%s lost %d records that were committed after they were processed", loop.Trigger, loop.Lost)
		}
		if loop.Wakes[0] == nil || loop.ConsumerSeconds == 0 {
			t.Errorf("%s, commit %s: never asleep, or never awake: %v", loop.Trigger, loop.Commit, loop.Replicas)
		}
	}
	fmt.Printf("%s\n%s\n%s\n", report.Machine, report.Versions, report.Table())
	if *closedLoopInto != "" {
		if err := report.Write(*closedLoopInto); err != nil {
			t.Error(err)
		}
	}
}

// looping is a Deployment while it is measured.
type looping struct{ name, trigger, commit string }

// loops is one of each kind. How consumers commit does not change what capRounding does: it is measured once.
func (p pace) loops() []looping {
	var loops []looping
	for _, commit := range p.commits {
		loops = append(loops, looping{"keda-" + commit, closedloop.KEDA, commit}, looping{"lagwise-" + commit, closedloop.Lagwise, commit})
		if commit == "after" {
			loops = append(loops, looping{"ceil-" + commit, closedloop.CapsCeil, commit})
		}
	}
	return loops
}

func measureLoops(t *testing.T, p pace) closedloop.Report {
	t.Helper()
	s := shared.Scenario(t)
	settings := p.settings()
	s.OwnLagwise(lagwise.Options{Args: []string{
		fmt.Sprintf("--refreshInterval=%.3fs", settings.RefreshInterval),
		"--maxSnapshotAge=1s", // scaled, too, but a busy machine needs as much
	}})
	topic, pods := s.Topic("quotes", loopPartitions), s.FollowPods()
	p.burst(s, s.Topic("warm-up", loopPartitions)) // the first records of a young broker take half a second
	loops := p.loops()
	for _, loop := range loops {
		begin(s, topic, loop, settings)
	}
	for _, loop := range loops {
		s.AwaitCondition(loop.name, "Ready", "True")
		s.AwaitCondition(loop.name, "Active", "False")
	}
	bursts := p.produce(s, topic)
	report := closedloop.Report{
		Machine:  process.Machine(),
		Versions: fmt.Sprintf("KEDA %s, Kubernetes %s, Apache Kafka 4.1.0, lagwise with its push trigger", shared.KEDA, parts.KubernetesVersion),
		Settings: settings,
	}
	for _, at := range bursts {
		report.Bursts = append(report.Bursts, at.Sub(bursts[0]).Round(10*time.Millisecond).Seconds())
	}
	for _, loop := range loops {
		awaitSleep(s, pods, loop.name, settings)
	}
	for _, loop := range loops {
		report.Loops = append(report.Loops, closedloop.Observed{
			Bursts: bursts, Partitions: loopPartitions, Records: p.records,
			Changes: s.Replicas(loop.name).Changes(), Pods: pods.Of(loop.name), Done: s.Records(),
		}.Sum(loop.trigger, loop.commit))
	}
	return report
}

func (p pace) settings() closedloop.Settings {
	// KEDA and the HPA count whole seconds, and lagwise no less than a tenth.
	whole := func(written time.Duration) int { return max(1, int((written / p.scale).Seconds())) }
	return closedloop.Settings{
		Scale:           int(p.scale),
		PollingInterval: whole(pollingInterval), CooldownPeriod: whole(cooldownPeriod), ScaleDown: whole(cooldownPeriod),
		RefreshInterval: max(100*time.Millisecond, refreshInterval/p.scale).Round(time.Millisecond).Seconds(),
		Partitions:      loopPartitions, Bursts: p.bursts, RecordsOfBurst: loopPartitions * p.records,
		BetweenBursts: (p.every + time.Duration(whole(pollingInterval))*time.Second/3).Round(10 * time.Millisecond).Seconds(), WorkOfRecord: (workOfRecord / p.scale).Round(100 * time.Microsecond).Seconds(),
	}
}

// begin makes a Deployment and its ScaledObject, with a group of its own on the topic of them all.
func begin(s *stage.Scenario, topic string, loop looping, settings closedloop.Settings) {
	group := s.Group(loop.name)
	for partition := range int32(loopPartitions) {
		s.Commit(group, topic, partition, 0)
	}
	s.Deploy(loop.name, s.Consumer(topic, group, "-commit="+loop.commit, fmt.Sprintf("-work=%.4fs", settings.WorkOfRecord)))
	edits := []stage.Edit{
		stage.Named(loop.name),
		stage.Set(group, "spec", "triggers", 0, "metadata", "consumerGroup"),
		stage.Set(settings.PollingInterval, "spec", "pollingInterval"),
		stage.Set(settings.CooldownPeriod, "spec", "cooldownPeriod"),
		stage.Set(settings.ScaleDown, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown", "stabilizationWindowSeconds"),
		stage.Set(1, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown", "policies", 0, "periodSeconds"),
	}
	switch loop.trigger {
	case closedloop.KEDA:
		edits = append(edits, stage.BuiltIn())
	case closedloop.CapsCeil:
		edits = append(edits, stage.Set("ceil", "spec", "triggers", 0, "metadata", "capRounding"))
	}
	s.Apply("kafka-bursts.yaml", edits...)
}

// produce returns the moments just before each burst. KEDA polls at a steady pace: so that no trigger is lucky, the first
// burst comes half an interval after its latest poll, and each other one a third of an interval later than the one before.
func (p pace) produce(s *stage.Scenario, topic string) []time.Time {
	interval := time.Duration(p.settings().PollingInterval) * time.Second
	next := time.NewTimer(interval / 2)
	defer next.Stop()
	var bursts []time.Time
	for range p.bursts {
		<-next.C
		next.Reset(p.every + interval/3)
		bursts = append(bursts, time.Now())
		p.burst(s, topic)
	}
	return bursts
}

func (p pace) burst(s *stage.Scenario, topic string) {
	for partition := range int32(loopPartitions) {
		s.Produce(topic, partition, p.records)
	}
}

// awaitSleep waits until a Deployment has been at 0, without a pod, for longer than KEDA needs to see that there is lag.
func awaitSleep(s *stage.Scenario, pods *stage.Pods, name string, settings closedloop.Settings) {
	asleep := 3 * time.Duration(settings.PollingInterval) * time.Second
	s.Eventually(3*stage.Patience, func() error {
		if now := s.Replicas(name).Now(); now.Wanted != 0 || time.Since(now.At) < asleep {
			return fmt.Errorf("%s has wanted %d replicas since %s", name, now.Wanted, now.At.Format(time.TimeOnly))
		}
		for _, pod := range pods.Of(name) {
			if pod.To.IsZero() {
				return fmt.Errorf("%s still runs", pod.Name)
			}
		}
		return nil
	})
}
