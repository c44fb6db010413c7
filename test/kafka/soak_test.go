//go:build kafka

package kafka_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/realkafka"
)

var (
	soakTime = flag.Duration("soak", 0, "have TestSoak alone go on for so long, and hold lagwise to using no more as time goes by")
	soakPage = flag.String("soak-page", "", "page to write the figures of TestSoak into")
)

// What may go wrong in a long life, in a short one: the program as a process of its own, with its broker killed and restarted
// all the time, triggers that come, are edited and go, streams that are opened and cut, configurations good and bad. In all that
// time nothing wrong is said, and what the process uses does not grow.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := beginSoak(t)
	ctx, stop := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	for i := range steadyTriggers {
		beside.Go(func() { s.askSteady(ctx, t, i) })
	}
	for range 4 {
		beside.Go(func() { s.churn(ctx, t) })
	}
	beside.Go(func() { s.reconfigure(ctx, t) })
	beside.Go(func() { s.sample(ctx, t) })
	s.round(t) // one at least, however long the machine has taken to begin
	for time.Since(s.began) < max(*soakTime, shortSoak) && !t.Failed() {
		s.round(t)
	}
	stop()
	beside.Wait()

	eventually(t, patience, func() error { return s.served.tells(t, s.steady(0), steadyLag, true) })
	figures := s.figures()
	t.Log("\n" + figures)
	if *soakTime > 0 {
		for _, complaint := range s.growing() {
			t.Error(complaint)
		}
	}
	if *soakPage != "" && !t.Failed() {
		must(t, insertFigures(*soakPage, figures))
	}
	logged := s.served.stop(t)
	if strings.Contains(logged, "panic") {
		t.Error("something panicked")
	}
}

const (
	// shortSoak is how long it takes among the other tests, which keep the machine too busy for figures.
	shortSoak      = 20 * time.Second
	steadyTriggers = 6
	steadyLag      = 5
)

// soak is a lagwise in its long life, and what became of it.
type soak struct {
	served *serving
	broker *realkafka.Broker
	kafka  *operator
	began  time.Time

	steadyTopic, steadyGroup string
	idleTopic, idleGroup     string
	pushes                   grpc.ServerStreamingClient[pb.IsActiveResponse]

	// away is how long there was no broker, slowest the longest time from its return to a right answer.
	away, slowest            time.Duration
	deaths, pushed, loads    int
	asked, created, streamed atomic.Int64

	mu      sync.Mutex
	samples []sample
	errors  map[codes.Code]int
}

func beginSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{broker: startBroker(t, realkafka.Options{}), errors: map[codes.Code]int{}}
	s.kafka = operatorOf(t, s.broker)
	s.steadyTopic, s.steadyGroup = s.kafka.topic(t, 4), fresh(t)
	s.idleTopic, s.idleGroup = s.kafka.topic(t, 1), fresh(t)
	for id := range int32(4) {
		s.kafka.commit(t, s.steadyGroup, s.steadyTopic, id, 0)
	}
	s.kafka.produce(t, s.steadyTopic, 2, steadyLag)
	s.kafka.commit(t, s.idleGroup, s.idleTopic, 0, 0)
	s.served = serve(t, s.configuration("info"))
	eventually(t, patience, func() error { return s.served.tells(t, s.steady(0), steadyLag, true) })
	s.began = time.Now()
	return s
}

// configuration forgets triggers after seconds, so that many come and go in minutes.
func (s *soak) configuration(level string) string {
	return fmt.Sprintf(`
{listen: "127.0.0.1:0", refreshInterval: 500ms, maxSnapshotAge: 3s, idleAfter: 4s, logFormat: json, logLevel: %s,
 connections: [{name: soak, bootstrapServers: [%q]}]}`, level, s.broker.Address())
}

func (s *soak) ref(group, topic, name string, more ...string) *pb.ScaledObjectRef {
	return &pb.ScaledObjectRef{Namespace: "soak", Name: name, ScalerMetadata: on(map[string]string{"connection": "soak"}, group, topic, more...)}
}

func (s *soak) steady(i int) *pb.ScaledObjectRef {
	return s.ref(s.steadyGroup, s.steadyTopic, "steady-"+strconv.Itoa(i))
}

// askSteady polls a trigger whose lag never changes: it is told that or an error, and never anything else.
func (s *soak) askSteady(ctx context.Context, t *testing.T, i int) {
	for pause(ctx, 100*time.Millisecond) {
		s.hear(ctx, t, s.steady(i))
	}
}

