package e2e_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// runs makes a ScaledJob's container what it would be in a real cluster: a program that consumes.
func runs(program stage.Workload) stage.Edit {
	container := func(field string, value any) stage.Edit {
		return stage.Set(value, "spec", "jobTargetRef", "template", "spec", "containers", 0, field)
	}
	arguments := make([]any, 0, len(program.Args))
	for _, argument := range program.Args {
		arguments = append(arguments, argument)
	}
	return func(object map[string]any) error {
		return errors.Join(container("image", program.Image)(object), container("command", nil)(object), container("args", arguments)(object))
	}
}

// Records start one job, which ends when it has drained its topic; more records start the next. No two run at once, none
// runs for nothing, and each record is processed once. The job goes on looking for longer than lagwise's maxSnapshotAge of
// 15s, so that its last commit is known when it ends.
func TestOneJobAtATime(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const records = 10
	topic, group := s.Topic("ListedStockPrice", 1), s.Group("python_data_load")
	s.Commit(group, topic, 0, 0)
	jobs := s.FollowJobs()
	s.Apply("kafka-job.yaml", runs(s.Consumer(topic, group, "-work=100ms", "-exit-when-drained=20s")))

	for wave := 1; wave <= 2; wave++ {
		produced := time.Now()
		s.Produce(topic, 0, records)
		s.Eventually(stage.Patience, func() error {
			if all := jobs.All(); len(all) < wave || jobs.Running() > 0 || len(distinct(s.Records())) < wave*records {
				return fmt.Errorf("wave %d is not drained: %s; %d records are processed", wave, jobs, len(s.Records()))
			}
			return nil
		})
		s.Figure("records -> first Job", jobs.All()[wave-1].Created.Sub(produced))
	}
	// The next poll but one would start what is not wanted.
	s.Hold(3*time.Second, func() error { return tooMany(jobs, 2) })
	s.Figure("jobs", jobs)
	if most := jobs.MostAtOnce(); most > 1 {
		t.Errorf("%d jobs at once: %s", most, jobs)
	}
	if n := len(s.Records()); n != 2*records {
		t.Errorf("%d records were processed %d times", 2*records, n)
	}
}

// Three jobs for three jobs' worth of lag, and not one more, while they work or after. This lagwise looks at Kafka each
// second: its jobs may end sooner.
func TestJobsPerLag(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	s.OwnLagwise(lagwise.Options{Args: []string{"--refreshInterval=1s"}})
	const partitions, each = 3, 5
	topic, group := s.Topic("uploads", partitions), s.Group("thumbnails")
	for partition := range int32(partitions) {
		s.Commit(group, topic, partition, 0)
	}
	jobs := s.FollowJobs()
	s.Apply("kafka-jobs.yaml", runs(s.Consumer(topic, group, "-work=300ms", "-exit-when-drained=10s")))
	s.AwaitScaledJob("thumbnails")

	produced := time.Now()
	for partition := range int32(partitions) {
		s.Produce(topic, partition, each)
	}
	s.Eventually(stage.Patience, func() error {
		if n := len(distinct(s.Records())); n < partitions*each || jobs.Running() > 0 {
			return fmt.Errorf("%d records are processed; %s", n, jobs)
		}
		return nil
	})
	s.Figure("records -> first Job", jobs.All()[0].Created.Sub(produced))
	s.Hold(3*time.Second, func() error { return tooMany(jobs, partitions) })
	s.Figure("jobs", jobs)
	if most := jobs.MostAtOnce(); most != partitions {
		t.Errorf("want %d jobs at once, got %d: %s", partitions, most, jobs)
	}
}

func tooMany(jobs *stage.Jobs, most int) error {
	if len(jobs.All()) > most {
		return fmt.Errorf("want no more than %d jobs, got %s", most, jobs)
	}
	return nil
}

// Polls are answered from memory: KEDA may ask every second, and Kafka is asked no more often than before. KEDA's own
// trigger asks Kafka at every poll.
func TestJobPollsCostKafkaNothing(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	kafka := s.OwnCountedKafka()
	s.OwnLagwise(lagwise.Options{})
	const scaledJobs, window = 5, 25 * time.Second
	topic, group := s.Topic("ListedStockPrice", 1), s.Group("python_data_load")
	s.Produce(topic, 0, 1)
	s.Commit(group, topic, 0, 1)

	measure := func(pollingInterval int, edits ...stage.Edit) int {
		edits = append(edits, runs(stage.Pause()), stage.Set(pollingInterval, "spec", "pollingInterval"))
		for i := range scaledJobs {
			s.Apply("kafka-job.yaml", append(edits, stage.Named(fmt.Sprintf("job-%d", i)))...)
		}
		for i := range scaledJobs {
			s.AwaitScaledJob(fmt.Sprintf("job-%d", i))
		}
		before := kafka.OffsetRequests()
		s.Hold(window, func() error { return nil })
		return kafka.OffsetRequests() - before
	}
	slow := measure(30)
	fast := measure(1)
	builtIn := measure(1, stage.BuiltIn())
	s.Figure("offset requests in 25s, 5 ScaledJobs polled every 30s", slow)
	s.Figure("every second", fast)
	s.Figure("KEDA's own trigger, every second", builtIn)
	if slow == 0 || fast > 2*slow {
		t.Errorf("Kafka was asked for offsets %d times in %s when polled every 30s, %d times when polled every second", slow, window, fast)
	}
	if builtIn < 2*fast {
		t.Errorf("KEDA's own trigger asked only %d times: are requests counted?", builtIn)
	}
}
