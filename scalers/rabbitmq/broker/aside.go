package broker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
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

// aside is a socket that the library speaks AMQP over, but for all channels except 0: their frames go to lagwise's own channels. For the
// library they do not exist.
type aside struct {
	net.Conn
	reader *bufio.Reader
	own    atomic.Pointer[channels]
	// left is what the library has not read yet of a frame; heard is when it last got one.
	left  int
	heard time.Time
	// greeted is how much the library has read, in bytes; opened reports that the broker has accepted the login, which ends the bound on it.
	greeted int
	opened  atomic.Bool
}

func newAside(socket net.Conn) *aside {
	return &aside{Conn: socket, reader: bufio.NewReaderSize(socket, 32<<10)}
}

// Write sends the library's frames. To the one that starts the login it adds a capability that the library does not claim.
func (a *aside) Write(out []byte) (int, error) {
	if !a.opened.Load() {
		if claimed, is := claimFailureClose(out); is {
			if _, err := a.Conn.Write(claimed); err != nil {
				return 0, err //nolint:wrapcheck // as the socket has it
			}
			return len(out), nil
		}
	}
	return a.Conn.Write(out) //nolint:wrapcheck // as the socket has it
}

const connectionStartOK uint32 = 10<<16 | 11

// claimFailureClose adds authentication_failure_close to the client's capabilities in connection.start-ok. Without it RabbitMQ waits for
// three seconds before it closes the connection of a client whose password is wrong, and does not give the reason.
func claimFailureClose(out []byte) (claimed []byte, is bool) {
	const propertiesAt = headerSize + 4
	capabilities := []byte("\x0ccapabilitiesF")
	at := bytes.Index(out, capabilities)
	if len(out) < propertiesAt+4 || binary.BigEndian.Uint32(out[headerSize:]) != connectionStartOK || at < 0 || at+len(capabilities)+4 > len(out) {
		return nil, false
	}
	entry := []byte("\x1cauthentication_failure_closet\x01")
	tableAt := at + len(capabilities)
	claimed = slices.Insert(slices.Clone(out), tableAt+4, entry...)
	for _, lengthAt := range []int{headerSize - 4, propertiesAt, tableAt} {
		length := binary.BigEndian.Uint32(claimed[lengthAt:]) + uint32(len(entry)) //nolint:gosec // thirty bytes
		binary.BigEndian.PutUint32(claimed[lengthAt:], length)
	}
	return claimed, true
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
	if own := a.own.Load(); own != nil && a.reader.Buffered() == 0 {
		if own.flush(); own.waitsForMany() {
			time.Sleep(gather)
		}
	}
	header, err := a.reader.Peek(headerSize)
	own := a.own.Load() // they may have come meanwhile
	if err != nil {
		return a.end(own, err)
	}
	if header[0] > lastFrame {
		a.left = math.MaxInt // whoever answers speaks no AMQP: the library says so
		return nil
	}
	kind, channel, size := header[0], binary.BigEndian.Uint16(header[1:]), int(binary.BigEndian.Uint32(header[3:]))+headerSize+1
	if err := harmless(kind, channel, size, own != nil); err != nil {
		return a.end(own, err)
	}
	if channel == 0 {
		a.left, a.heard = size, time.Now()
		return nil
	}
	frame, err := a.reader.Peek(size)
	if err != nil {
		return a.end(own, fmt.Errorf("reading an answer: %w", err))
	}
	if err := own.receive(channel, frame[headerSize:size-1]); err != nil {
		return a.end(own, err)
	}
	_, err = a.reader.Discard(size)
	return err //nolint:wrapcheck // never: it was peeked at
}

// end ends what waits on the connection.
func (a *aside) end(own *channels, why error) error {
	if own != nil {
		own.close(why)
	}
	return why
}

var (
	errUnasked = errors.New("the broker sends what lagwise never asks for")
	errTooLong = errors.New("the broker sends a frame that is longer than any answer to lagwise")
	errFlood   = errors.New("the broker does not come to an end of its greeting")
)

// harmless refuses what no answer to lagwise looks like. The library would make as much room as the broker announces, and panics at a
// heartbeat on a channel and at messages whose size is out of range: that would be the end of lagwise.
func harmless(kind byte, channel uint16, size int, hasChannels bool) error {
	switch {
	case kind == lastFrame && channel == 0:
		return nil
	case kind != methodFrame, channel != 0 && !hasChannels:
		return errUnasked
	case size > longestFrame:
		return errTooLong
	}
	return nil
}
