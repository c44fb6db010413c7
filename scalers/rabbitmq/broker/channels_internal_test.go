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

// said is a method as the broker sends it on a channel.
func said(channel uint16, method uint32, arguments ...byte) []byte {
	return frame(nil, channel, method, arguments)
}

func declared(channel uint16, messages byte) []byte {
	return said(channel, queueDeclareOK, 1, 'q', 0, 0, 0, messages, 0, 0, 0, 2)
}

func refusal(code uint16, text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, code), append([]byte{byte(len(text))}, append([]byte(text), 0, 0, 0, 0)...)...)
}

// linked is a source whose connection is made.
func linked(library *aside, most int) *amqpSource {
	own := newChannels(library, most)
	library.own.Store(own)
	s := newAMQPSource(Endpoint{})
	s.dial = func(context.Context, Endpoint) (*link, error) { return nil, errors.New("no other connection") }
	s.link = &link{Connection: &amqp.Connection{}, socket: library, channels: own}
	return s
}

// ask gives the ready messages of each queue, -1 for one that is overdue and -2 for one that is refused.
func ask(t *testing.T, s *amqpSource, queues ...string) ([]int64, error) {
	t.Helper()
	got, wants := make([]int64, len(queues)), make([]Want, len(queues))
	for i, queue := range queues {
		wants[i] = Want{Queue: queue, Timeout: time.Minute}
	}
	_, err := s.lookAtMany(t.Context(), wants, func(i int, a answer) {
		switch {
		case a.err == errOverdue: //nolint:errorlint // it is never wrapped
			got[i] = -1
		case a.err != nil:
			got[i] = -2
		default:
			got[i] = a.queues[0].Ready
		}
	})
	return got, err
}

