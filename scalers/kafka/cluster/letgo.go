package cluster

import (
	"errors"
	"time"
)

// closeTimeout is ten times what librdkafka needs when all goes well.
const closeTimeout = 10 * time.Second

var errNeverClosed = errors.New("librdkafka does not let its client go; what that holds is kept until this process ends")

// letGo closes a client of librdkafka, or leaves it after closeTimeout. librdkafka waits for every reference to a broker to
// be returned, and loses one now and then when a coordinator died under a request: closing then never ends, and must keep
// neither a session nor the process from ending.
func letGo(closeClient func() error) error {
	closed := make(chan error, 1)
	go func() { closed <- closeClient() }() // the one goroutine that may outlive its context: nothing can end it
	select {
	case err := <-closed:
		return err
	case <-time.After(closeTimeout):
		return errNeverClosed
	}
}
