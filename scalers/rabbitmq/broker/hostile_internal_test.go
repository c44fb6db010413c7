package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// The methods of AMQP 0-9-1 by which a broker lets somebody in.
const (
	connectionStart  uint32 = 10<<16 | 10
	connectionTune   uint32 = 10<<16 | 30
	connectionOpenOK uint32 = 10<<16 | 41
	basicDeliver     uint32 = 60<<16 | 60
)

func longString(text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...)
}

// content is a frame of any type.
func content(kind byte, channel uint16, payload ...byte) []byte {
	frame := binary.BigEndian.AppendUint16([]byte{kind}, channel)
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(payload)))
	return append(append(frame, payload...), frameEnd)
}

// wicked lets everybody in who connects, without a bound on frames, and says something instead of figures.
func wicked(t *testing.T, says ...[]byte) Endpoint {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	start := slices.Concat([]byte{0, 9, 0, 0, 0, 0}, longString("PLAIN"), longString("en_US"))
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				_, _ = io.ReadFull(client, make([]byte, 8))
				for _, turn := range [][]byte{
					said(0, connectionStart, start...),
					said(0, connectionTune, 0, 0, 0, 0, 0, 0, 0, 10),
					nil, // connection.tune-ok
					said(0, connectionOpenOK, 0),
					said(1, channelOpenOK, 0, 0, 0, 0),
					slices.Concat(says...),
				} {
					if _, err := client.Write(turn); err != nil {
						return
					}
					if err := hear(client); err != nil {
						return
					}
				}
				_, _ = io.Copy(io.Discard, client)
			}()
		}
	}()
	return Endpoint{Protocol: AMQP, Address: listener.Addr().String(), Username: "me", Password: "hunter2", Vhost: "/"}
}

// hear reads one frame.
func hear(client net.Conn) error {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(client, header); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, client, int64(binary.BigEndian.Uint32(header[3:]))+1)
	return err
}

// Whoever may name a broker may name one that is out to do harm. The library makes as much room as a broker says it has to send, and
// panics at some of what one can say; a panic there is the end of lagwise.
func TestAWickedBrokerIsHungUpOn(t *testing.T) {
	t.Parallel()
	delivery := said(1, basicDeliver, append([]byte{1, 'c'}, make([]byte, 8+1+1+1)...)...)
	header := func(size uint64) []byte {
		return content(2, 1, append(binary.BigEndian.AppendUint64([]byte{0, 60, 0, 0}, size), 0, 0)...)
	}
	for name, says := range map[string][][]byte{
		"a heartbeat on a channel": {content(lastFrame, 1)},
		"a message without end":    {delivery, header(1 << 62), content(3, 1, 1)},
		"a message":                {delivery, header(1), content(3, 1, 1)},
		"a frame without end":      {{methodFrame, 0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 50, 0, 11}},
		"a text without end":       {said(2, channelOpenOK, 0x7f, 0xff, 0xff, 0xff)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newAMQPSource(wicked(t, says...))
			defer s.close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := s.look(ctx, Want{Queue: "orders"})
			if fault, is := errors.AsType[*Fault](err); !is || fault.Kind != Unreachable {
				t.Errorf("%v", err)
			}
		})
	}
}

// Before somebody is let in there is a bound on what a broker may say altogether.
func TestAHandshakeIsNoFlood(t *testing.T) {
	t.Parallel()
	library, broker := ends(t)
	go func() {
		frame := said(0, connectionStart, []byte(strings.Repeat("a", 4000))...)
		for {
			if _, err := broker.Write(frame); err != nil {
				return
			}
		}
	}()
	if n, err := io.Copy(io.Discard, library); err == nil || n > longestGreeting {
		t.Errorf("%d bytes, %v", n, err)
	}
}
