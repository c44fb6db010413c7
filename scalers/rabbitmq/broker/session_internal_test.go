package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/secret"
)

// fakeSource answers as the test says, and counts.
type fakeSource struct {
	mu     sync.Mutex
	answer func(Want) ([]Queue, error) // nil does not answer at all
	asked  map[string]int
	resets int
	// refuses says that new credentials are not taken; renewed are those that were.
	refuses bool
	renewed []Endpoint
	// knows is what is testified of any queue.
	knows testimony
}

func (f *fakeSource) testifies(what testimony) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.knows = what
}

func (f *fakeSource) testify(context.Context, Want) (testimony, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.knows, errors.New("not heard")
}

func (f *fakeSource) renew(_ context.Context, endpoint Endpoint) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuses {
		return &Fault{Kind: BadCredentials, About: "connecting"}
	}
	f.renewed = append(f.renewed, endpoint)
	return nil
}

func (f *fakeSource) takesCredentials(takes bool) []Endpoint {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuses = !takes
	return f.renewed
}

func (f *fakeSource) look(ctx context.Context, want Want) ([]Queue, error) {
	answer := f.ask(want)
	if answer == nil {
		<-ctx.Done()
		return nil, faultOf("fake", ctx.Err())
	}
	queues, err := answer(want)
	if errors.Is(err, errSilent) {
		<-ctx.Done()
		return nil, faultOf("fake", ctx.Err())
	}
	return queues, err
}

func (f *fakeSource) ask(want Want) func(Want) ([]Queue, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.asked == nil {
		f.asked = map[string]int{}
	}
	f.asked[want.Queue]++
	return f.answer
}

// errSilent stands for a queue that does not answer while others do.
var errSilent = errors.New("silent")

func (f *fakeSource) lookAtMany(ctx context.Context, wants []Want, tell func(int, answer)) (asked int, err error) {
	for i, want := range wants {
		answers := f.ask(want)
		if answers == nil {
			within, cancel := context.WithTimeout(ctx, want.Timeout)
			defer cancel()
			<-within.Done()
			return i, faultOf("fake", within.Err())
		}
		began := time.Now()
		queues, err := answers(want)
		if fault, is := errors.AsType[*Fault](err); is && fault.ofAll() {
			return i + 1, fault
		}
		late := errors.Is(err, errSilent)
		if late {
			err = errOverdue
		}
		tell(i, answer{queues: queues, took: time.Since(began), err: err, late: late})
	}
	return len(wants), nil
}

func (f *fakeSource) reset() { f.mu.Lock(); defer f.mu.Unlock(); f.resets++ }
func (f *fakeSource) close() {}

func (f *fakeSource) answers(answer func(Want) ([]Queue, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer, f.asked = answer, nil
}

func (f *fakeSource) count(queue string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[queue]
}

func (f *fakeSource) wasReset() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.resets > 0
}

func ready(n int64) func(Want) ([]Queue, error) {
	return func(want Want) ([]Queue, error) { return []Queue{{Name: want.Queue, Ready: n}}, nil }
}

func refused(Want) ([]Queue, error) {
	return nil, &Fault{Kind: Unreachable, About: "connecting", Err: errors.New("refused")}
}