// hear asks once about a trigger on the steady group.
func (s *soak) hear(ctx context.Context, t *testing.T, ref *pb.ScaledObjectRef) {
	s.asked.Add(2)
	if metrics, err := s.served.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: ref}); err != nil {
		s.missed(err)
	} else if got := metrics.GetMetricValues()[0].GetMetricValueFloat(); got != steadyLag {
		t.Errorf("%s after %s: lag is %v and %v was said", ref.GetName(), time.Since(s.began), steadyLag, got)
	}
	if activity, err := s.served.IsActive(ctx, ref); err != nil {
		s.missed(err)
	} else if !activity.GetResult() {
		t.Errorf("%s after %s: there is lag, and inactive was said", ref.GetName(), time.Since(s.began))
	}
}

func (s *soak) missed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errors[status.Code(err)]++
}

// churn makes triggers that are asked about for a moment, and cuts their streams.
func (s *soak) churn(ctx context.Context, t *testing.T) {
	for pause(ctx, rand.N(400*time.Millisecond)) {
		ref := s.ref(s.steadyGroup, s.steadyTopic, fmt.Sprintf("passing-%d", s.created.Add(1)), "persistentLagInterval", fmt.Sprintf("%dms", 1000+rand.IntN(1_000_000)))
		s.hear(ctx, t, ref)
		streaming, cut := context.WithTimeout(ctx, rand.N(2*time.Second))
		if stream, err := s.served.StreamIsActive(streaming, ref); err == nil {
			s.streamed.Add(1)
			for err == nil {
				_, err = stream.Recv()
			}
		}
		cut()
	}
}

// reconfigure writes configurations, good and bad, and asks for them to be read.
func (s *soak) reconfigure(ctx context.Context, t *testing.T) {
	for i := 0; pause(ctx, 2*time.Second); i++ {
		text := s.configuration([]string{"info", "warn", "loud"}[i%3]) // no such level as loud
		if err := os.WriteFile(s.served.path, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
		if i%2 == 0 {
			if err := s.served.process.Process.Signal(syscall.SIGHUP); err != nil {
				t.Error(err)
			}
		}
		s.loads++
	}
}

// round has some records pushed, and then kills the broker and brings it back.
func (s *soak) round(t *testing.T) {
	const pushes = 5
	for range pushes {
		s.push(t)
	}
	s.broker.Kill()
	s.deaths++
	killed := time.Now()
	time.Sleep(time.Second + rand.N(4*time.Second)) // shorter and longer than maxSnapshotAge
	must(t, s.broker.Restart(t.Context()))
	back := time.Now()
	s.away += back.Sub(killed)
	eventually(t, patience, func() error { return s.served.tells(t, s.steady(0), steadyLag, true) })
	s.slowest = max(s.slowest, time.Since(back))
}

// push has a record come to an idle group, waits until the stream tells of it, and has the group drained again.
func (s *soak) push(t *testing.T) {
	t.Helper()
	ref := s.ref(s.idleGroup, s.idleTopic, "idle")
	eventually(t, patience, func() error { return s.served.tells(t, ref, 0, false) })
	s.kafka.produce(t, s.idleTopic, 0, 1)
	s.pushed++
	heard := make(chan error, 1)
	go func() { heard <- s.awaitPush(t.Context(), ref) }()
	select {
	case err := <-heard:
		must(t, err)
	case <-time.After(patience):
		t.Fatal("a record came, and nobody was told")
	}
	s.kafka.commit(t, s.idleGroup, s.idleTopic, 0, int64(s.pushed))
}

// awaitPush opens the stream again whenever it ends without an error, as KEDA does.
func (s *soak) awaitPush(ctx context.Context, ref *pb.ScaledObjectRef) error {
	for {
		if s.pushes == nil {
			stream, err := s.served.StreamIsActive(context.WithoutCancel(ctx), ref)
			if err != nil {
				return err
			}
			s.pushes = stream
		}
		_, err := s.pushes.Recv()
		if !errors.Is(err, io.EOF) {
			return err
		}
		s.pushes = nil
	}
}

// pause waits, and says whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// insertFigures puts the figures between the marks of a page.
func insertFigures(path, figures string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(page), "\n")
	begin, end := slices.Index(lines, "<!-- soak:begin -->"), slices.Index(lines, "<!-- soak:end -->")
	if begin < 0 || end < begin {
		return fmt.Errorf("%s has no place for the figures", path)
	}
	return os.WriteFile(path, []byte(strings.Join(slices.Concat(lines[:begin+1], []string{figures}, lines[end:]), "\n")), 0o600)
}
