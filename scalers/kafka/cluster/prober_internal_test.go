package cluster

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// withProber runs a prober over a fake cluster in a bubble of synthetic time.
func withProber(t *testing.T, test func(t *testing.T, prober *prober, kafka *FakeKafka)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		kafka := NewFakeKafka()
		prober := newProber(Connection{}, func(Connection) (reader, error) { return kafka.openReader(configured{}) }, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- prober.run(ctx) }()
		test(t, prober, kafka)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for _, reader := range kafka.Readers() {
			if reader.broken != nil || !reader.closed || reader.Most > mostAtOnce {
				t.Errorf("broken: %v, closed: %v, at once: %d", reader.broken, reader.closed, reader.Most)
			}
		}
	})
}

// asked is a question about one partition and what came of it.
type asked struct {
	finding finding
	err     error
	took    time.Duration
}

func askFor(p *prober, at probe, g goal) asked {
	began, done := time.Now(), make(chan struct{})
	p.ask(map[probe]goal{at: g}, began, time.Second, func() { close(done) })
	<-done
	f, err := p.look(at, g)
	return asked{f, err, time.Since(began)}
}

// begun is how often a partition was given to a consumer.
func begun(kafka *FakeKafka) (n int) {
	for _, reader := range kafka.Readers() {
		n += reader.Begun
	}
	return n
}

func TestRecordsAreCountedOnceWhileNothingMoves(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		if len(kafka.Readers()) > 0 {
			t.Error("a consumer was opened, and nobody has asked")
		}
		stamped := time.Now()
		kafka.SetEnd("orders", 0, 10)
		kafka.Stamp("orders", 0, stamped) // at 10
		kafka.SetEnd("orders", 0, 13)
		at := probe{partition{"orders", 0}, 5}
		for range 3 {
			got := askFor(prober, at, goal{13, mostRecords})
			if got.err != nil || got.finding.count != 1 || got.finding.through != 13 || got.finding.first.offset != 10 || !got.finding.first.timestamp.Equal(stamped) {
				t.Errorf("found %+v, %v", got.finding, got.err)
			}
		}
		if n := begun(kafka); n != 1 {
			t.Errorf("read %d times, want once", n)
		}
		// What follows is read from where reading stopped.
		kafka.Stamp("orders", 0, stamped)
		if got := askFor(prober, at, goal{14, mostRecords}); got.err != nil || got.finding.count != 2 {
			t.Errorf("found %+v, %v", got.finding, got.err)
		}
		if n := begun(kafka); n != 2 {
			t.Errorf("read %d times, want twice", n)
		}
	})
}

func TestReadingIsBounded(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		const records = 3 * mostRecords
		for range records {
			kafka.Stamp("orders", 0, time.Now())
		}
		at := probe{partition{"orders", 0}, 0}
		if got := askFor(prober, at, goal{records, 1}); got.err != nil || got.finding.count != 1 {
			t.Errorf("for one record: found %+v, %v", got.finding, got.err)
		}
		got := askFor(prober, at, goal{records, mostRecords})
		if got.err != nil || got.finding.count != mostRecords || got.finding.through != mostRecords {
			t.Errorf("for many: found %+v, %v", got.finding, got.err)
		}
		kafka.Stamp("orders", 0, time.Now())
		if askFor(prober, at, goal{records + 1, mostRecords}); begun(kafka) != 2 {
			t.Errorf("read %d times, want twice", begun(kafka))
		}
		known := got.finding.facts(0, records)
		if known.Count != mostRecords || known.Through != mostRecords {
			t.Errorf("told %+v", known)
		}
	})
}

func TestNobodyWaitsForASilentBroker(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		kafka.Stamp("orders", 0, time.Now())
		askFor(prober, probe{partition{"orders", 0}, 0}, goal{1, 1})
		kafka.Silence(true)
		kafka.Stamp("orders", 0, time.Now())
		at, g := probe{partition{"orders", 0}, 1}, goal{2, 1}
		if got := askFor(prober, at, g); !errors.Is(got.err, errNotYet) || got.took != time.Second {
			t.Errorf("after %s: %v", got.took, got.err)
		}
		time.Sleep(readLimit - 500*time.Millisecond)
		for range 3 { // it is left alone for a second
			if got := askFor(prober, at, g); !errors.Is(got.err, errReadLimit) || got.took != 0 {
				t.Errorf("after %s: %v", got.took, got.err)
			}
		}
		kafka.Silence(false)
		time.Sleep(2 * firstPause)
		if got := askFor(prober, at, g); got.err != nil || got.finding.count != 1 || got.took > 100*time.Millisecond {
			t.Errorf("after %s: %+v, %v", got.took, got.finding, got.err)
		}
	})
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]time.Duration{1: firstPause, 2: 2 * firstPause, 5: 16 * firstPause, 7: lastPause, 10_000: lastPause} {
		if got := (finding{failures: failures}).pause(); got != want {
			t.Errorf("after %d failures %s, want %s", failures, got, want)
		}
	}
}

func TestAPartitionFailsAlone(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		denied := errors.New("denied")
		kafka.Refuse("records of secrets", denied)
		kafka.Stamp("orders", 0, time.Now())
		kafka.Stamp("secrets", 0, time.Now())
		done := make(chan struct{})
		secret, order := probe{partition{"secrets", 0}, 0}, probe{partition{"orders", 0}, 0}
		prober.ask(map[probe]goal{secret: {1, 1}, order: {1, 1}}, time.Now(), time.Second, func() { close(done) })
		<-done
		if _, err := prober.look(order, goal{1, 1}); err != nil {
			t.Error(err)
		}
		if _, err := prober.look(secret, goal{1, 1}); !errors.Is(err, denied) {
			t.Errorf("got %v", err)
		}
	})
}

