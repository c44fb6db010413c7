package broker

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// management is an API with a number of queues, each with as many messages as its number says.
type management struct {
	queues int
	status int // of every answer, where it is not 0

	mu            sync.Mutex
	lists, single int
}

func (m *management) ServeHTTP(to http.ResponseWriter, request *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	parts := strings.Split(strings.TrimPrefix(request.URL.Path, "/api/queues/"), "/")
	if m.status != 0 {
		m.single++
		to.WriteHeader(m.status)
		return
	}
	if request.URL.Path == whoami { // as is asked when this machine is slow
		_, _ = fmt.Fprint(to, "{}")
		return
	}
	if len(parts) == 1 {
		m.lists++
		page, size := 1, 1
		_, _ = fmt.Sscan(request.FormValue("page"), &page)
		_, _ = fmt.Sscan(request.FormValue("page_size"), &size)
		var items []string
		for i := (page - 1) * size; i < min(page*size, m.queues); i++ {
			items = append(items, fmt.Sprintf(`{"name":"%d","messages":%d}`, i, i))
		}
		_, _ = fmt.Fprintf(to, `{"page_count":%d,"total_count":%d,"items":[%s]}`, (m.queues+size-1)/size, m.queues, strings.Join(items, ","))
		return
	}
	m.single++
	n := -1
	if _, _ = fmt.Sscan(parts[1], &n); n < 0 || n >= m.queues {
		to.WriteHeader(http.StatusNotFound)
		return
	}
	_, _ = fmt.Fprintf(to, `{"name":"%d","messages":%d}`, n, n)
}

// asked says how often, since it was last asked.
func (m *management) asked() (lists, single int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lists, single = m.lists, m.single
	m.lists, m.single = 0, 0
	return lists, single
}

func lookAtMany(t *testing.T, s *httpSource, names ...string) (seen map[string]string, err error) {
	t.Helper()
	wants := make([]Want, len(names))
	for i, name := range names {
		wants[i] = Want{Vhost: "shop", Queue: name, Timeout: time.Minute}
	}
	var mu sync.Mutex
	seen = map[string]string{}
	_, err = s.lookAtMany(t.Context(), wants, func(i int, a answer) {
		mu.Lock()
		defer mu.Unlock()
		if seen[names[i]] = fmt.Sprint(faultOf("", a.err).Kind); a.err == nil {
			seen[names[i]] = fmt.Sprint(a.queues[0].Total)
		}
	})
	return seen, err
}

func numbered(n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprint(i))
	}
	return names
}

// From some number on queues are listed; those that the list does not have are asked for, as are few, and those of a crowded vhost.
func TestWhenQueuesAreListed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		queues        int
		wanted        []string
		lists, single int
	}{
		"few":             {10, numbered(10), 0, 10},
		"many":            {40, numbered(40), 1, 0},
		"several pages":   {1200, numbered(1200), 3, 0},
		"a missing one":   {40, append(numbered(40), "nowhere"), 1, 1},
		"a crowded vhost": {1000, numbered(40), 1, 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := &management{queues: test.queues}
			server := httptest.NewServer(api)
			defer server.Close()
			s := newHTTPSource(Endpoint{Protocol: HTTP, Address: server.URL})
			defer s.close()
			seen, err := lookAtMany(t, s, test.wanted...)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range test.wanted {
				if want := map[bool]string{true: name, false: "unknown_queue"}[name != "nowhere"]; seen[name] != want {
					t.Errorf("%s: %q", name, seen[name])
				}
			}
			if lists, single := api.asked(); lists != test.lists || single != test.single {
				t.Errorf("%d lists and %d queues were asked for", lists, single)
			}
			if name == "a crowded vhost" {
				if _, err := lookAtMany(t, s, test.wanted...); err != nil {
					t.Fatal(err)
				}
				if lists, single := api.asked(); lists != 0 || single != test.single {
					t.Errorf("once more: %d lists and %d queues", lists, single)
				}
				if _, err := lookAtMany(t, s, numbered(test.queues)...); err != nil { // as when triggers come one after the other
					t.Fatal(err)
				}
				if lists, single := api.asked(); lists != 2 || single != 0 {
					t.Errorf("of all: %d lists and %d queues", lists, single)
				}
			}
		})
	}
}

// An API that lets nobody in is not asked about every queue.
func TestAnAPIThatLetsNobodyIn(t *testing.T) {
	t.Parallel()
	api := &management{status: http.StatusUnauthorized}
	server := httptest.NewServer(api)
	defer server.Close()
	s := newHTTPSource(Endpoint{Protocol: HTTP, Address: server.URL})
	defer s.close()
	if _, err := lookAtMany(t, s, numbered(200)...); err == nil || faultOf("", err).Kind != BadCredentials {
		t.Errorf("%v", err)
	}
	if _, asked := api.asked(); asked > 1+2*requestsAtOnce { // each of the first ones by another question after it, who lagwise is
		t.Errorf("asked %d times", asked)
	}
}
