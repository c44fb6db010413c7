package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// ends are the two of a connection on loopback: that of a library, and a broker's.
func ends(t *testing.T) (library *aside, broker net.Conn) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	socket, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if broker, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = socket.Close(), broker.Close() })
	return newAside(socket), broker
}

// said is a method as the broker says it on a channel.
func said(channel uint16, method uint32, arguments ...byte) []byte {
	return newPipeline(nil, channel, channel).frame(nil, method, arguments)
}

func declared(channel uint16, messages byte) []byte {
	return said(channel, queueDeclareOK, 1, 'q', 0, 0, 0, messages, 0, 0, 0, 2)
}

func refusal(code uint16, text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, code), append([]byte{byte(len(text))}, append([]byte(text), 0, 0, 0, 0)...)...)
}

// The library reads what is its own, byte for byte, however the frames are cut on their way.
func TestOnlyThePipelinesFramesAreTakenAside(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	p := newPipeline(library, 2046, 2047)
	library.pipeline.Store(p)
	library.heard = time.Now()
	p.pending = 100
	var all, own []byte
	for i := range 100 {
		frame := said(uint16(i%3), queueDeclareOK, make([]byte, i)...)
		own = append(own, frame...)
		all = append(all, frame...)
		all = append(all, declared(2046, byte(i))...)
		all = append(all, declared(2047, 1)...) // late, for one that was left behind
	}
	go func() {
		for rest := all; len(rest) > 0; {
			n := min(len(rest), 1+rand.IntN(50))
			_, _ = broker.Write(rest[:n])
			rest = rest[n:]
		}
		_ = broker.Close()
	}()
	got, err := io.ReadAll(library)
	if err != nil || !slices.Equal(got, own) {
		t.Errorf("%d bytes of %d, %v", len(got), len(own), err)
	}
	if len(p.answers) != 100 || p.answers[99] != (figures{messages: 99, consumers: 2}) {
		t.Errorf("answers: %v", p.answers)
	}
}

// What speaks no AMQP is left to the library, which says so.
func TestStrangersAreLeftToTheLibrary(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	const page = "HTTP/1.1 400 Bad Request\r\n\r\n"
	_, _ = io.WriteString(broker, page)
	_ = broker.Close()
	if got, err := io.ReadAll(library); err != nil || string(got) != page {
		t.Errorf("%q, %v", got, err)
	}
}

// While all that comes is taken aside, the library hears that the broker lives.
func TestALibraryThatGetsNothingHearsOfLife(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	library.pipeline.Store(newPipeline(library, 7, 7))
	_, _ = broker.Write(declared(7, 1))
	got := make([]byte, 100)
	n, err := library.Read(got)
	if err != nil || n != headerSize+1 || got[0] != lastFrame || got[headerSize] != frameEnd {
		t.Errorf("%v, %v", got[:n], err)
	}
}

// A queue that is missing closes the channel: those before it are answered, and it is opened again for those after it.
func TestARefusalClosesThePipelinesChannelAlone(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	p := newPipeline(library, 9, 9)
	library.pipeline.Store(p)
	go func() { _, _ = io.Copy(io.Discard, library) }()
	read := func(size int) []byte {
		got := make([]byte, size)
		_, _ = io.ReadFull(broker, got)
		return got
	}
	question := len(p.frame(nil, queueDeclare, make([]byte, 9)))
	open, closeOK := said(9, channelOpen, 0), said(9, channelCloseOK)
	go func() {
		read(len(open) + 3*question)
		_, _ = broker.Write(slices.Concat(said(9, channelOpenOK, 0, 0, 0, 0), declared(9, 5), said(9, channelClose, refusal(404, "NOT_FOUND - no queue 'b'")...)))
		if got := read(len(closeOK) + len(open) + question); !slices.Equal(got[:len(closeOK)+len(open)], slices.Concat(closeOK, open)) {
			t.Errorf("after a refusal: %v", got)
		}
		_, _ = broker.Write(slices.Concat(said(9, channelOpenOK, 0, 0, 0, 0), declared(9, 6)))
		read(question)
		_ = broker.Close()
	}()
	answers, why, err := p.ask(t.Context(), []string{"a", "b", "c"})
	if err != nil || why == nil || why.Code != amqp.NotFound || !strings.Contains(why.Reason, "no queue 'b'") || !slices.Equal(answers, []figures{{5, 2}}) {
		t.Fatalf("%v, %v, %v", answers, why, err)
	}
	answers, why, err = p.ask(t.Context(), []string{"c"})
	if err != nil || why != nil || !slices.Equal(answers, []figures{{6, 2}}) {
		t.Fatalf("%v, %v, %v", answers, why, err)
	}
	for range 2 { // while it is asked, and ever after
		if answers, _, err := p.ask(t.Context(), []string{"c"}); err == nil {
			t.Errorf("a connection that ended answers %v", answers)
		}
	}
}

// Who does not answer is not waited for.
func TestAPipelineGivesUp(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	p := newPipeline(library, 9, 9)
	library.pipeline.Store(p)
	go func() { _, _ = io.Copy(io.Discard, library) }()
	_, _ = broker.Write(slices.Concat(said(9, channelOpenOK, 0, 0, 0, 0)))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := p.ask(ctx, []string{"a"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// A broker, or a proxy before it, that answers out of turn is asked in another way.
func TestAnAnswerOutOfTurn(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	connection := &link{Connection: &amqp.Connection{Config: amqp.Config{ChannelMax: 2047}}, socket: library}
	p := connection.pipeline()
	if p == nil || p.channel != 2047 {
		t.Fatalf("%+v", p)
	}
	go func() { _, _ = io.Copy(io.Discard, library) }()
	_, _ = broker.Write(said(2047, channelCloseOK))
	s := newAMQPSource(Endpoint{})
	s.link = connection
	n, err := s.lookAtSome(t.Context(), []Want{{Queue: "a", Timeout: time.Minute}}, func(int, []Queue, error) { t.Error("an answer") })
	if err != nil || n != 0 || connection.pipeline() != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func FuzzWhatABrokerSays(f *testing.F) {
	f.Add(slices.Concat(declared(9, 1), said(9, channelClose, refusal(404, "no")...), said(1, channelOpenOK)))
	f.Add([]byte("AMQP\x00\x00\x09\x01"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		library, broker := ends(t)
		p := newPipeline(library, 9, 9)
		library.pipeline.Store(p)
		_, _ = broker.Write(stream)
		_ = broker.Close()
		_, _ = io.Copy(io.Discard, library)
	})
}
