package e2e_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
)

// rule is an example that is there for a key of lagwise, and a story that shows what the key does. Its Deployment is
// asleep at 0, its group has consumed everything.
type rule struct {
	file string
	// name is the ScaledObject's and the Deployment's, group the trigger's consumerGroup, when it is another one.
	name, group string
	// topics are the partitions of each; neverCommitted leaves the group without commits.
	topics         map[string]int
	neverCommitted bool
	// shortened are times of the trigger that nobody wants to wait for.
	shortened map[string]string
	story     []step
}

// step is one thing that happens to Kafka, and what comes of it.
type step struct {
	// made are topics that join, produced and committed what each partition gets, from 0 on: so many records, and the
	// offset that the group commits as if it had consumed what lies before it.
	made                map[string]int
	produced, committed map[string][]int
	// transacted is produced as well, in one transaction for each partition.
	transacted map[string][]int
	// metric is what the HPA is told, replicas what the Deployment comes to. It is active as long as it has any.
	metric   float64
	replicas int32
	// notBefore is for how long the replicas must not come to that, counted from this step's deeds or, if it has none, from those
	// of the step before.
	notBefore time.Duration
}

var rules = []rule{
	{
		// Work for four replicas is done no sooner by four than by three, and by six it is.
		file: "kafka-even-shares.yaml", name: "shipments", topics: map[string]int{"shipments": 24},
		story: []step{
			{produced: map[string][]int{"shipments": {200}}, metric: 300, replicas: 6},
			{committed: map[string][]int{"shipments": {60}}, metric: 150, replicas: 3},
		},
	},
	{
		// One partition with lag is one replica's, however much it is. Where three have some, the largest counts.
		file: "kafka-skewed.yaml", name: "clicks", topics: map[string]int{"clicks": 6},
		story: []step{
			{produced: map[string][]int{"clicks": {90}}, metric: 50, replicas: 1},
			{produced: map[string][]int{"clicks": {0, 40, 40}}, metric: 90, replicas: 2},
		},
	},
	{
		// A group that never committed is woken by a record, has no lag, and sleeps when no other record comes.
		file: "kafka-new-records.yaml", name: "reports", topics: map[string]int{"reports": 2}, neverCommitted: true,
		shortened: map[string]string{"newRecordsWithin": "30s"},
		story: []step{
			{metric: 0, replicas: 0},
			{produced: map[string][]int{"reports": {1}}, metric: 0, replicas: 1},
			{metric: 0, replicas: 0, notBefore: 30 * time.Second},
		},
	},
	{
		// A topic that joins counts, one has a threshold of its own, and of one a single partition counts.
		file: "kafka-topic-pattern.yaml", name: "orders-of-all",
		topics: map[string]int{"orders-de": 2, "orders-express": 1, "orders-archive": 2},
		story: []step{
			{produced: map[string][]int{"orders-express": {10}, "orders-archive": {0, 500}}, metric: 100, replicas: 2},
			{made: map[string]int{"orders-fr": 1}, produced: map[string][]int{"orders-fr": {50}}, metric: 150, replicas: 3},
		},
	},
	{
		// What is committed at once is worked on for a while: the pod stays, with no lag to show.
		file: "kafka-commits-first.yaml", name: "encoder", topics: map[string]int{"videos": 1},
		shortened: map[string]string{"minActive": "15s"},
		story: []step{
			{produced: map[string][]int{"videos": {1}}, metric: 1, replicas: 1},
			{committed: map[string][]int{"videos": {1}}, metric: 0, replicas: 0, notBefore: 15 * time.Second},
		},
	},
	{
		// Commits have to stand still for half a minute.
		file: "kafka-until-commits-stop.yaml", name: "ledger", topics: map[string]int{"bookings": 2},
		story: []step{
			{produced: map[string][]int{"bookings": {20}}, metric: 20, replicas: 1},
			{committed: map[string][]int{"bookings": {20}}, metric: 0, replicas: 0, notBefore: 30 * time.Second},
		},
	},
	{
		// 9,000 records in five minutes are ten replicas' work, and the quota allows six. 1,800 are two's; the HPA keeps the six, and the
		// trigger stays active for as long as a record may still have to be done in time.
		file: "kafka-in-time.yaml", name: "notifier", topics: map[string]int{"messages": 10},
		story: []step{
			{produced: map[string][]int{"messages": slices.Repeat([]int{900}, 10)}, metric: 60, replicas: 6},
			{committed: map[string][]int{"messages": slices.Repeat([]int{720}, 10)}, metric: 20, replicas: 6},
			{committed: map[string][]int{"messages": slices.Repeat([]int{900}, 10)}, metric: 10, replicas: 6},
		},
	},
	{
		// No consumer has shown its rate yet, so lag counts by the threshold. Four consumers a pod keep twelve partitions busy with three.
		file: "kafka-measured.yaml", name: "invoices", topics: map[string]int{"invoices": 12},
		story: []step{
			{produced: map[string][]int{"invoices": {1000}}, metric: 1000, replicas: 2},
			{produced: map[string][]int{"invoices": {2000}}, metric: 1500, replicas: 3},
		},
	},
	{
		// A group in which nobody is has not stalled.
		file: "kafka-stalled.yaml", name: "renderer", topics: map[string]int{"pages": 4},
		shortened: map[string]string{"stallAfter": "2s"},
		story: []step{
			{produced: map[string][]int{"pages": {20, 20}}, metric: 40, replicas: 2},
			{produced: map[string][]int{"pages": {20}}, metric: 60, replicas: 3},
		},
	},
	{
		// Lag must stay to wake anybody, and 50 of it are not enough.
		file: "kafka-sustained.yaml", name: "overflow", group: "checkout", topics: map[string]int{"checkout": 2},
		shortened: map[string]string{"sustainedFor": "15s"},
		story: []step{
			{produced: map[string][]int{"checkout": {30, 30}}, metric: 60, replicas: 2, notBefore: 15 * time.Second},
			{committed: map[string][]int{"checkout": {10}}, metric: 50, replicas: 0},
		},
	},
	{
		// One record, however few it is, grows older until it is worth all partitions, and not before it has waited at all.
		file: "kafka-lag-in-time.yaml", name: "notifications", topics: map[string]int{"notifications": 2},
		shortened: map[string]string{"lagTimeThreshold": "2s", "activationLagTimeThreshold": "6s"},
		story: []step{
			{produced: map[string][]int{"notifications": {1}}, metric: 20, replicas: 2, notBefore: 6 * time.Second},
			{committed: map[string][]int{"notifications": {1}}, metric: 0, replicas: 0},
		},
	},
	{
		// The end of the transaction stays behind and keeps nobody awake.
		file: "kafka-transactions.yaml", name: "transfers", topics: map[string]int{"transfers": 2},
		story: []step{
			{transacted: map[string][]int{"transfers": {60}}, metric: 60, replicas: 2},
			{committed: map[string][]int{"transfers": {60}}, metric: 0, replicas: 0},
		},
	},
}