// The library reads what is its own, byte for byte, however the frames are cut on their way.
func TestOnlyChannelZeroIsTheLibrarys(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	own := newChannels(library, 3)
	library.own.Store(own)
	library.heard = time.Now()
	go func() { _, _ = io.Copy(io.Discard, broker) }()
	q := newInquiry(make([]string, 100))
	var places []int
	for i := range q.queues {
		places = append(places, i)
	}
	if err := own.ask(q, places); err != nil {
		t.Fatal(err)
	}
	var theirs []byte
	all := said(1, channelOpenOK, 0, 0, 0, 0)
	for i := range 100 {
		frame := said(0, queueDeclareOK, make([]byte, i)...)
		theirs = append(theirs, frame...)
		all = append(all, frame...)
		all = append(all, declared(1, byte(i))...)
	}
	go func() {
		for rest := all; len(rest) > 0; {
			n := min(len(rest), 1+rand.IntN(50))
			_, _ = broker.Write(rest[:n])
			rest = rest[n:]
		}
		if half, is := broker.(*net.TCPConn); is {
			_ = half.CloseWrite()
		}
	}()
	got, err := io.ReadAll(library)
	if err != nil || !slices.Equal(got, theirs) {
		t.Errorf("%d bytes of %d, %v", len(got), len(theirs), err)
	}
	results, _, unanswered, _, _ := own.news(q)
	if unanswered != 0 || len(results) != 100 || results[99].seen != (figures{messages: 99, consumers: 2}) {
		t.Errorf("%d unanswered, results: %v", unanswered, results)
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
	own := newChannels(library, 7)
	library.own.Store(own)
	go func() { _, _ = io.Copy(io.Discard, broker) }()
	if err := own.ask(newInquiry([]string{"q"}), []int{0}); err != nil {
		t.Fatal(err)
	}
	_, _ = broker.Write(slices.Concat(said(1, channelOpenOK, 0, 0, 0, 0), declared(1, 1)))
	got := make([]byte, 100)
	n, err := library.Read(got)
	if err != nil || n != headerSize+1 || got[0] != lastFrame || got[headerSize] != frameEnd {
		t.Errorf("%v, %v", got[:n], err)
	}
}

// A queue that is missing closes the channel: those before it are answered, and those after it are asked for again.
func TestARefusalClosesItsChannelAlone(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	s := linked(library, 9)
	go func() { _, _ = io.Copy(io.Discard, library) }()
	read := func(size int) []byte {
		got := make([]byte, size)
		_, _ = io.ReadFull(broker, got)
		return got
	}
	question := len(frame(nil, 1, queueDeclare, make([]byte, 9)))
	open, closeOK := said(1, channelOpen, 0), said(1, channelCloseOK)
	go func() {
		read(len(open) + 3*question)
		_, _ = broker.Write(slices.Concat(said(1, channelOpenOK, 0, 0, 0, 0), declared(1, 5), said(1, channelClose, refusal(404, "NOT_FOUND - no queue 'b'")...)))
		if got := read(len(closeOK) + len(open) + question); !slices.Equal(got[:len(closeOK)+len(open)], slices.Concat(closeOK, open)) {
			t.Errorf("after a refusal: %v", got)
		}
		_, _ = broker.Write(slices.Concat(said(1, channelOpenOK, 0, 0, 0, 0), declared(1, 6)))
		read(question)
		_ = broker.Close()
	}()
	if got, err := ask(t, s, "a", "b", "c"); err != nil || !slices.Equal(got, []int64{5, -2, 6}) {
		t.Fatalf("%v, %v", got, err)
	}
	if got, err := ask(t, s, "c"); err == nil {
		t.Errorf("a connection that ended answers %v", got)
	}
}

// A broker, or a proxy before it, that answers what was not asked ends the connection.
func TestAnAnswerOutOfTurn(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	s := linked(library, 9)
	go func() { _, _ = io.Copy(io.Discard, library) }()
	_, _ = broker.Write(said(1, channelCloseOK))
	if got, err := ask(t, s, "a"); !errors.Is(err, errOutOfTurn) {
		t.Errorf("%v, %v", got, err)
	}
}

// RabbitMQ gives the reason for a refused login only to a client that claims to understand it.
func TestTheLoginClaimsToUnderstandItsRefusal(t *testing.T) {
	t.Parallel()
	for _, out := range [][]byte{nil, []byte("AMQP\x00\x00\x09\x01"), said(0, connectionStartOK), said(1, queueDeclare, 1, 2, 3)} {
		if claimed, is := claimFailureClose(out); is {
			t.Errorf("%q became %q", out, claimed)
		}
	}
	table := "\x0ccapabilitiesF\x00\x00\x00\x05\x01at\x01x"
	out := said(0, connectionStartOK, append(binary.BigEndian.AppendUint32(nil, uint32(len(table))), table+"\x05PLAIN"...)...)
	claimed, is := claimFailureClose(out)
	if !is || !strings.Contains(string(claimed), "\x1cauthentication_failure_closet\x01") || !strings.HasSuffix(string(claimed), "x\x05PLAIN\xce") {
		t.Fatalf("%q", claimed)
	}
	grown := len(claimed) - len(out)
	if got := binary.BigEndian.Uint32(claimed[3:]); int(got) != len(claimed)-headerSize-1 {
		t.Errorf("the frame has %d bytes, and says %d", len(claimed)-headerSize-1, got)
	}
	if got := binary.BigEndian.Uint32(claimed[headerSize+4:]); int(got) != len(table)+grown {
		t.Errorf("the table has %d bytes, and says %d", len(table)+grown, got)
	}
}

func FuzzWhatABrokerSays(f *testing.F) {
	f.Add(slices.Concat(said(1, channelOpenOK, 0, 0, 0, 0), declared(1, 1), said(1, channelClose, refusal(404, "no")...), said(2, channelOpenOK)))
	f.Add([]byte("AMQP\x00\x00\x09\x01"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		library, broker := ends(t)
		own := newChannels(library, 9)
		library.own.Store(own)
		if err := own.ask(newInquiry([]string{"a", "b"}), []int{0, 1}); err != nil {
			t.Fatal(err)
		}
		_, _ = broker.Write(stream)
		_ = broker.Close()
		_, _ = io.Copy(io.Discard, library)
	})
}
