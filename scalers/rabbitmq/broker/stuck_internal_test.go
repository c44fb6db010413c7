package broker

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stuckBroker is a broker in memory, by AMQP and by HTTP. Queues, vhosts and requests of its management API can be stuck: they never answer, or
// late.
type stuckBroker struct {
	mu sync.Mutex
	// delay is how long a queue takes to answer; forever for one that does not. What is not named takes usual.
	delay map[string]time.Duration
	ready map[string]uint32
	dials int
}

const (
	forever = time.Duration(1<<63 - 1)
	usual   = 100 * time.Microsecond
)

func newStuckBroker() *stuckBroker {
	return &stuckBroker{delay: map[string]time.Duration{}, ready: map[string]uint32{}}
}

func (b *stuckBroker) takes(what string, delay time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delay[what] = delay
}

func (b *stuckBroker) holds(queue string, ready uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ready[queue] = ready
}

// wait returns once what is asked for answers; false says that ended was closed before.
func (b *stuckBroker) wait(ended <-chan struct{}, what ...string) bool {
	b.mu.Lock()
	delay := usual
	for _, one := range what {
		delay = max(delay, b.delay[one])
	}
	b.mu.Unlock()
	if delay == forever {
		<-ended
		return false
	}
	select {
	case <-time.After(delay):
		return true
	case <-ended:
		return false
	}
}

func (b *stuckBroker) readyIn(queue string) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ready[queue]
}

// dial is for an amqpSource.
func (b *stuckBroker) dial(ctx context.Context, endpoint Endpoint) (*link, error) {
	b.mu.Lock()
	b.dials++
	b.mu.Unlock()
	here, there := net.Pipe()
	go b.serve(there)
	return open(ctx, here, endpoint)
}

// serve speaks AMQP on one connection: as RabbitMQ does, it answers the methods of a channel one after the other.
func (b *stuckBroker) serve(client net.Conn) {
	ended := make(chan struct{})
	defer close(ended)
	defer func() { _ = client.Close() }()
	out := newFrames()
	go out.send(ended, client)
	if _, err := io.ReadFull(client, make([]byte, 8)); err != nil {
		return
	}
	out.add(said(0, connectionStart, slices.Concat([]byte{0, 9, 0, 0, 0, 0}, longString("PLAIN"), longString("en_US"))...))
	channels := map[uint16]*frames{}
	for {
		header := make([]byte, headerSize)
		if _, err := io.ReadFull(client, header); err != nil {
			return
		}
		content := make([]byte, binary.BigEndian.Uint32(header[3:])+1)
		if _, err := io.ReadFull(client, content); err != nil {
			return
		}
		number := binary.BigEndian.Uint16(header[1:])
		if number == 0 {
			if header[0] == methodFrame && !b.connection(out, binary.BigEndian.Uint32(content)) {
				return
			}
			continue
		}
		in, found := channels[number]
		if !found {
			in = newFrames()
			channels[number] = in
			go in.drain(ended, func(content []byte) { b.channel(ended, out, number, content) })
		}
		in.add(content)
	}
}

// connection answers a method on channel 0, and reports whether the connection goes on.
func (b *stuckBroker) connection(out *frames, method uint32) bool {
	switch method {
	case connectionStartOK:
		out.add(said(0, connectionTune, 7, 255, 0, 2, 0, 0, 0, 10))
	case 10<<16 | 40: // connection.open
		out.add(said(0, connectionOpenOK, 0))
	case 10<<16 | 50: // connection.close
		return false
	}
	return true
}

func (b *stuckBroker) channel(ended <-chan struct{}, out *frames, number uint16, content []byte) {
	switch binary.BigEndian.Uint32(content) {
	case channelOpen:
		out.add(said(number, channelOpenOK, 0, 0, 0, 0))
	case channelClose:
		out.add(said(number, channelCloseOK))
	case queueDeclare:
		queue := string(content[7 : 7+content[6]])
		if b.wait(ended, queue) {
			figures := binary.BigEndian.AppendUint32(nil, b.readyIn(queue))
			out.add(said(number, queueDeclareOK, slices.Concat([]byte{0}, figures, []byte{0, 0, 0, 1})...))
		}
	}
}

// frames are a queue without bound: whoever adds never waits.
type frames struct {
	mu    sync.Mutex
	all   [][]byte
	added chan struct{}
}

func newFrames() *frames { return &frames{added: make(chan struct{}, 1)} }

func (f *frames) add(one []byte) {
	f.mu.Lock()
	f.all = append(f.all, one)
	f.mu.Unlock()
	select {
	case f.added <- struct{}{}:
	default:
	}
}

func (f *frames) drain(ended <-chan struct{}, take func([]byte)) {
	for {
		f.mu.Lock()
		all := f.all
		f.all = nil
		f.mu.Unlock()
		for _, one := range all {
			take(one)
		}
		select {
		case <-f.added:
		case <-ended:
			return
		}
	}
}