// Every rule does with the real KEDA what its example says: the HPA is told the metric, and the Deployment has the replicas.
func TestRules(t *testing.T) {
	t.Parallel()
	quick := shared.Scenario(t).OwnLagwise(lagwise.Options{Args: []string{"--refreshInterval=1s"}})
	for _, rule := range rules {
		t.Run(strings.TrimSuffix(rule.file, ".yaml"), func(t *testing.T) {
			t.Parallel()
			told := &telling{rule: rule, t: t, s: shared.Scenario(t)}
			told.s.Lagwise = quick
			told.begin()
			for i, step := range rule.story {
				t.Logf("step %d", i+1)
				told.happens(step)
			}
		})
	}
}

// telling is a rule whose story is told.
type telling struct {
	rule
	t    *testing.T
	s    *stage.Scenario
	deed time.Time // the latest
	most int32
}

func (r *telling) begin() {
	r.make(r.topics)
	r.s.Deploy(r.name, stage.Pause())
	edits := []stage.Edit{stage.Set(2, "spec", "pollingInterval"), stage.Set(3, "spec", "cooldownPeriod")}
	for key, value := range r.shortened {
		edits = append(edits, stage.Set(value, "spec", "triggers", 0, "metadata", key))
	}
	r.s.Apply(r.file, edits...)
	r.s.AwaitCondition(r.name, "Ready", "True")
}

// happens does what the step says and waits for what comes of it.
func (r *telling) happens(step step) {
	r.t.Helper()
	if len(step.made)+len(step.produced)+len(step.transacted)+len(step.committed) > 0 {
		r.deed = time.Now()
	}
	r.make(step.made)
	for topic, counts := range step.produced {
		for partition, count := range counts {
			r.s.Produce(r.s.TopicName(topic), int32(partition), count)
		}
	}
	for topic, counts := range step.transacted {
		for partition, count := range counts {
			r.s.Transact(r.s.TopicName(topic), int32(partition), count)
		}
	}
	for topic, offsets := range step.committed {
		r.commit(topic, offsets)
	}

	replicas := r.s.Replicas(r.name)
	if after := replicas.Reach(step.replicas, stage.Patience).At.Sub(r.deed); step.notBefore > 0 && after < step.notBefore {
		r.t.Errorf("want %d replicas no sooner than after %s, not after %s: %s", step.replicas, step.notBefore, after, replicas)
	}
	r.s.AwaitCondition(r.name, "Active", map[bool]string{true: "True", false: "False"}[step.replicas > 0])
	r.s.Eventually(stage.Patience, func() error {
		told, err := r.s.Metric(r.name)
		if err == nil && told != step.metric {
			err = fmt.Errorf("want the HPA to be told %v, it is %v", step.metric, told)
		}
		return err
	})
	r.most = max(r.most, step.replicas)
	if most := replicas.Most(); most > r.most {
		r.t.Errorf("want %d replicas at most so far, got %d: %s", r.most, most, replicas)
	}
}

// make makes topics that the group has consumed.
func (r *telling) make(topics map[string]int) {
	for topic, partitions := range topics {
		r.s.Topic(topic, partitions)
		if !r.neverCommitted {
			r.commit(topic, make([]int, partitions))
		}
	}
}

func (r *telling) commit(topic string, offsets []int) {
	for partition, offset := range offsets {
		r.s.Commit(r.s.Group(cmp.Or(r.group, r.name)), r.s.TopicName(topic), int32(partition), int64(offset))
	}
}
