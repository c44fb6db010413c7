package broker

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"sync/atomic"
	"time"
)

const (
	// headerSize is a frame's type, channel and length; an end mark follows its content.
	headerSize = 7
	frameEnd   = 0xCE
	// methodFrame is the type of frames that carry a question or an answer, lastFrame the highest type there is.
	methodFrame, lastFrame = 1, 8
	// gather is how long answers to many questions may collect before they are read. A broker sends each on its own: to wake up for
	// every one of them costs four times as much.
	gather = 2 * time.Millisecond
	// signOfLife is how often the library hears that the broker lives while all that comes is taken aside.
	signOfLife = time.Second
	// longestFrame is what any frame may have that answers lagwise, and longestGreeting what all of them may have together until
	// lagwise is let in: RabbitMQ takes one kilobyte.
	longestFrame    = 4096
	longestGreeting = 64 << 10
)

// aside is a socket that the library speaks AMQP over, but for the frames of a pipeline's channel: those are taken aside. For the
// library they do not exist.
type aside struct {
	net.Conn
	reader   *bufio.Reader
	pipeline atomic.Pointer[pipeline]
	// left is what the library has not read yet of a frame; heard is when it last got one.
	left  int
	heard time.Time
	// greeted is how much the library has read, in bytes; opened says that the broker has let lagwise in, which ends the bound on it.
	greeted int
	opened  atomic.Bool
}

func newAside(socket net.Conn) *aside {
	return &aside{Conn: socket, reader: bufio.NewReaderSize(socket, 32<<10)}
}

// Read gives the library its frames.
func (a *aside) Read(into []byte) (int, error) {
	for a.left == 0 {
		if err := a.next(); err != nil {
			return 0, err
		}
		if time.Since(a.heard) > signOfLife && a.left == 0 && len(into) > headerSize {
			a.heard = time.Now()
			return copy(into, []byte{lastFrame, 0, 0, 0, 0, 0, 0, frameEnd}), nil // a heartbeat
		}
	}
	n, err := a.reader.Read(into[:min(len(into), a.left)])
	a.left -= n
	if a.greeted += n; a.greeted > longestGreeting && !a.opened.Load() {
		return 0, errFlood
	}
	return n, err //nolint:wrapcheck // as the socket has it
}

// next looks at the frame that comes, and takes it aside or leaves it to the library.
func (a *aside) next() error {
	if p := a.pipeline.Load(); p != nil && a.reader.Buffered() == 0 && p.waitsForMany() {
		time.Sleep(gather)
	}
	header, err := a.reader.Peek(headerSize)
	if err != nil {
		if p := a.pipeline.Load(); p != nil {
			p.end(err)
		}
		return err //nolint:wrapcheck // as the socket has it
	}
	if header[0] > lastFrame {
		a.left = math.MaxInt // whoever answers speaks no AMQP: the library says so
		return nil
	}
	channel, size := binary.BigEndian.Uint16(header[1:]), int(binary.BigEndian.Uint32(header[3:]))+headerSize+1
	p := a.pipeline.Load()
	if p == nil || !p.owns(channel) || header[0] != methodFrame {
		a.left, a.heard = size, time.Now()
		return a.harmless(header[0], channel, size)
	}
	frame, err := a.reader.Peek(size)
	if err != nil {
		p.end(err)
		return fmt.Errorf("reading an answer: %w", err)
	}
	if channel == p.channel { // what comes late for an earlier one is of no use
		p.take(frame[headerSize : size-1])
	}
	_, err = a.reader.Discard(size)
	return err //nolint:wrapcheck // never: it was peeked at
}

var (
	errUnasked = errors.New("the broker sends what lagwise never asks for")
	errTooLong = errors.New("the broker sends a frame that is longer than any answer to lagwise")
	errFlood   = errors.New("the broker does not come to an end of its greeting")
)

// harmless refuses what no answer to lagwise looks like. The library would make as much room as the broker says it has to send, and
// panics at a heartbeat on a channel and at messages whose size is out of range: that would be the end of lagwise.
func (a *aside) harmless(kind byte, channel uint16, size int) error {
	switch {
	case kind == lastFrame && channel == 0:
		return nil
	case kind != methodFrame:
		return errUnasked
	case size > longestFrame:
		return errTooLong
	}
	frame, err := a.reader.Peek(size)
	if err != nil {
		return err //nolint:wrapcheck // as the socket has it
	}
	const textAt = headerSize + 8 // behind the method and the text's length
	if size > textAt && binary.BigEndian.Uint32(frame[headerSize:]) == channelOpenOK &&
		int64(binary.BigEndian.Uint32(frame[headerSize+4:])) > int64(size-textAt) {
		return errTooLong
	}
	return nil
}
