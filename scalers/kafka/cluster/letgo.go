package cluster

import (
	"errors"
	"time"
)

// closeTimeout is ten times what librdkafka needs when all goes well.
const closeTimeout = 10 * time.Second

var errNeverClosed = errors.New("librdkafka does not let its client go; what that holds is kept until this process ends")

// letGo closes a client of librdkafka, or abandons it after closeTimeout. librdkafka waits without a limit until every reference to a broker is
// returned. With librdkafka 2.11.1 one was lost now and then when a coordinator died under a request of an admin client: closing then never
// ended, and must keep neither a session nor the process from ending. Readers send no such requests, and 1,250 of them closed in time with
// librdkafka 2.15.1 while brokers died and returned (TestReadersCloseAfterBrokersDie), as with 2.11.1. The limit stays because consumers that
// never close after a broker has returned are an open issue of librdkafka (https://github.com/confluentinc/librdkafka/issues/4674).
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
