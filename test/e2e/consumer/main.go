// Command consumer is what scales: a member of a Kafka consumer group that takes its time for each record.
//
// It prints "ready" when it has joined its group, "processed TIME PARTITION OFFSET" for each record when it is done with it,
// and "left" when it has left the group, after SIGTERM or when there was nothing to do for long enough.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// settings are the program's flags.
type settings struct {
	brokers, group, topic, reset string
	// work is how long each record takes; see labourOf.
	work time.Duration
	// commit is "before" or "after" processing: what is lost, or done twice, when the consumer dies in between. "queued" is
	// before, too, but for all records that are waiting at once; see workThroughQueue.
	commit string
	// exitWhenDrained ends the program, with code 0, when no record came for so long. Zero is never.
	exitWhenDrained time.Duration
}

func main() {
	var s settings
	flag.StringVar(&s.brokers, "brokers", "", "bootstrap servers")
	flag.StringVar(&s.group, "group", "", "consumer group")
	flag.StringVar(&s.topic, "topic", "", "topic")
	flag.StringVar(&s.reset, "reset", "earliest", "where to begin without a commit: earliest or latest")
	flag.DurationVar(&s.work, "work", 0, "how long each record takes")
	flag.StringVar(&s.commit, "commit", "after", "commit a record before or after its processing, or when it is queued for it")
	flag.DurationVar(&s.exitWhenDrained, "exit-when-drained", 0, "end when no record came for so long; 0 is never")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := consume(ctx, s, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "consumer:", err)
		os.Exit(1)
	}
}

func consume(ctx context.Context, s settings, out io.Writer) (err error) {
	if s.commit != "before" && s.commit != "after" && s.commit != "queued" {
		return fmt.Errorf("commit %q: want before, after or queued", s.commit)
	}
	consumer, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers": s.brokers, "group.id": s.group, "auto.offset.reset": s.reset, "enable.auto.commit": false,
		"session.timeout.ms": 6000, // the shortest that brokers allow: a killed consumer's partitions are taken over sooner
	})
	if err != nil {
		return fmt.Errorf("make a consumer: %w", err)
	}
	defer func() {
		if failed := consumer.Close(); failed != nil {
			err = errors.Join(err, fmt.Errorf("leave the group: %w", failed))
			return
		}
		say(out, "left")
	}()

	var joined time.Time
	if err := consumer.SubscribeTopics([]string{s.topic}, func(_ *kafka.Consumer, _ kafka.Event) error {
		if joined.IsZero() {
			joined = time.Now()
			say(out, "ready")
		}
		return nil // librdkafka then assigns by itself
	}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if s.commit == "queued" {
		return workThroughQueue(ctx, consumer, &joined, s, out)
	}
	labour := labourOf(s.work, out)
	return work(ctx, consumer, &joined, s, func(record *kafka.Message) {
		if s.commit == "before" {
			commit(consumer, record)
		}
		labour(record)
		if s.commit == "after" {
			commit(consumer, record)
		}
	})
}

// work hands on records until ctx ends or the topic is drained. A record that it has begun is finished first. Nothing can
// be said about the topic before the consumer has joined its group, which happens while it reads.
func work(ctx context.Context, consumer *kafka.Consumer, joined *time.Time, s settings, take func(*kafka.Message)) error {
	const glance = 100 * time.Millisecond
	var lastRecord time.Time
	for ctx.Err() == nil {
		record, err := consumer.ReadMessage(glance)
		var failed kafka.Error
		switch {
		case err == nil:
		case errors.As(err, &failed) && failed.IsTimeout():
			idle := min(time.Since(lastRecord), time.Since(*joined))
			if s.exitWhenDrained > 0 && !joined.IsZero() && idle > s.exitWhenDrained {
				return nil
			}
			continue
		case errors.As(err, &failed) && !failed.IsFatal():
			fmt.Fprintln(os.Stderr, "consumer:", err) // librdkafka tries again by itself
			continue
		default:
			return fmt.Errorf("read: %w", err)
		}
		take(record)
		lastRecord = time.Now()
	}
	return nil
}

// labourOf works on one record after the other, so long on each. What lies between two records, such as a commit, is part of
// that time, as it is where something else limits the rate.
func labourOf(long time.Duration, out io.Writer) func(record *kafka.Message) {
	var end time.Time
	return func(record *kafka.Message) {
		if end = end.Add(long); end.Before(time.Now()) { // there was nothing to do for a while
			end = time.Now().Add(long)
		}
		time.Sleep(time.Until(end)) // the work itself
		say(out, fmt.Sprintf("processed %s %d %d", time.Now().Format(time.RFC3339Nano), record.TopicPartition.Partition, record.TopicPartition.Offset))
	}
}

// commit may fail while the group rebalances: the next member then processes the record again, as in any group.
func commit(consumer *kafka.Consumer, record *kafka.Message) {
	if _, err := consumer.CommitMessage(record); err != nil {
		fmt.Fprintln(os.Stderr, "consumer: commit:", err)
	}
}

// say prints a line at once, in one piece: whoever reads it may be waiting for it.
func say(out io.Writer, line string) {
	_, _ = fmt.Fprintln(out, line) // without a reader there is nothing to say
}
