//go:build rabbitmq

package rabbitmq_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

// The management API knows who lagwise is, and still answers 401 about a vhost that the user may not see. That is the fault of the
// trigger which names it, and of nobody else on the connection.
func TestAForeignVhostDisturbsNobody(t *testing.T) {
	t.Parallel()
	for path, body := range map[string]string{
		"/api/vhosts/foreign": `{}`, "/api/users/narrow": `{"password": "hunter2", "tags": "management"}`,
	} {
		put(t, path, body)
	}
	put(t, "/api/permissions/%2F/narrow", `{"configure": ".*", "write": ".*", "read": ".*"}`)
	l := newLabWith(t, shared, patientOptions(), rabbitmq.Connection{
		Name: "narrow", Management: "http://" + shared.ManagementAddress(), Vhost: "/", Username: "narrow", Password: "hunter2",
	})
	queue := l.queue()
	own := l.scaler("queueName", queue, "connection", "narrow")
	l.eventuallyValue(own, 0)
	foreign := l.scaler("queueName", queue, "connection", "narrow", "vhostName", "foreign")
	l.eventually(foreign, func(_ scalers.Evaluation, err error) bool {
		cause, _ := scalers.CauseOf(err)
		return cause == scalers.CauseDenied
	})
	l.publish(queue, 3)
	l.eventuallyValue(own, 3)
	l.eventuallyValue(l.scaler("queueName", l.queue(), "connection", "narrow"), 0) // one that comes now
	for range 100 {
		if _, err := own.Evaluate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func put(t *testing.T, path, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, shared.ManagementURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s: %s", path, response.Status)
	}
}
