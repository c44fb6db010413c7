package nerdgraph

import (
	"net/http"

	"github.com/lagwise/lagwise/scalers/pulse"
)

// newTransport is http.DefaultTransport's like, which finds out that a connection is lost.
func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // nobody exchanges it in this program
	transport.HTTP2 = pulse.HTTP2()
	return transport
}