// onFake runs a pool whose sessions have the fake source, in a bubble of time.
func onFake(t *testing.T, test func(t *testing.T, pool *Pool, fake *fakeSource)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeSource{answer: ready(1)}
		pool := NewPool(Options{})
		pool.open = func(Endpoint) source { return fake }
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- pool.Run(ctx) }()
		test(t, pool, fake)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func subscribe(t *testing.T, pool *Pool, want Want) *Subscription {
	t.Helper()
	s, err := pool.Subscribe("fake", "", Endpoint{Address: "fake:5672", Protocol: AMQP}, want)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readyIn(t *testing.T, s *Subscription) int64 {
	t.Helper()
	seen, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seen.Queues[0].Ready
}

// Triggers that want the same share one look, and one session; the last one out ends it.
func TestEqualWantsAreLookedAtOnce(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		var all []*Subscription
		for range 10 {
			s := subscribe(t, pool, Want{Queue: "orders"})
			if readyIn(t, s) != 1 {
				t.Error("not what the source said")
			}
			all = append(all, s)
		}
		if n := fake.count("orders"); n != 1 {
			t.Errorf("%d looks for 10 triggers", n)
		}
		time.Sleep(5*time.Second + time.Millisecond)
		if n := fake.count("orders"); n != 2 {
			t.Errorf("%d looks after one refresh", n)
		}
		for _, s := range all {
			_, _ = s.Close(), s.Close()
		}
		if len(pool.sessions) != 0 {
			t.Error("a session without subscriptions")
		}
	})
}

// A broker that is away is asked by one question at a time, and what was seen serves until it is too old. It is an error after that.
func TestOutage(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		var all []*Subscription
		for i := range 100 {
			all = append(all, subscribe(t, pool, Want{Queue: fmt.Sprint(i)}))
			readyIn(t, all[i])
		}
		fake.answers(refused)
		time.Sleep(14 * time.Second)
		if readyIn(t, all[0]) != 1 {
			t.Error("what was seen does not serve")
		}
		time.Sleep(2 * time.Second)
		_, err := all[0].View(t.Context())
		fault, is := errors.AsType[*Fault](err)
		if !is || fault.Kind != Unreachable {
			t.Errorf("after 16 s: %v", err)
		}
		asked := 0
		for i := range 100 {
			asked += fake.count(fmt.Sprint(i))
		}
		if asked > 40 {
			t.Errorf("a broker that is away was asked %d times in 16 s", asked)
		}
		began := time.Now()
		if _, err := subscribe(t, pool, Want{Queue: "new"}).View(t.Context()); err == nil || time.Since(began) > time.Second {
			t.Errorf("a newcomer waits %s: %v", time.Since(began), err)
		}
		fake.answers(ready(2))
		time.Sleep(lastRetry + time.Second)
		for _, s := range all {
			if readyIn(t, s) != 2 {
				t.Fatal("not looked at again")
			}
		}
	})
}

// A session that ends while its broker is away has not found it again.
func TestTheEndOfASessionIsNoAnswerOfItsBroker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		fake := &fakeSource{answer: refused}
		pool := NewPool(Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		pool.open = func(Endpoint) source { return fake }
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- pool.Run(ctx) }()
		subscribe(t, pool, Want{Queue: "orders"})
		time.Sleep(time.Minute)
		fake.answers(nil)
		time.Sleep(lastRetry + time.Millisecond)
		if fake.count("orders") == 0 {
			t.Fatal("the broker is not being asked")
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if strings.Contains(log.String(), "answers again") || !strings.Contains(log.String(), "does not answer") {
			t.Errorf("logged:\n%s", log.String())
		}
	})
}

// One question that is not answered in time is one trigger's trouble. When none is, it is everybody's, and the connection is made anew.
func TestQuestionsWithoutAnswer(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		hard := Want{Queue: "hard"}
		fake.answers(func(want Want) ([]Queue, error) {
			if want.Queue == hard.Queue {
				return nil, errSilent
			}
			return ready(1)(want)
		})
		slow := subscribe(t, pool, hard)
		var all []*Subscription
		for i := range 20 {
			all = append(all, subscribe(t, pool, Want{Queue: fmt.Sprint(i)}))
		}
		for range 5 {
			time.Sleep(5 * time.Second)
			for _, s := range all {
				readyIn(t, s)
			}
			if _, err := slow.View(t.Context()); err == nil {
				t.Fatal("the hard one is answered")
			}
			if doing := pool.Status()[0].Doing; !strings.Contains(doing, "asks apart about 1 queues") {
				t.Errorf("shown: %s", doing)
			}
		}
		if fake.wasReset() {
			t.Error("the connection was given up for one question")
		}
		fake.answers(nil)
		time.Sleep(time.Minute)
		if !fake.wasReset() {
			t.Error("a connection without answers is kept")
		}
		if seen, err := all[0].View(t.Context()); err == nil {
			t.Errorf("an outage is answered: %+v, %s old, %s", seen, time.Since(seen.At), all[0].session.cycle.MaxAge())
		}
		fake.answers(ready(3))
		time.Sleep(lastRetry + 10*time.Second)
		if readyIn(t, all[0]) != 3 || readyIn(t, slow) != 3 {
			t.Error("not looked at again")
		}
	})
}

