package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// measureRabbitMQ watches a fleet of idle RabbitMQ triggers by each protocol, has messages wake them, and then KEDA's scalers, polled
// as KEDA polls.
func measureRabbitMQ(ctx context.Context, l *lab, r *report) error {
	rabbit, err := newRabbitLab(ctx, l)
	if err != nil {
		return err
	}
	defer rabbit.close()
	for _, w := range rabbit.ways() {
		if err := rabbit.measure(ctx, w, r); err != nil {
			return fmt.Errorf("by %s: %w", w.protocol, err)
		}
	}
	return nil
}

func (r *rabbitLab) measure(ctx context.Context, w way, into *report) error {
	nobody, err := r.watch(ctx, w, nil)
	if err != nil {
		return err
	}
	f, err := r.fleet(ctx, w)
	if err != nil {
		return err
	}
	ours, samples, err := r.watchFleet(ctx, w, f)
	f.close()
	if err != nil {
		return err
	}
	keda, err := r.keda(ctx, w)
	if err != nil {
		return err
	}
	theirs, err := r.watchSettled(ctx, w, keda)
	keda.Stop(stopGrace)
	if err != nil {
		return err
	}
	if ours.requests, theirs.requests, err = r.countRequests(ctx, w); err != nil {
		return err
	}
	into.Figures = append(into.Figures, rabbitFigures(fmt.Sprintf("%d RabbitMQ triggers by %s", r.size.fleet, w.protocol), samples, nobody, ours, theirs)...)
	return nil
}

func rabbitFigures(what string, samples latencies, nobody, ours, theirs rabbitWatched) []figure {
	const keda = "KEDA polled each 30 s"
	figures := samples.figures("message to push", what, nil, nil)
	return append(figures,
		figure{Name: "connections to the broker, " + what, Value: float64(ours.connections), Unit: "connections", Peer: "KEDA", PeerValue: float64(theirs.connections)},
		figure{Name: "RSS, " + what, Value: ours.rss, Unit: "MiB", Peer: "KEDA", PeerValue: theirs.rss},
		figure{Name: "requests per second, " + what, Value: ours.requests, Unit: "/s", Peer: keda, PeerValue: theirs.requests},
		figure{Name: "CPU, " + what, Value: ours.cpu, Unit: "% of a core", Peer: keda, PeerValue: theirs.cpu},
		figure{
			Name: "CPU of the broker, " + what, Value: ours.broker - nobody.broker, Unit: "% of a core",
			Peer: keda, PeerValue: theirs.broker - nobody.broker,
		})
}

// rabbitWatched is what a process did in a window, and the broker meanwhile.
type rabbitWatched struct {
	cpu, broker float64 // percent of a core
	rss         float64 // MiB
	connections int
	requests    float64 // per second
}

// watchSettled leaves a process alone for a while, and then watches it.
func (r *rabbitLab) watchSettled(ctx context.Context, w way, subject *process.Process) (rabbitWatched, error) {
	if err := sleep(ctx, min(settle, r.size.window)); err != nil {
		return rabbitWatched{}, err
	}
	return r.watch(ctx, w, subject)
}

func (r *rabbitLab) watchFleet(ctx context.Context, w way, f *fleet) (seen rabbitWatched, samples latencies, err error) {
	if seen, err = r.watchSettled(ctx, w, f.lagwise.Process); err != nil {
		return seen, samples, err
	}
	f.forget()
	if w.protocol == "amqp" {
		samples, err = r.latenciesInTurns(ctx, f)
	} else {
		samples, err = r.latenciesTogether(ctx, f)
	}
	return seen, samples, err
}

// watch looks at a process and the broker, or at the broker alone, for a window.
func (r *rabbitLab) watch(ctx context.Context, w way, subject *process.Process) (seen rabbitWatched, err error) {
	pids := []int{r.rabbit.PID()}
	if subject != nil {
		pids = append(pids, subject.PID())
	}
	used, err := cpuOf(pids)
	if err != nil {
		return seen, err
	}
	began := time.Now()
	if err := sleep(ctx, r.size.window); err != nil {
		return seen, err
	}
	now, err := cpuOf(pids)
	if err != nil {
		return seen, err
	}
	share := func(i int) float64 { return 100 * (now[i] - used[i]).Seconds() / time.Since(began).Seconds() }
	seen.broker = share(0)
	if subject == nil {
		return seen, nil
	}
	seen.cpu = share(1)
	if seen.rss, err = process.RSS(subject.PID()); err != nil {
		return seen, err
	}
	port, err := w.port()
	if err != nil {
		return seen, err
	}
	seen.connections, err = process.ConnectionsTo(subject.PID(), port)
	return seen, err
}

