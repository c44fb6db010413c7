package kubernetes_test

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/kubernetes"
)

// pod is what a Pod has of an API server.
type pod struct {
	server *httptest.Server
	folder string
}

func newPod(t *testing.T, handler http.HandlerFunc) pod {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	p := pod{server, t.TempDir()}
	p.write(t, "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	p.write(t, "token", "first\n")
	return p
}

func (p pod) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.folder, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p pod) environment(name string) string {
	address, _ := url.Parse(p.server.URL)
	return map[string]string{"KUBERNETES_SERVICE_HOST": address.Hostname(), "KUBERNETES_SERVICE_PORT": address.Port()}[name]
}

func (p pod) client(t *testing.T) *kubernetes.Client {
	t.Helper()
	client, err := kubernetes.InPod(p.environment, p.folder)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestObjectsAreReadWithTheTokenOfTheMoment(t *testing.T) {
	t.Parallel()
	p := newPod(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"data": {"path": "` + r.URL.Path + `", "token": "` + r.Header.Get("Authorization") + `"}}`))
	})
	client := p.client(t)
	for _, token := range []string{"first", "second"} {
		p.write(t, "token", token+"\n")
		var got struct{ Data map[string]string }
		if err := client.Get(t.Context(), "/api/v1/namespaces/shop/secrets/login", &got); err != nil {
			t.Fatal(err)
		}
		if got.Data["token"] != "Bearer "+token || got.Data["path"] != "/api/v1/namespaces/shop/secrets/login" {
			t.Errorf("%+v", got)
		}
	}
}

func TestWhatTheAPIServerRefuses(t *testing.T) {
	t.Parallel()
	elsewhere := newPod(t, func(http.ResponseWriter, *http.Request) { t.Error("the token went elsewhere") })
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		code   int
		words  string
	}{
		"forbidden": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"kind": "Status", "message": "secrets \"login\" is forbidden"}`))
		}, 403, `secrets "login" is forbidden`},
		"no words": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, 502, "without a reason"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.server.URL, http.StatusFound)
		}, 302, ""},
		"other words": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"data": "hunter2"`)) }, 0, "no JSON of that object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := newPod(t, test.answer).client(t).Get(t.Context(), "/x", &struct{}{})
			status, answered := errors.AsType[*kubernetes.StatusError](err)
			if answered != (test.code > 0) || answered && status.Code != test.code || !strings.Contains(err.Error(), test.words) || strings.Contains(err.Error(), "hunter2") {
				t.Error(err)
			}
		})
	}
}

func TestWhatAPodLacks(t *testing.T) {
	t.Parallel()
	whole := newPod(t, nil)
	if _, err := kubernetes.InPod(func(string) string { return "" }, whole.folder); err == nil || !strings.Contains(err.Error(), "KUBERNETES_SERVICE_HOST") {
		t.Error(err)
	}
	if _, err := kubernetes.InPod(whole.environment, t.TempDir()); err == nil || !strings.Contains(err.Error(), "ca.crt") {
		t.Error(err)
	}
	client := whole.client(t)
	if err := os.Remove(filepath.Join(whole.folder, "token")); err != nil {
		t.Fatal(err)
	}
	if err := client.Get(t.Context(), "/x", &struct{}{}); err == nil || !strings.Contains(err.Error(), "token") {
		t.Error(err)
	}
	whole.write(t, "token", "first")
	whole.write(t, "ca.crt", "none")
	if _, err := kubernetes.InPod(whole.environment, whole.folder); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Error(err)
	}
}