// send writes all that is there at once, as a network does.
func (f *frames) send(ended <-chan struct{}, to io.Writer) {
	for {
		f.mu.Lock()
		all := slices.Concat(f.all...)
		f.all = nil
		f.mu.Unlock()
		_, _ = to.Write(all)
		select {
		case <-f.added:
		case <-ended:
			return
		}
	}
}

// RoundTrip answers as the management API.
func (b *stuckBroker) RoundTrip(request *http.Request) (*http.Response, error) {
	parts := strings.Split(strings.TrimPrefix(request.URL.EscapedPath(), "/api/queues/"), "/")
	waitsFor := []string{request.URL.Path}
	if strings.HasPrefix(request.URL.Path, "/api/queues/") {
		waitsFor = append(waitsFor, "vhost "+parts[0])
		if len(parts) > 1 {
			waitsFor = append(waitsFor, parts[1])
		} else if name := request.FormValue("name"); name != "" {
			waitsFor = append(waitsFor, name)
		} else {
			waitsFor = append(waitsFor, b.in(parts[0])...)
		}
	}
	if !b.wait(request.Context().Done(), waitsFor...) {
		return nil, request.Context().Err()
	}
	body := "{}"
	switch {
	case len(parts) > 1 && strings.HasPrefix(request.URL.Path, "/api/queues/"):
		name, _ := url.PathUnescape(parts[1])
		body = b.item(name)
	case strings.HasPrefix(request.URL.Path, "/api/queues/"):
		var items []string
		for _, name := range b.in(parts[0]) {
			items = append(items, b.item(name))
		}
		if name := request.FormValue("name"); name != "" {
			items = []string{b.item(name)}
		}
		body = fmt.Sprintf(`{"page_count":1,"total_count":%d,"items":[%s]}`, len(items), strings.Join(items, ","))
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewBufferString(body)), Request: request}, nil
}

func (b *stuckBroker) item(name string) string {
	return fmt.Sprintf(`{"name":%q,"messages":%[2]d,"messages_ready":%[2]d}`, name, b.readyIn(name))
}

// in are the queues of a vhost, whose names begin with its.
func (b *stuckBroker) in(vhost string) (names []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.ready {
		if strings.HasPrefix(name, vhost+".") {
			names = append(names, name)
		}
	}
	return names
}

// onStuck runs a pool on such a broker, in a bubble of time.
func onStuck(t *testing.T, protocol Protocol, test func(t *testing.T, b *stuckBroker, subscribe func(Want) *Subscription)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newStuckBroker()
		pool := NewPool(Options{LooksPerSecond: 100})
		pool.open = func(endpoint Endpoint) source {
			if protocol == AMQP {
				s := newAMQPSource(endpoint)
				s.dial = b.dial
				return s
			}
			s := newHTTPSource(endpoint)
			s.way.Load().client.Transport = b
			return s
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- pool.Run(ctx) }()
		t.Cleanup(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		test(t, b, func(want Want) *Subscription {
			s, err := pool.Subscribe("stuck", "", Endpoint{Address: "http://fake:5672", Protocol: protocol, Username: "me"}, want)
			if err != nil {
				t.Fatal(err)
			}
			return s
		})
	})
}

// mustBeFresh holds a healthy queue's trigger to what it is promised, whatever the others do: there is no error, and no figure is older than two
// refresh intervals.
func mustBeFresh(t *testing.T, healthy []*Subscription, when string) {
	t.Helper()
	for _, s := range healthy {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		seen, err := s.View(ctx)
		cancel()
		if age := time.Since(seen.At); err != nil || age > 10*time.Second {
			t.Fatalf("%s: %s is %s old: %v", when, s.subject.want.Queue, age, err)
		}
	}
}

// No number of queues that do not answer, or late, costs the trigger of another queue anything by AMQP: neither the age of its figures, nor
// its pushes, nor an error; and they are answered for again soon after they answer again.
func TestStuckQueuesCostOthersNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 15))
			onStuck(t, AMQP, func(t *testing.T, b *stuckBroker, subscribe func(Want) *Subscription) {
				healthy, sick := startAll(b, subscribe, dice, 1+dice.IntN(5), []int{1, 17, 40, 200}[seed%4], "")
				time.Sleep(time.Second)
				mustBeFresh(t, healthy, "before")
				fall(b, sick, dice, 0)
				for range 12 {
					time.Sleep(time.Duration(dice.IntN(1000)) * time.Millisecond)
					mustBeFresh(t, healthy, "while others are stuck")
					mustBePushed(t, b, healthy[dice.IntN(len(healthy))], len(healthy)+len(sick))
					if dice.IntN(8) == 0 {
						fresh := fmt.Sprintf("new%d", dice.Uint32())
						b.holds(fresh, 1)
						mustBeFresh(t, []*Subscription{subscribe(Want{Queue: fresh})}, "one that comes now")
					}
				}
				fall(b, sick, dice, usual)
				time.Sleep(lastAgain + 10*time.Second)
				mustBeFresh(t, slices.Concat(healthy, sick), "after the others have recovered")
			})
		})
	}
}

