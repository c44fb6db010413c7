package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// plainName is the topic of the plain consumer.
const plainName = "plain"

// plain is a consumer of one partition, with librdkafka's defaults: the fastest that a record can be noticed.
type plain struct {
	consumer *kafka.Consumer
	received chan time.Time
	stop     context.CancelFunc
	polling  sync.WaitGroup
}

func (l *lab) plain(ctx context.Context) (*plain, error) {
	if err := l.operator.createOnce(ctx, 1, plainName); err != nil {
		return nil, err
	}
	ends, err := l.operator.ends(ctx, partitionsOf(plainName, 1))
	if err != nil {
		return nil, err
	}
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": l.broker.Address(), "group.id": "plain", "enable.auto.commit": false, "log_level": 0,
	})
	if err != nil {
		return nil, fmt.Errorf("opening a consumer: %w", err)
	}
	if err := consumer.Assign(ends); err != nil {
		_ = consumer.Close()
		return nil, fmt.Errorf("assigning: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	p := &plain{consumer: consumer, received: make(chan time.Time, 1), stop: stop}
	p.polling.Go(func() {
		for ctx.Err() == nil {
			if _, ok := consumer.Poll(100).(*kafka.Message); ok {
				p.received <- time.Now()
			}
		}
	})
	return p, nil
}

func (p *plain) close() {
	p.stop()
	p.polling.Wait()
	_ = p.consumer.Close()
}

// latency produces one record and says how long it took to arrive.
func (p *plain) latency(ctx context.Context, operator *operator) (time.Duration, error) {
	if err := pause(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := operator.send(plainName, 0, []byte("x")); err != nil {
		return 0, err
	}
	select {
	case at := <-p.received:
		return at.Sub(began), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(30 * time.Second):
		return 0, fmt.Errorf("the plain consumer received nothing within 30 s")
	}
}