// A queue that is missing is an error at once, and looked at in its turn alone, also while somebody waits for it.
func TestMissingQueue(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		s := subscribe(t, pool, Want{Queue: "gone"})
		readyIn(t, s)
		s.Arm()
		fake.answers(func(Want) ([]Queue, error) { return nil, &Fault{Kind: UnknownQueue, About: "gone"} })
		time.Sleep(time.Minute)
		if _, err := s.View(t.Context()); err == nil {
			t.Error("a missing queue is answered")
		}
		if n := fake.count("gone"); n > 14 {
			t.Errorf("looked for %d times in a minute", n)
		}
	})
}

// An armed subject is looked at all the time, and listeners hear of changes alone; a change leaves it alone for a moment.
func TestArmed(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		s := subscribe(t, pool, Want{Queue: "orders"})
		readyIn(t, s)
		changed, stop := s.Listen()
		defer stop()
		s.Arm()
		time.Sleep(time.Second)
		if n := fake.count("orders"); n < 80 || n > 120 {
			t.Errorf("looked at %d times in a second", n)
		}
		select {
		case <-changed:
			t.Error("told of no change")
		default:
		}
		fake.answers(ready(2))
		began := time.Now()
		<-changed
		if took := time.Since(began); took > 20*time.Millisecond {
			t.Errorf("told after %s", took)
		}
		if seen, _ := s.View(t.Context()); seen.Woken.IsZero() || seen.Queues[0].Ready != 2 {
			t.Errorf("seen: %+v", seen)
		}
		fake.answers(ready(3))
		time.Sleep(90 * time.Millisecond)
		if n := fake.count("orders"); n > 0 {
			t.Errorf("looked at %d times while it rests", n)
		}
		<-changed
		s.Disarm()
		time.Sleep(20 * time.Millisecond)
		before := fake.count("orders")
		time.Sleep(time.Second)
		if n := fake.count("orders") - before; n > 0 {
			t.Errorf("looked at %d times for nobody", n)
		}
	})
}

// The pace is each subject's share of what a broker may be asked.
func TestManyArmed(t *testing.T) {
	t.Parallel()
	for looksPerSecond, within := range map[int][2]int{0: {9_000, 11_000}, 1000: {1_800, 2_200}, 20_000: {36_000, 44_000}} {
		onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
			pool.options.LooksPerSecond = looksPerSecond
			pool.options = pool.options.withDefaults()
			for i := range 1000 {
				s := subscribe(t, pool, Want{Queue: fmt.Sprint(i)})
				readyIn(t, s)
				s.Arm()
			}
			fake.answers(ready(1))
			time.Sleep(2 * time.Second)
			looks := 0
			for i := range 1000 { // in the order of a map, so of one there may be few in this time
				looks += fake.count(fmt.Sprint(i))
			}
			if looks < within[0] || looks > within[1] {
				t.Errorf("%d looks in 2 s at %d a second", looks, looksPerSecond)
			}
		})
	}
}

func TestMostSessions(t *testing.T) {
	t.Parallel()
	pool := NewPool(Options{MaxSessions: 1})
	subscribe(t, pool, Want{Queue: "orders"})
	_, err := pool.Subscribe("other", "", Endpoint{Address: "other:5672"}, Want{Queue: "orders"})
	if fault, is := errors.AsType[*Fault](err); !is || fault.Kind != Exhausted {
		t.Errorf("%v", err)
	}
}

