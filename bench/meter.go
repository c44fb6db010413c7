package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// meter stands between a program and a server, and counts what the program asks. It is for counting alone: no latency is taken
// through it.
type meter struct {
	listener net.Listener
	server   string
	count    func(counted *atomic.Int64, asks *bufio.Reader, server io.Writer) error
	asked    atomic.Int64
	copying  sync.WaitGroup
}

// newMeter listens on loopback until ctx ends.
func newMeter(ctx context.Context, server string, count func(*atomic.Int64, *bufio.Reader, io.Writer) error) (*meter, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for what is asked: %w", err)
	}
	m := &meter{listener: listener, server: server, count: count}
	m.copying.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return // it is closed
			}
			m.copying.Go(func() { m.stand(ctx, client) })
		}
	})
	return m, nil
}

func (m *meter) address() string { return m.listener.Addr().String() }

// close returns when the programs have ended their connections.
func (m *meter) close() {
	_ = m.listener.Close()
	m.copying.Wait()
}

func (m *meter) stand(ctx context.Context, client net.Conn) {
	defer client.Close() //nolint:errcheck // nothing more is to be sent
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", m.server)
	if err != nil {
		return
	}
	m.copying.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	})
	_ = m.count(&m.asked, bufio.NewReader(client), server) // the program's end of the connection, as a rule
	_ = server.Close()
}

// countMethods counts AMQP's methods, which are one frame each: type, channel and size, that many bytes, and a mark.
func countMethods(asked *atomic.Int64, asks *bufio.Reader, server io.Writer) error {
	const protocolHeader, frameHeader, method = 8, 7, 1
	if _, err := io.CopyN(server, asks, protocolHeader); err != nil {
		return fmt.Errorf("copying: %w", err)
	}
	for {
		header, err := asks.Peek(frameHeader)
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if header[0] == method {
			asked.Add(1)
		}
		if _, err := io.CopyN(server, asks, frameHeader+int64(binary.BigEndian.Uint32(header[3:]))+1); err != nil {
			return fmt.Errorf("copying: %w", err)
		}
	}
}

// countCalls counts HTTP's requests without a body, each of which ends with an empty line.
func countCalls(asked *atomic.Int64, asks *bufio.Reader, server io.Writer) error {
	for {
		line, err := asks.ReadSlice('\n')
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			asked.Add(1)
		}
		if _, err := server.Write(line); err != nil {
			return fmt.Errorf("copying: %w", err)
		}
	}
}
