package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"golang.org/x/sync/errgroup"
)

// busyRate is how many bytes a second go into the busy topic, in records of busyRecord bytes.
const (
	busyRate   = 20 << 20
	busyRecord = 8 << 10
)

// measureTailing waits for activation on a topic that is always busy while a rule keeps its trigger inactive: how much of
// it does lagwise read?
func measureTailing(ctx context.Context, l *lab, r *report) error {
	const topic, group = "busy", "busy"
	if err := l.operator.createOnce(ctx, fleetPartitions, topic); err != nil {
		return err
	}
	if err := l.operator.drain(ctx, group, topic, fleetPartitions); err != nil {
		return err
	}
	subject, err := l.lagwise(ctx)
	if err != nil {
		return err
	}
	f, err := connect(subject)
	if err != nil {
		subject.Stop(stopGrace)
		return err
	}
	defer f.close()
	f.references = append(f.references, reference("busy", map[string]string{
		"bootstrapServers": l.broker.Address(), "consumerGroup": group, "topic": topic, "activationLagThreshold": "1000000000000",
	}))

	producing, stop := context.WithCancel(ctx)
	defer stop()
	var producer errgroup.Group
	producer.Go(func() error { return l.operator.keepBusy(producing, topic) })
	in, out, err := l.bytesOf(ctx, f, topic)
	stop()
	if err := errors.Join(err, producer.Wait()); err != nil {
		return err
	}
	r.Figures = append(r.Figures, figure{
		Name: fmt.Sprintf("tailed of a busy topic (%.0f MiB/s) that its rule keeps inactive", in/(1<<20)), Value: 100 * out / in, Unit: "% of its bytes",
		Goals: []goal{atMost(5)},
	})
	return nil
}

// bytesOf says how many bytes a second go into a topic and out of it.
func (l *lab) bytesOf(ctx context.Context, f *fleet, topic string) (in, out float64, err error) {
	if err := f.open(ctx); err != nil {
		return 0, 0, err
	}
	if err := sleep(ctx, 5*time.Second); err != nil {
		return 0, 0, err
	}
	inBefore, outBefore, err := l.bytesSoFar(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if err := sleep(ctx, l.size.window/2); err != nil {
		return 0, 0, err
	}
	in, out, err = l.bytesSoFar(ctx, topic)
	seconds := time.Since(began).Seconds()
	if in -= inBefore; in == 0 {
		return 0, 0, errors.Join(err, errors.New("nothing was produced"))
	}
	return in / seconds, (out - outBefore) / seconds, err
}

func (l *lab) bytesSoFar(ctx context.Context, topic string) (in, out float64, err error) {
	if in, err = l.jmx.bytes(ctx, "In", topic); err != nil {
		return 0, 0, err
	}
	out, err = l.jmx.bytes(ctx, "Out", topic)
	return in, out, err
}

// keepBusy produces at busyRate until ctx ends.
func (o *operator) keepBusy(ctx context.Context, topic string) error {
	value := make([]byte, busyRecord)
	const ticks = 50 // a second
	ticker := time.NewTicker(time.Second / ticks)
	defer ticker.Stop()
	for id := int32(0); ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for range busyRate / busyRecord / ticks {
			id = (id + 1) % fleetPartitions
			err := o.send(topic, id, value)
			if failed, ok := errors.AsType[kafka.Error](err); ok && failed.Code() == kafka.ErrQueueFull {
				break // the broker does not keep up; the rate is measured, not assumed
			}
			if err != nil {
				return err
			}
		}
	}
}
