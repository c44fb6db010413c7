package parity_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"golang.org/x/sync/errgroup"
)

const (
	randomRounds   = 6
	casesPerRound  = 100
	listsPerRound  = 30
	topicsPerRound = 25
	// atOnce is how many cases wait for Kafka together.
	atOnce = 4
	// caseTimeout ends a case that hangs.
	caseTimeout = time.Minute
)

// compared is one case: who is asked for KEDA's side, about what, and what Kafka holds meanwhile.
type compared struct {
	keda    open
	trigger trigger
	topics  []*topic
	group   string
	commits []kafka.TopicPartition
}

// testRandomTriggers asks about each state once: a lagwise that meets a trigger for the first time looks at Kafka before
// it answers, so the state cannot be an old one.
func testRandomTriggers(t *testing.T, s *stage) {
	s.compareRounds(t, s.random("triggers"), casesPerRound, s.randomCase)
}

// testRandomLists holds lagwise's lists of topics to KEDA's apache-kafka.
func testRandomLists(t *testing.T, s *stage) {
	s.compareRounds(t, s.random("lists"), listsPerRound, s.randomList)
}

func (s *stage) compareRounds(t *testing.T, r *rand.Rand, cases int, newCase func(*rand.Rand, []*topic) compared) {
	t.Helper()
	topics, err := s.emptyTopics(t.Context(), r, topicsPerRound)
	if err != nil {
		t.Fatal(err)
	}
	var tally tally
	for range randomRounds {
		for _, topic := range topics {
			if err := s.disturb(t.Context(), r, topic); err != nil {
				t.Fatal(err)
			}
		}
		var workers errgroup.Group
		workers.SetLimit(atOnce)
		for range cases {
			compared := newCase(r, topics)
			workers.Go(func() error { return s.compare(t, compared, &tally) })
		}
		if err := workers.Wait(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			break
		}
	}
	tally.check(t)
}

// compare makes the state, asks both, and reports a difference.
func (s *stage) compare(t *testing.T, c compared, tally *tally) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), caseTimeout)
	defer cancel()
	if err := s.kafka.commit(ctx, c.group, c.commits); err != nil {
		return err
	}
	want, got := s.both(ctx, c.keda, c.trigger)
	tally.add(want)
	if !want.equals(got) {
		t.Errorf("%s=%d\nKEDA:    %v\nlagwise: %v\ntrigger %v\nstate %s",
			seedVariable, s.seed, want, got, c.trigger, describe(c.topics, c.group, c.commits))
	}
	return nil
}

// randomCase is a trigger of KEDA's kafka scaler for a group that nobody has asked about before.
func (s *stage) randomCase(r *rand.Rand, topics []*topic) compared {
	w := newWriter(r)
	c := compared{keda: keda.NewKafkaScaler, group: s.name(oneOf(r, "workers", "eu/pay:ments", "100%(beta)", "g.r.p", "Grüße an alle"))}
	w.cluster(s.kafka.address, c.group)
	w.counting()
	w.maybe("version", oneOf(r, "1.0.0", "2.8.0", "3.9.0"))
	w.maybe("excludePersistentLag", w.flag(r.IntN(2) == 0)) // a first sighting counts in full

	if r.IntN(5) == 0 { // no topic: the topics in which the group has commits
		c.topics = someOf(r, topics, 1+r.IntN(4))
		for _, topic := range c.topics {
			c.commits = append(c.commits, anyCommitted(r, topic)...)
		}
		w.caps(false)
		w.maybe("topic", "")
		w.maybe("partitionLimitation", "0-2") // ignored
		w.maybe("fullMetadata", w.flag(true))
		c.trigger = w.trigger
		return c
	}

	topic := oneOf(r, topics...)
	c.topics, c.commits = append(c.topics, topic), randomCommits(r, topic)
	w.setFromEnv("topic", topic.name)
	w.caps(true)
	w.maybe("fullMetadata", w.flag(r.IntN(2) == 0))
	w.maybe("partitionLimitation", w.partitions(len(topic.logs)))
	switch r.IntN(25) {
	case 0: // matches nothing
		w.set("partitionLimitation", oneOf(r, "12", "40-50", "77, 99"))
	case 1:
		delete(w.metadata, "topicFromEnv")
		w.set("topic", "no-such-topic")
	}
	c.trigger = w.trigger
	return c
}

// randomList is a trigger of KEDA's apache-kafka scaler with several topics, not all of which need exist.
func (s *stage) randomList(r *rand.Rand, topics []*topic) compared {
	w := newWriter(r)
	c := compared{keda: keda.NewApacheKafkaScaler, group: s.name("workers"), topics: someOf(r, topics, 2+r.IntN(4))}
	w.cluster(s.kafka.address, c.group)
	w.counting()
	w.caps(true)
	w.maybe("excludePersistentLag", w.flag(r.IntN(2) == 0))
	w.maybe("partitionLimitation", oneOf(r, w.partitions(1), w.partitions(12), "0", "77"))

	var names []string
	for _, topic := range c.topics {
		names = append(names, topic.name)
		c.commits = append(c.commits, randomCommits(r, topic)...)
	}
	names = append(names, oneOf(r, nil, nil, []string{"no-such-topic"}, names[:1])...) // the last one repeats a topic
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	w.setFromEnv("topic", strings.Join(names, oneOf(r, ",", ", ", " ,")))
	c.trigger = w.trigger
	return c
}

// someOf picks n different topics.
func someOf(r *rand.Rand, topics []*topic, n int) []*topic {
	chosen := make([]*topic, 0, n)
	for _, i := range r.Perm(len(topics))[:n] {
		chosen = append(chosen, topics[i])
	}
	return chosen
}
