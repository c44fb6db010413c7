package explain_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/scalers"
)

func serving(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestARunningLagwiseReports(t *testing.T) {
	t.Parallel()
	registry := scalers.NewRegistry(map[string]scalers.Factory{"kafka": func(scalers.Trigger) scalers.Scaler { return shown{} }}, scalers.RegistryOptions{})
	_, release, err := registry.Acquire(scalers.Trigger{Namespace: "shop", Name: "orders"})
	if err != nil {
		t.Fatal(err)
	}
	release()
	server := serving(t, explain.Handler(registry))
	report, err := explain.AskServer(t.Context(), server+"/", "shop", "orders")
	if err != nil || len(report.Triggers) != 1 || report.Triggers[0].Answer.Value != 40 || report.Triggers[0].Answer.Parts[0].Figures[0].Value != nil {
		t.Errorf("got %+v, %v", report, err)
	}
	for name, want := range map[string]string{"refunds": `"refunds" in namespace "shop"`, "": "say of what"} {
		_, err = explain.AskServer(t.Context(), server, "shop", name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestWhatIsNoLagwiseIsToldApart(t *testing.T) {
	t.Parallel()
	other := serving(t, http.NotFoundHandler())
	if _, err := explain.AskServer(t.Context(), other, "shop", "orders"); err == nil || !strings.Contains(err.Error(), "status page") {
		t.Errorf("got %v", err)
	}
	prose := serving(t, http.HandlerFunc(func(to http.ResponseWriter, _ *http.Request) { _, _ = to.Write([]byte("hello")) }))
	if _, err := explain.AskServer(t.Context(), prose, "shop", "orders"); err == nil || !strings.Contains(err.Error(), "is no lagwise") {
		t.Errorf("got %v", err)
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	_, err := explain.AskServer(t.Context(), gone.URL, "shop", "orders")
	if _, unanswered := errors.AsType[*explain.UnansweredError](err); !unanswered {
		t.Errorf("got %v", err)
	}
}
