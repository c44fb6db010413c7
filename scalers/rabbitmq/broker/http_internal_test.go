package broker

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// api answers by path, without what stands behind a ?; 404 where nothing is said.
func api(t *testing.T, answers map[string]string) *httpSource {
	t.Helper()
	return serve(t, func(to http.ResponseWriter, request *http.Request) {
		code, body, _ := strings.Cut(answers[request.URL.Path], " ")
		status := http.StatusNotFound
		_, _ = fmt.Sscan(code, &status)
		to.WriteHeader(status)
		_, _ = io.WriteString(to, body)
	})
}

func serve(t *testing.T, handler http.HandlerFunc) *httpSource {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	s := newHTTPSource(Endpoint{Protocol: HTTP, Address: server.URL, Username: "me", Password: "hunter2"})
	t.Cleanup(s.close)
	return s
}

func kindOf(err error) string {
	if err == nil {
		return "answered"
	}
	return faultOf("", err).Kind.String()
}

// A broker that has just started lists its queues before it knows their figures, and so does one whose node is away. That is no zero.
func TestAnAnswerWithoutFiguresIsNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"name":"orders","messages":0}`:                       "answered",
		`{"name":"orders","durable":true,"node":"rabbit@one"}`: "timed_out",
		`{"name":"orders","messages":null,"state":"stopped"}`:  "timed_out",
		`{}`:   "timed_out",
		`null`: "timed_out",
	} {
		s := api(t, map[string]string{"/api/queues/shop/orders": "200 " + text})
		if _, err := s.look(t.Context(), Want{Vhost: "shop", Queue: "orders"}); kindOf(err) != want {
			t.Errorf("%s: %s", text, kindOf(err))
		}
	}
	for text, want := range map[string]string{
		`{"items":[],"page_count":1}`:                                     "answered",
		`{"items":[{"name":"a","messages":1},{"name":"b","messages":0}]}`: "answered",
		`{"items":[{"name":"a","messages":1},{"name":"just made"}]}`:      "answered",
		`{"items":[{"name":"a"},{"name":"b"}]}`:                           "timed_out",
		`{"items":null}`:                                                  "internal",
		`{}`:                                                              "internal",
		`{"items":[` + strings.Repeat("{},", mostItems) + `{"name":"a","messages":1}]}`: "internal",
	} {
		s := api(t, map[string]string{"/api/queues/shop": "200 " + text})
		if _, err := s.look(t.Context(), Want{Vhost: "shop", Queue: "o", Pattern: true, PageSize: 100}); kindOf(err) != want {
			t.Errorf("%.60s: %s", text, kindOf(err))
		}
	}
}

// The same holds for what is read as a list.
func TestAListWithoutFiguresIsNone(t *testing.T) {
	t.Parallel()
	list := `{"name":"0"}`
	answers := map[string]string{"/api/queues/shop/0": `200 {"name":"0"}`}
	for _, name := range numbered(40)[1:] {
		list += fmt.Sprintf(`,{"name":"%s","messages":%s}`, name, name)
	}
	answers["/api/queues/shop"] = `200 {"page_count":1,"total_count":40,"items":[` + list + `]}`
	seen, err := lookAtMany(t, api(t, answers), numbered(40)...)
	if err != nil || seen["0"] != "timed_out" || seen["39"] != "39" {
		t.Errorf("%v, %v", seen, err)
	}
}

// An API may say that it has as many pages as it likes.
func TestAListEnds(t *testing.T) {
	t.Parallel()
	s := api(t, map[string]string{"/api/queues/shop": `200 {"page_count":1000000000,"total_count":40,"items":[]}`})
	if _, pages := s.list(t.Context(), "shop", 40); pages != 1 {
		t.Errorf("%d pages were read", pages)
	}
}

// To 401 there are two reasons, of which one is a single trigger's.
func TestWhoMayNotSeeAVhostIsSomebody(t *testing.T) {
	t.Parallel()
	for whoami, want := range map[string]string{`200 {"name":"me"}`: "denied", "401 {}": "bad_credentials", "500 {}": "bad_credentials"} {
		s := api(t, map[string]string{
			"/api/whoami": whoami, "/api/queues/shop": "401 {}", "/api/queues/shop/orders": `401 {"reason":"User not authorised to access virtual host"}`,
		})
		for _, pattern := range []bool{false, true} {
			if _, err := s.look(t.Context(), Want{Vhost: "shop", Queue: "orders", Pattern: pattern}); kindOf(err) != want {
				t.Errorf("%s: %v", whoami, err)
			}
		}
	}
}

// A broker's reason is told, as far as it fits into a line of the log.
func TestAReasonIsOneShortLine(t *testing.T) {
	t.Parallel()
	s := api(t, map[string]string{"/api/queues/shop/orders": `500 {"error":"x","reason":"no\nquorum` + strings.Repeat("!", 1000) + `"}`})
	_, err := s.look(t.Context(), Want{Vhost: "shop", Queue: "orders"})
	if want := "500 Internal Server Error: no quorum!!!"; err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
		t.Errorf("%v, want %s and so on", err, want)
	}
}
