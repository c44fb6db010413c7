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

// quick shows in half a minute that nothing is lost, and that quietPeriod lets nobody go in between.
func quick() []workload {
	return []workload{{
		scale: 100, triggers: []string{closedloop.KEDA, closedloop.Lagwise, closedloop.Quiet}, commits: []string{"after"},
		partitions: 3, bursts: 2, records: 50, every: 11 * time.Second, onSleep: true, scaleDown: cooldownPeriod, quiet: time.Hour,
	}}
}

// measured is what docs/closed-loop.md is about. Of the backlog, 12 x 275 records, a replica does 600 within drainWithin, so it
// takes 5.5 replicas: six, whose shares are even.
func measured() []workload {
	return []workload{
		{
			scale: 15, triggers: []string{closedloop.KEDA, closedloop.Lagwise, closedloop.Quiet}, commits: []string{"before", "after", "queued"},
			partitions: 3, bursts: 3, records: 500, every: 48 * time.Second, scaleDown: cooldownPeriod, quiet: 15 * time.Minute,
		},
		{
			scale: 15, triggers: []string{closedloop.KEDA, closedloop.InTime}, commits: []string{"after"},
			partitions: 12, bursts: 3, records: 275, every: 75 * time.Second, scaleDown: 10 * time.Minute, within: 10 * time.Minute,
		},
		uneven(0.25), uneven(0.5),
	}
}

// uneven is a backlog whose hottest partition one replica gets done in time.
func uneven(skew float64) workload {
	return workload{
		scale: 15, triggers: []string{closedloop.InTime}, commits: []string{"after"}, skew: skew,
		partitions: 12, bursts: 2, records: 275, every: 75 * time.Second, scaleDown: 10 * time.Minute, within: 10 * time.Minute,
	}
}

// The same bursts are given to Deployments that KEDA's own trigger scales and to others that lagwise scales, all at the same
// time, whose consumers really work them off. What docs/closed-loop.md says of it must be seen: by default in a quick workload,
// with -closed-loop in the measurement that the page shows.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	workloads := quick()
	if *closedLoopInto != "" {
		workloads = measured()
	}
	report := closedloop.Report{
		Machine:  process.Machine(),
		Versions: fmt.Sprintf("KEDA %s, Kubernetes %s, Apache Kafka 4.1.0, lagwise with its push trigger", shared.KEDA, parts.KubernetesVersion),
	}
	fmt.Printf("%s\n%s\n", report.Machine, report.Versions)
	for _, workload := range workloads {
		measured := workload.measure(t)
		fmt.Println(measured.Table())
		report.Workloads = append(report.Workloads, measured)
	}
	for _, refuted := range report.Refuted() {
		t.Error(refuted)
	}
	for _, workload := range report.Workloads {
		for _, loop := range workload.Loops {
			if loop.Wakes[0] == nil || loop.ConsumerSeconds == 0 {
				t.Errorf("%s, commit %s: never asleep, or never awake: %v", loop.Trigger, loop.Commit, loop.Replicas)
			}
		}
	}
	if *closedLoopInto != "" && !t.Failed() {
		if err := report.Write(*closedLoopInto); err != nil {
			t.Error(err)
		}
	}
}

func (w workload) measure(t *testing.T) closedloop.Workload {
	t.Helper()
	s := shared.Scenario(t)
	settings := w.settings()
	s.OwnLagwise(lagwise.Options{Args: []string{
		fmt.Sprintf("--refreshInterval=%.3fs", settings.RefreshInterval),
		"--maxSnapshotAge=5s", // scaled, it were less, but a busy machine needs as much
	}})
	topic, pods := s.Topic("quotes", w.partitions), s.FollowPods()
	w.burst(s, s.Topic("warm-up", w.partitions)) // the first records of a young broker take half a second
	loops := w.loops()
	for _, loop := range loops {
		w.begin(s, topic, loop)
	}
	for _, loop := range loops {
		s.AwaitCondition(loop.name, "Ready", "True")
		s.AwaitCondition(loop.name, "Active", "False")
	}
	bursts := w.produce(s, topic, loops)
	measured := closedloop.Workload{Settings: settings}
	for _, at := range bursts {
		measured.Bursts = append(measured.Bursts, at.Sub(bursts[0]).Round(10*time.Millisecond).Seconds())
	}
	for _, loop := range loops {
		awaitSleep(s, pods, loop.name, bursts[len(bursts)-1], settings)
	}
	for _, loop := range loops {
		measured.Loops = append(measured.Loops, closedloop.Observed{
			Bursts: bursts, Records: w.counts(),
			Changes: s.Replicas(loop.name).Changes(), Pods: pods.Of(loop.name), Done: s.Records(),
		}.Sum(loop.trigger, loop.commit))
	}
	return measured
}

// awaitSleep waits until a Deployment has gone to 0 since the last burst and has been there, without a pod, for longer than KEDA
// needs to see that there is lag.
func awaitSleep(s *stage.Scenario, pods *stage.Pods, name string, lastBurst time.Time, settings closedloop.Settings) {
	asleep := 3 * time.Duration(settings.PollingInterval) * time.Second
	s.Eventually(3*stage.Patience, func() error {
		if now := s.Replicas(name).Now(); now.Wanted != 0 || now.At.Before(lastBurst) || time.Since(now.At) < asleep {
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
