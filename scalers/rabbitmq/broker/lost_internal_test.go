package broker

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/test/wire"
)

// A proxy before the management API may speak HTTP/2, which by itself never gives up a connection.
func TestALostConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newHTTPSource(Endpoint{Protocol: HTTP, Address: wire.URL})
		transport, _ := s.way.Load().client.Transport.(*http.Transport)
		network := wire.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"name":"orders","messages":1}`)
		}), transport)
		network.MustBeGivenUp(t, func() error {
			_, err := s.look(t.Context(), Want{Vhost: "shop", Queue: "orders", Timeout: 10 * time.Second})
			return err
		})
	})
}
