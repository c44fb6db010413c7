package server

import (
	"time"

	"google.golang.org/grpc/codes"
)

// Meter counts what happens at the edge. It is told in the way of every call, so it must neither wait nor allocate.
type Meter interface {
	// Answered tells of a call that has ended, streams included. rpc is a method of KEDA's service, such as "GetMetrics".
	Answered(rpc string, code codes.Code, took time.Duration)
	// Streaming tells of a stream that was opened (1) or has ended (-1).
	Streaming(rpc string, more int)
	// Pushed tells of a message that says "active". woken is when the event was noticed that led to it; zero when it repeats
	// an earlier one, or when there was no event.
	Pushed(woken time.Time)
	// HandshakeFailed tells of a client with which no TLS connection came about. cause is one of HandshakeFailures.
	HandshakeFailed(cause string)
}

// unmetered counts nothing.
type unmetered struct{}

func (unmetered) Answered(string, codes.Code, time.Duration) {}
func (unmetered) Streaming(string, int)                      {}
func (unmetered) Pushed(time.Time)                           {}
func (unmetered) HandshakeFailed(string)                     {}
