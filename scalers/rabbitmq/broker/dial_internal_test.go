package broker

import (
	"context"
	"net"
	"testing"
	"time"
)

// A broker that accepts a connection and never speaks TLS is given up when the time is over, and takes nobody with it.
func TestAHandshakeThatNeverEndsIsGivenUp(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	for range 50 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := dial(ctx, Endpoint{Address: silent.Addr().String(), Protocol: AMQP, Encrypted: true}); err == nil {
			t.Error("a connection to a broker that says nothing")
		}
		cancel()
	}
}
