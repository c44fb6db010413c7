package nerdgraph

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/lagwise/lagwise/test/wire"
)

func TestALostConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := newTransport()
		network := wire.Serve(t, http.NotFoundHandler(), transport)
		client := http.Client{Transport: transport, Timeout: askTime}
		network.MustBeGivenUp(t, func() error {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, wire.URL, http.NoBody)
			if err != nil {
				return err
			}
			response, err := client.Do(request)
			if err != nil {
				return err
			}
			return response.Body.Close()
		})
	})
}