func cpuOf(pids []int) (used []time.Duration, err error) {
	for _, pid := range pids {
		one, err := process.CPU(pid)
		if err != nil {
			return nil, err
		}
		used = append(used, one)
	}
	return used, nil
}

// latenciesInTurns publishes to random idle queues, each of them once, and to the plain consumer's in between.
func (r *rabbitLab) latenciesInTurns(ctx context.Context, f *fleet) (samples latencies, err error) {
	for _, i := range rand.Perm(r.size.fleet)[:min(r.size.latencies, r.size.fleet)] { //nolint:gosec // nothing secret
		if err := pause(ctx); err != nil {
			return samples, err
		}
		began := time.Now()
		if err := r.publish(ctx, queueName(i)); err != nil {
			return samples, err
		}
		at, err := f.await(ctx, i)
		if err != nil {
			return samples, err
		}
		samples.lagwise = append(samples.lagwise, at.Sub(began))
		if err := r.purge(queueName(i)); err != nil {
			return samples, err
		}
		received, err := r.latencyOfPlain(ctx)
		if err != nil {
			return samples, err
		}
		samples.plain = append(samples.plain, received)
	}
	return samples, nil
}

func (r *rabbitLab) latencyOfPlain(ctx context.Context) (time.Duration, error) {
	if err := pause(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := r.publish(ctx, plainQueue); err != nil {
		return 0, err
	}
	select {
	case at := <-r.received:
		return at.Sub(began), nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// latenciesTogether has pushes overlap that take seconds: statistics, not messages, are what the management API knows.
func (r *rabbitLab) latenciesTogether(ctx context.Context, f *fleet) (samples latencies, err error) {
	published := map[int]time.Time{}
	for _, i := range rand.Perm(r.size.fleet)[:min(r.size.latencies/5, r.size.fleet)] { //nolint:gosec // nothing secret
		received, err := r.latencyOfPlain(ctx)
		if err != nil {
			return samples, err
		}
		samples.plain = append(samples.plain, received)
		published[i] = time.Now()
		if err := r.publish(ctx, queueName(i)); err != nil {
			return samples, err
		}
	}
	for len(samples.lagwise) < len(published) {
		select {
		case arrived := <-f.pushes:
			if at, awaited := published[arrived.trigger]; awaited && !at.IsZero() {
				samples.lagwise = append(samples.lagwise, arrived.at.Sub(at))
				published[arrived.trigger] = time.Time{} // further pushes repeat it
			}
		case <-ctx.Done():
			return samples, ctx.Err()
		case <-time.After(2 * time.Minute):
			return samples, fmt.Errorf("%d of %d triggers did not push", len(published)-len(samples.lagwise), len(published))
		}
	}
	for i := range published {
		if err := r.purge(queueName(i)); err != nil {
			return samples, err
		}
	}
	return samples, nil
}

// countRequests has lagwise and KEDA's scalers ask by way of a meter, once more and for that alone.
func (r *rabbitLab) countRequests(ctx context.Context, w way) (ours, theirs float64, err error) {
	count := map[string]func(*atomic.Int64, *bufio.Reader, io.Writer) error{"amqp": countMethods, "http": countCalls}[w.protocol]
	m, err := newMeter(ctx, w.address, count)
	if err != nil {
		return 0, 0, err
	}
	defer m.close()
	w.address = m.address()
	f, err := r.fleet(ctx, w)
	if err != nil {
		return 0, 0, err
	}
	ours, err = r.rate(ctx, m)
	f.close()
	if err != nil {
		return 0, 0, err
	}
	keda, err := r.keda(ctx, w)
	if err != nil {
		return 0, 0, err
	}
	defer keda.Stop(stopGrace)
	theirs, err = r.rate(ctx, m)
	return ours, theirs, err
}

func (r *rabbitLab) rate(ctx context.Context, m *meter) (float64, error) {
	if err := sleep(ctx, min(settle/2, r.size.window)); err != nil {
		return 0, err
	}
	before, began := m.asked.Load(), time.Now()
	if err := sleep(ctx, r.size.window); err != nil {
		return 0, err
	}
	return float64(m.asked.Load()-before) / time.Since(began).Seconds(), nil
}
