// Package nerdgraph is a stand-in for New Relic's NerdGraph, which answers as New Relic documents it
// (docs.newrelic.com: "NerdGraph tutorial: Query your data using NRQL", "NerdGraph usage limits", "Rate limits with NRQL").
package nerdgraph

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
)

// Server answers queries. It is a handler for tests with a network, and a http.RoundTripper for those without.
type Server struct {
	// Keys are those that are accepted; nil for any.
	Keys []string

	mu      sync.Mutex
	replies map[string]Reply
	asked   []Request
	busy    int
	busiest int
}

// Request is a query as it was asked.
type Request struct {
	Key     string
	Account int64
	NRQL    string
	// Host was asked.
	Host string
}

// Reply is what a query is answered with.
type Reply struct {
	Status int
	Header map[string]string
	Body   string
	// Held keeps it back until the channel is closed; nil for at once.
	Held <-chan struct{}
	// Silent never answers at all.
	Silent bool
}

// New knows no query yet: each is answered with no rows.
func New() *Server { return &Server{replies: map[string]Reply{}} }

// Rows is a good answer, as a query that found something has it; without rows as one that found nothing.
func Rows(rows ...map[string]any) Reply {
	if rows == nil {
		rows = []map[string]any{}
	}
	body := map[string]any{"data": map[string]any{"actor": map[string]any{"account": map[string]any{"nrql": map[string]any{
		"currentResults": nil, "otherResult": nil, "previousResults": nil, "totalResult": nil, "results": rows,
		"metadata": map[string]any{"eventTypes": []string{"Transaction"}, "facets": nil, "messages": []string{}},
	}}}}}
	return Reply{Status: http.StatusOK, Body: encode(body)}
}

// Number is the answer of most queries: one row with one number.
func Number(column string, number float64) Reply { return Rows(map[string]any{column: number}) }

// Problem is an error of NerdGraph's, which comes with a status of 200.
func Problem(class, message string) Reply {
	return Reply{Status: http.StatusOK, Body: encode(map[string]any{
		"data":   map[string]any{"actor": map[string]any{"account": map[string]any{"nrql": nil}}},
		"errors": []any{problem(map[string]any{"errorClass": class}, message)},
	})}
}

func problem(extensions map[string]any, message string) map[string]any {
	return map[string]any{"message": message, "path": []string{"actor", "account", "nrql"}, "extensions": extensions}
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Set answers a query from now on.
func (s *Server) Set(nrql string, reply Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.replies[nrql] = reply
}

// Accept exchanges the keys that are accepted.
func (s *Server) Accept(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Keys = keys
}

// Asked is every request so far.
func (s *Server) Asked() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Busiest is how many requests were under way at once.
func (s *Server) Busiest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busiest
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		Variables struct {
			AccountID int64  `json:"accountId"`
			Query     string `json:"query"`
		} `json:"variables"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Method != http.MethodPost {
		http.Error(w, "want a query", http.StatusBadRequest)
		return
	}
	reply := s.begin(Request{Key: r.Header.Get("Api-Key"), Account: asked.Variables.AccountID, NRQL: asked.Variables.Query, Host: r.Host})
	defer s.end()
	if reply.Silent {
		<-r.Context().Done()
		return
	}
	if reply.Held != nil {
		<-reply.Held
	}
	w.Header().Set("Content-Type", "application/json")
	for name, value := range reply.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(reply.Status)
	_, _ = w.Write([]byte(reply.Body))
}

func (s *Server) begin(request Request) Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, request)
	s.busy++
	s.busiest = max(s.busiest, s.busy)
	if s.Keys != nil && !slices.Contains(s.Keys, request.Key) {
		return Reply{Status: http.StatusUnauthorized, Body: encode(map[string]any{
			"errors": []any{problem(map[string]any{"error_code": "BAD_API_KEY"}, "Your API key is invalid, or it's not a user key")},
		})}
	}
	if reply, known := s.replies[request.NRQL]; known {
		return reply
	}
	return Rows()
}

func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
}

// RoundTrip answers without a network.
func (s *Server) RoundTrip(request *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	_ = request.Body.Close()
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}