// What a session does can be seen from outside.
func TestStatus(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		one, other := subscribe(t, pool, Want{Queue: "orders"}), subscribe(t, pool, Want{Queue: "bills"})
		readyIn(t, one)
		readyIn(t, other)
		one.Arm()
		fake.answers(ready(2))
		time.Sleep(5*time.Second + time.Millisecond)
		all := pool.Status()
		if len(all) != 1 || all[0].Source != "rabbitmq" || all[0].Connection != "fake" || all[0].Triggers != 2 || all[0].Down || all[0].Done != 1 || all[0].Woken != 1 {
			t.Fatalf("%+v", all)
		}
		if asked := all[0].Requests; len(asked) != 1 || asked[0].Name != "queue.declare" || asked[0].Sent < 100 || len(asked[0].Failed) != 0 {
			t.Errorf("asked: %+v", asked)
		}
		if waits := all[0].Waits; len(waits) != 1 || waits[0].What != "queues" || waits[0].N != 1 {
			t.Errorf("waits: %+v", waits)
		}
		fake.answers(refused)
		time.Sleep(5 * time.Second)
		if now := pool.Status()[0]; !now.Down || now.Fault != "unreachable" || now.Failed == 0 || now.Requests[0].Failed["unreachable"] == 0 {
			t.Errorf("of a broker that is away: %+v", now)
		}
	})
}

// A session goes on with new credentials once the broker takes them, and so does who was given the old ones.
func TestCredentialsAreExchanged(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		with := func(connection, vhost, password string) Endpoint {
			return Endpoint{Connection: connection, Protocol: AMQP, Address: "fake:5672", Vhost: vhost, Username: "me", Password: secret.Text(password)}
		}
		join := func(endpoint Endpoint) *Subscription {
			s, err := pool.Subscribe("prod", "", endpoint, Want{Queue: "orders"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		}
		old, own := join(with("prod", "a", "1")), join(with("", "a", "1"))
		readyIn(t, old)
		readyIn(t, own)
		fake.takesCredentials(false)
		elsewhere := with("prod", "", "2")
		elsewhere.Address = "other:5672"
		pool.Renew(with("prod", "", "2"), elsewhere)
		time.Sleep(time.Minute)
		if got := fake.takesCredentials(true); len(got) != 0 {
			t.Errorf("credentials that the broker does not take are used: %+v", got)
		}
		time.Sleep(2 * time.Minute)
		if got := fake.takesCredentials(true); len(got) != 1 || got[0] != with("prod", "a", "2") {
			t.Errorf("renewed: %+v", got)
		}
		if late := join(with("prod", "a", "1")); late.session != old.session {
			t.Error("a trigger that was decoded before has a session of its own")
		}
		if late := join(with("prod", "b", "1")); late.session.endpoint.Password != "2" {
			t.Error("a new session has the old password")
		}
		if join(with("", "a", "1")).session != own.session || own.session == old.session {
			t.Error("a trigger's own credentials are exchanged with a connection's")
		}
	})
}

// A trigger may say how long its request may take, and others wait for the end of it: half a minute is the most.
func TestNoRequestIsWaitedForAllDay(t *testing.T) {
	t.Parallel()
	onFake(t, func(t *testing.T, pool *Pool, fake *fakeSource) {
		patient := subscribe(t, pool, Want{Queue: "patient", Timeout: 24 * time.Hour})
		synctest.Wait()
		fake.answers(nil)
		time.Sleep(6 * time.Second) // the next refresh has begun, and waits
		fake.answers(ready(2))
		time.Sleep(longestLook)
		if n := readyIn(t, patient); n != 2 {
			t.Errorf("%d messages are ready", n)
		}
		if wants := patient.session.wantsOf([]*subject{patient.subject}); wants[0].Timeout != longestLook {
			t.Errorf("others wait for %s", wants[0].Timeout)
		}
	})
}
