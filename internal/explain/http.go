package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Path is where a running lagwise answers, beside its status page.
const Path = "/api/explain"

// answerTime is how long a trigger that is new may take to be observed for the first time; all others answer from memory.
const answerTime = 5 * time.Second

// Handler answers GET /api/explain?namespace=NAMESPACE&name=NAME with a Report in JSON, with 404 where KEDA asks about no such
// ScaledObject or ScaledJob, and with an object that has the field error where something is wrong.
func Handler(triggers Triggers) http.Handler {
	return http.HandlerFunc(func(to http.ResponseWriter, request *http.Request) {
		namespace, name := request.URL.Query().Get("namespace"), request.URL.Query().Get("name")
		if namespace == "" || name == "" {
			tell(to, http.StatusBadRequest, complaint{"say of what: " + Path + "?namespace=NAMESPACE&name=NAME"})
			return
		}
		ctx, cancel := context.WithTimeout(request.Context(), answerTime)
		defer cancel()
		report, found := Live(ctx, triggers, namespace, name)
		if !found {
			tell(to, http.StatusNotFound, complaint{unknown(namespace, name)})
			return
		}
		tell(to, http.StatusOK, report)
	})
}

// complaint is what is told in place of a Report.
type complaint struct {
	Error string `json:"error"`
}

func unknown(namespace, name string) string {
	return fmt.Sprintf("KEDA has not asked this lagwise about a ScaledObject or ScaledJob %q in namespace %q lately", name, namespace)
}

func tell(to http.ResponseWriter, code int, value any) {
	text, err := json.Marshal(value)
	if err != nil { // a number that is none: the contract of scalers forbids it
		code, text = http.StatusInternalServerError, []byte(`{"error":"the answer has no form in JSON"}`)
	}
	to.Header().Set("Content-Type", "application/json")
	to.WriteHeader(code)
	_, _ = to.Write(append(text, '\n')) // whoever asked may be gone
}

// longestReport is more than a ScaledObject on 100,000 partitions takes.
const longestReport = 64 << 20

// AskServer has a running lagwise report; server is its page's address, such as http://127.0.0.1:8081.
func AskServer(ctx context.Context, server, namespace, name string) (Report, error) {
	address := strings.TrimSuffix(server, "/") + Path + "?" + url.Values{"namespace": {namespace}, "name": {name}}.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return Report{}, fmt.Errorf("asking %s: %w", server, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return Report{}, &UnansweredError{fmt.Errorf("asking the status page of a running lagwise (page.listen): %w", err)}
	}
	defer func() { _ = response.Body.Close() }() // read to its end, or not wanted
	text, err := io.ReadAll(io.LimitReader(response.Body, longestReport))
	if err != nil {
		return Report{}, &UnansweredError{fmt.Errorf("reading the answer of %s: %w", server, err)}
	}
	if response.StatusCode != http.StatusOK {
		return Report{}, refusal(server, response.Status, text)
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return Report{}, fmt.Errorf("%s is no lagwise: %w", server, err)
	}
	return report, nil
}

func refusal(server, status string, text []byte) error {
	var said complaint
	if json.Unmarshal(text, &said) != nil || said.Error == "" {
		return fmt.Errorf("%s answers %s: is this the address of lagwise's status page (page.listen)?", server, status)
	}
	return errors.New(said.Error)
}

// UnansweredError says that a running lagwise could not be asked.
type UnansweredError struct{ Err error }

func (e *UnansweredError) Error() string { return e.Err.Error() }

func (e *UnansweredError) Unwrap() error { return e.Err }
