package kubernetes

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"github.com/lagwise/lagwise/test/wire"
)

func TestALostConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport, account := newTransport(nil), t.TempDir()
		network := wire.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{}`)) }), transport)
		if err := os.WriteFile(filepath.Join(account, "token"), []byte("first"), 0o600); err != nil {
			t.Fatal(err)
		}
		client := newClient(wire.URL, account, transport)
		network.MustBeGivenUp(t, func() error { return client.Get(t.Context(), "/x", &struct{}{}) })
	})
}