// More partitions than fit at once, each from two positions, of which a consumer can have one at a time.
func TestManyPartitionsTakeTurns(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		goals := map[probe]goal{}
		for id := range int32(3 * mostAtOnce) {
			kafka.Stamp("orders", id, time.Now())
			kafka.Stamp("orders", id, time.Now())
			goals[probe{partition{"orders", id}, 0}] = goal{2, mostRecords}
			goals[probe{partition{"orders", id}, 1}] = goal{2, mostRecords}
		}
		done := make(chan struct{})
		prober.ask(goals, time.Now(), time.Second, func() { close(done) })
		<-done
		for at, g := range goals {
			if f, err := prober.look(at, g); err != nil || f.count != 2-at.from {
				t.Fatalf("%v: %+v, %v", at, f, err)
			}
		}
	})
}

// Partitions whose broker does not answer keep others from being read neither when they are new nor when they are tried again.
func TestPartitionsOfASilentBrokerTakeNoRoom(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		stuck := map[probe]goal{}
		for id := range int32(5 * mostAtOnce) {
			stuck[probe{partition{"stuck", id}, 0}] = goal{2, 1}
		}
		for id := range int32(60) {
			prober.ask(stuck, time.Now(), time.Second, func() {})
			kafka.Stamp("orders", id, time.Now())
			if got := askFor(prober, probe{partition{"orders", id}, 0}, goal{1, 1}); id > 0 && (got.err != nil || got.took > 2*slowRead) {
				t.Errorf("%d: after %s: %+v, %v", id, got.took, got.finding, got.err)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

func TestTooManyAreTurnedAway(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		kafka.Stamp("orders", 0, time.Now())
		askFor(prober, probe{partition{"orders", 0}, 0}, goal{1, 1})
		kafka.Silence(true)
		for topic, partitions := range map[string]int32{"orders": mostWaiting, "more": mostAtOnce} { // as many as wait, and as many as are read
			goals := map[probe]goal{}
			for id := range partitions {
				goals[probe{partition{topic, id}, 1}] = goal{2, 1}
			}
			prober.ask(goals, time.Now(), time.Second, func() {})
			synctest.Wait()
		}
		if got := askFor(prober, probe{partition{"refunds", 0}, 0}, goal{1, 1}); !errors.Is(got.err, errCrowded) {
			t.Errorf("got %v", got.err)
		}
	})
}

func TestAConsumerThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		memory := errors.New("no memory")
		kafka.Refuse("reader", memory)
		kafka.Stamp("orders", 0, time.Now())
		at := probe{partition{"orders", 0}, 0}
		if got := askFor(prober, at, goal{1, 1}); !errors.Is(got.err, memory) {
			t.Errorf("got %v", got.err)
		}
		kafka.Refuse("reader", nil)
		time.Sleep(2 * firstPause)
		if got := askFor(prober, at, goal{1, 1}); got.err != nil {
			t.Error(got.err)
		}
	})
}

// New credentials: what the old consumer was reading is read by the next.
func TestTheNextConsumerGoesOn(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		kafka.Stamp("orders", 0, time.Now())
		askFor(prober, probe{partition{"orders", 0}, 0}, goal{1, 1})
		kafka.Silence(true)
		kafka.Stamp("orders", 0, time.Now())
		answer := make(chan asked)
		go func() { answer <- askFor(prober, probe{partition{"orders", 0}, 1}, goal{2, 1}) }()
		time.Sleep(100 * time.Millisecond)
		prober.login.exchange(Connection{Name: "new"})
		if got := <-answer; got.err != nil || got.finding.count != 1 || got.took > 200*time.Millisecond {
			t.Errorf("after %s: %+v, %v", got.took, got.finding, got.err)
		}
		if readers := kafka.Readers(); len(readers) != 2 || !readers[0].closed {
			t.Errorf("opened %+v", readers)
		}
	})
}

func TestWhatWasFoundIsNotBelievedForEver(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		for range 5 {
			kafka.Stamp("orders", 0, time.Now())
		}
		at := probe{partition{"orders", 0}, 0}
		askFor(prober, at, goal{5, mostRecords})
		// The topic was made again, and ends earlier.
		kafka.Delete("orders")
		kafka.SetEnd("orders", 0, 3)
		time.Sleep(time.Second)
		if got := askFor(prober, at, goal{3, mostRecords}); got.finding.through != 3 {
			t.Errorf("found %+v", got.finding)
		}
		// Compaction goes on.
		kafka.SetEnd("orders", 0, 5)
		for range 5 * 60 {
			prober.prune(time.Now())
			askFor(prober, at, goal{5, mostRecords})
			time.Sleep(5 * time.Second)
		}
		if n := begun(kafka); n < 4 || n > 6 {
			t.Errorf("read %d times in 25 minutes, want every 10", n)
		}
		time.Sleep(2 * findingRest)
		prober.prune(time.Now())
		if len(prober.found)+len(prober.used)+len(prober.goals) > 0 {
			t.Errorf("kept %v, %v, %v", prober.found, prober.used, prober.goals)
		}
	})
}

func TestALogThatEndsBeforeItsEnd(t *testing.T) {
	t.Parallel()
	withProber(t, func(t *testing.T, prober *prober, kafka *FakeKafka) {
		t.Helper()
		kafka.SetEnd("orders", 0, 3)
		if got := askFor(prober, probe{partition{"orders", 0}, 0}, goal{7, 1}); got.err == nil || got.finding.through != 3 {
			t.Errorf("found %+v, %v", got.finding, got.err)
		}
	})
}