// The same holds by HTTP, for vhosts, lists, patterns and requests of the management API as well.
func TestStuckRequestsCostOthersNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(seed, 16))
			onStuck(t, HTTP, func(t *testing.T, b *stuckBroker, subscribe func(Want) *Subscription) {
				healthy, sick := startAll(b, subscribe, dice, 1+dice.IntN(40), []int{1, 17, 40, 200}[seed%4], "shop.")
				other, others := startAll(b, subscribe, dice, 1+dice.IntN(30), dice.IntN(30), "bank.")
				time.Sleep(time.Second)
				mustBeFresh(t, healthy, "before")
				fall(b, slices.Concat(sick, others), dice, 0)
				if dice.IntN(2) == 0 {
					b.takes("vhost bank", forever)
				}
				if dice.IntN(3) == 0 {
					b.takes("/api/whoami", forever)
				}
				for range 12 {
					time.Sleep(time.Duration(dice.IntN(6000)) * time.Millisecond)
					mustBeFresh(t, healthy, "while others are stuck")
					if dice.IntN(8) == 0 {
						fresh := fmt.Sprintf("shop.new%d", dice.Uint32())
						b.holds(fresh, 1)
						mustBeFresh(t, []*Subscription{subscribe(Want{Vhost: "shop", Queue: fresh, Pattern: dice.IntN(2) == 0})}, "one that comes now")
					}
				}
				fall(b, slices.Concat(sick, others), dice, usual)
				b.takes("vhost bank", usual)
				b.takes("/api/whoami", usual)
				time.Sleep(lastAgain + 10*time.Second)
				mustBeFresh(t, slices.Concat(healthy, sick, other, others), "after the others have recovered")
			})
		})
	}
}

// startAll subscribes to queues in a random order.
func startAll(b *stuckBroker, subscribe func(Want) *Subscription, dice *rand.Rand, healthy, sick int, prefix string) (well, ill []*Subscription) {
	names := make([]string, 0, healthy+sick)
	for i := range healthy {
		names = append(names, fmt.Sprintf("%swell%d", prefix, i))
	}
	for i := range sick {
		names = append(names, fmt.Sprintf("%sill%d", prefix, i))
	}
	dice.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		b.holds(name, 1)
		s := subscribe(Want{Queue: name, Vhost: strings.TrimSuffix(prefix, "."), Pattern: dice.IntN(10) == 0 && prefix != ""})
		s.Arm()
		if strings.Contains(name, "well") {
			well = append(well, s)
		} else {
			ill = append(ill, s)
		}
	}
	return well, ill
}

// fall has queues take so long to answer, and any time where that is 0.
func fall(b *stuckBroker, sick []*Subscription, dice *rand.Rand, delay time.Duration) {
	for _, s := range sick {
		takes := delay
		if delay == 0 {
			takes = []time.Duration{forever, forever, 30 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second, 6 * time.Second}[dice.IntN(6)]
		}
		b.takes(s.subject.want.Queue, takes)
	}
}

// mustBePushed holds a push to twice the time that a round over so many queues takes.
func mustBePushed(t *testing.T, b *stuckBroker, s *Subscription, queues int) {
	t.Helper()
	changed, stop := s.Listen()
	defer stop()
	time.Sleep(time.Second) // it rests after a change
	before, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-changed:
	default:
	}
	want := uint32(before.Queues[0].Ready) + 1
	b.holds(s.subject.want.Queue, want)
	began := time.Now()
	within := 2 * max(15*time.Millisecond, time.Duration(queues)*10*time.Millisecond)
	limit := time.After(time.Minute)
	for {
		select {
		case <-changed:
		case <-limit:
			t.Fatal("no push")
		}
		if seen, err := s.View(t.Context()); err == nil && seen.Queues[0].Ready == int64(want) {
			break
		}
	}
	if took := time.Since(began); took > within {
		t.Errorf("pushed after %s, want %s", took, within)
	}
}

// A queue that answers late is pushed for as well, as one that was looked at out of turn.
func TestALateQueueWakesItsTrigger(t *testing.T) {
	t.Parallel()
	onStuck(t, AMQP, func(t *testing.T, b *stuckBroker, subscribe func(Want) *Subscription) {
		b.holds("late", 0)
		b.takes("late", 300*time.Millisecond)
		s := subscribe(Want{Queue: "late"})
		mustBeFresh(t, []*Subscription{s}, "at first")
		s.Arm()
		changed, stop := s.Listen()
		defer stop()
		b.holds("late", 3)
		began := time.Now()
		for seen, err := s.View(t.Context()); err != nil || seen.Queues[0].Ready != 3; seen, err = s.View(t.Context()) {
			<-changed
		}
		seen, err := s.View(t.Context())
		if took := time.Since(began); err != nil || seen.Woken.Before(began) || took > 2*time.Second {
			t.Errorf("%+v after %s, %v", seen, took, err)
		}
	})
}
