package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/process"
)

// latencies are two rows of samples, taken in turns: from just before a record is produced until lagwise's push arrives,
// and until a plain consumer receives it.
type latencies struct{ lagwise, plain []time.Duration }

func (l latencies) figures(way, what string, p50, p99 []goal) []figure {
	quantileOf := func(share float64, goals []goal) figure {
		return figure{
			Name: fmt.Sprintf("%s, %s, p%.0f", way, what, 100*share), Unit: "ms",
			Value: milliseconds(quantile(l.lagwise, share)),
			Peer:  "plain consumer", PeerValue: milliseconds(quantile(l.plain, share)), Goals: goals,
		}
	}
	return []figure{quantileOf(0.5, p50), quantileOf(0.99, p99)}
}

// pause lies before each sample, of random length so that samples fall into step with nothing. lagwise's and the plain
// consumer's begin after the same quiet: a broker that was busy a moment ago answers sooner than one that was idle.
func pause(ctx context.Context) error {
	return sleep(ctx, 150*time.Millisecond+rand.N(50*time.Millisecond)) //nolint:gosec // nothing secret
}

// measureLatencyOfOne watches one partition. A trigger that just woke is not woken again at full speed for some seconds,
// so each sample is a ScaledObject of its own on the same topic and group: its stream is opened, armed, and closed after
// its push.
func measureLatencyOfOne(ctx context.Context, l *lab, r *report) error {
	const topic, group = "single", "single"
	if err := l.operator.createOnce(ctx, 1, topic); err != nil {
		return err
	}
	subject, err := l.lagwise(ctx)
	if err != nil {
		return err
	}
	defer subject.Stop(stopGrace)
	consumer, err := l.plain(ctx)
	if err != nil {
		return err
	}
	defer consumer.close()

	var samples latencies
	const warmup = 5
	for i := range l.size.latencies/2 + warmup {
		if err := l.operator.drain(ctx, group, topic, 1); err != nil {
			return err
		}
		pushed, err := l.latencyOfOne(ctx, subject, reference(fmt.Sprintf("single-%d", i), map[string]string{
			"bootstrapServers": l.broker.Address(), "consumerGroup": group, "topic": topic,
		}), topic)
		if err != nil {
			return err
		}
		received, err := consumer.latency(ctx, l.operator)
		if err != nil {
			return err
		}
		if i >= warmup {
			samples.lagwise, samples.plain = append(samples.lagwise, pushed), append(samples.plain, received)
		}
	}
	r.Figures = append(r.Figures, samples.figures("record to push", "1 watched partition", []goal{atMostTimes(3)}, []goal{atMostTimes(5)})...)
	return nil
}

func (l *lab) latencyOfOne(ctx context.Context, subject *lagwise, ref *pb.ScaledObjectRef, topic string) (time.Duration, error) {
	f, err := connect(subject)
	if err != nil {
		return 0, err
	}
	defer f.connection.Close() //nolint:errcheck // nothing is sent any more
	f.references = []*pb.ScaledObjectRef{ref}
	if err := f.open(ctx); err != nil {
		return 0, err
	}
	defer f.closeStreams()
	// The stream arms its trigger right after the first answer; the fetch is on its way a moment later.
	if err := pause(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := l.operator.send(topic, 0, []byte("x")); err != nil {
		return 0, err
	}
	at, err := f.await(ctx, 0)
	return at.Sub(began), err
}

// cooldown is how long a trigger that pushed is left alone, so that it is idle, observed and armed again.
const cooldown = 20 * time.Second

// measureLatencyOfMany watches every partition of the fleet's topics, hits a random idle one each time, and then all
// topics at once.
func measureLatencyOfMany(ctx context.Context, l *lab, r *report) error {
	f, err := l.fleet(ctx, l.size.fleet)
	if err != nil {
		return err
	}
	defer f.close()
	consumer, err := l.plain(ctx)
	if err != nil {
		return err
	}
	defer consumer.close()
	if err := sleep(ctx, cooldown); err != nil {
		return err
	}

	var samples latencies
	rested := make([]time.Time, l.size.fleet)
	for range l.size.latencies {
		pushed, err := l.latencyOfRandom(ctx, f, rested)
		if err != nil {
			return err
		}
		received, err := consumer.latency(ctx, l.operator)
		if err != nil {
			return err
		}
		samples.lagwise, samples.plain = append(samples.lagwise, pushed), append(samples.plain, received)
	}
	connections, err := process.ConnectionsTo(f.lagwise.PID(), l.port)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d watched partitions", l.size.fleet*fleetPartitions)
	r.Figures = append(r.Figures, samples.figures("record to push", what, []goal{atMostTimes(6)}, []goal{atMostTimes(20)})...)
	r.Figures = append(r.Figures, figure{
		Name: "connections to the broker, " + what, Value: float64(connections), Unit: "connections", Goals: []goal{atMost(16)},
	})
	return measureBursts(ctx, l, f, r)
}

func (l *lab) latencyOfRandom(ctx context.Context, f *fleet, rested []time.Time) (time.Duration, error) {
	if err := pause(ctx); err != nil {
		return 0, err
	}
	trigger := rand.IntN(len(rested)) //nolint:gosec // nothing secret
	for attempts := 0; time.Now().Before(rested[trigger]); attempts++ {
		if attempts%len(rested) == len(rested)-1 { // a small fleet may be all at rest
			if err := sleep(ctx, time.Second); err != nil {
				return 0, err
			}
		}
		trigger = (trigger + 1) % len(rested)
	}
	rested[trigger] = time.Now().Add(cooldown)
	topic := topicName(trigger)
	f.forget()
	began := time.Now()
	if err := l.operator.send(topic, rand.Int32N(fleetPartitions), []byte("x")); err != nil { //nolint:gosec // nothing secret
		return 0, err
	}
	at, err := f.await(ctx, trigger)
	if err != nil {
		return 0, err
	}
	return at.Sub(began), l.operator.drain(ctx, groupName(trigger), topic, fleetPartitions)
}
