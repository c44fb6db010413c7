package status_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// event is what a browser hears.
type event struct {
	Now      int64
	Set      map[string]string
	List     string
	Lines    []string
	Recorded bool
	Gone     bool
}

// following is a browser that hears.
type following struct {
	code   int
	header http.Header
	events chan event // closed when the stream ends
	stop   context.CancelFunc
}

func follow(t *testing.T, url string) *following {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	f := &following{code: answer.StatusCode, header: answer.Header, events: make(chan event, 100), stop: stop}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer close(f.events)
		f.read(t, answer.Body)
	}()
	t.Cleanup(func() { stop(); _ = answer.Body.Close(); <-ended })
	return f
}

func (f *following) read(t *testing.T, from io.Reader) {
	t.Helper()
	for lines := bufio.NewReader(from); ; {
		line, err := lines.ReadString('\n')
		if err != nil {
			return // with a line that was cut when somebody left
		}
		data, is := strings.CutPrefix(line, "data: ")
		if !is {
			continue
		}
		var heard event
		if err := json.Unmarshal([]byte(data), &heard); err != nil {
			t.Errorf("%v: %s", err, data)
		}
		f.events <- heard
	}
}

// next skips what only says that the chart has something new.
func (f *following) next(t *testing.T) event {
	t.Helper()
	for {
		select {
		case heard, open := <-f.events:
			if !open {
				t.Fatal("the stream has ended")
			}
			if len(heard.Set) > 0 || heard.List != "" || heard.Gone {
				return heard
			}
		case <-time.After(patience):
			t.Fatal("nothing was heard")
		}
	}
}

func TestWhatChangesIsHeardAndNothingElse(t *testing.T) {
	t.Parallel()
	w := many(3)
	f := follow(t, shown(t, w)+"/events/overview?q=worker&sort=name")
	if f.header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("headers %v", f.header)
	}
	first := f.next(t)
	if len(first.Lines) != 3 || first.List != "rows" || first.Set["row-1"] == "" || first.Set["found"] == "" || first.Now == 0 {
		t.Errorf("first %+v", first)
	}
	w.change(func(w *watched) { w.standings[1].Latest.Value = 4711 })
	second := f.next(t)
	if len(second.Set) != 1 || !strings.Contains(second.Set["row-2"], "4,711") || second.List != "" {
		t.Errorf("a value: %+v", second)
	}
	w.change(func(w *watched) {
		s := standing(9, "another-worker")
		s.Latest.Active = true
		w.standings = append(w.standings, s)
	})
	third := f.next(t)
	if len(third.Lines) != 4 || third.Lines[0] != "row-9" || third.Set["row-9"] == "" || third.Set["row-1"] != "" ||
		!strings.Contains(third.Set["counts"], "<b>3</b>") {
		t.Errorf("one more: %+v", third)
	}
}

func TestATriggerIsFollowedUntilItIsGone(t *testing.T) {
	t.Parallel()
	w := orders()
	f := follow(t, shown(t, w)+"/events/trigger?namespace=shop&name=orders&serial=7")
	if first := f.next(t); first.Set["now"] == "" || first.Set["parts"] == "" || first.Set["rules"] == "" || first.List != "" {
		t.Errorf("first %+v", first)
	}
	w.change(func(w *watched) {
		w.standings[0].Latest.Reasons = []scalers.Reason{{Rule: "limit", Text: "<b>not</b> capped"}}
	})
	if second := f.next(t); len(second.Set) != 1 || !strings.Contains(second.Set["rules"], "&lt;b&gt;not") {
		t.Errorf("second %+v", second)
	}
	w.change(func(w *watched) { w.standings = nil })
	if last := f.next(t); !last.Gone {
		t.Errorf("last %+v", last)
	}
	if _, open := <-f.events; open {
		t.Error("the stream goes on")
	}
}

// After a restart the serials begin anew: whoever followed a trigger goes on with it, never with another.
func TestAnotherTriggerNeverTakesThePlaceOfOne(t *testing.T) {
	t.Parallel()
	w := orders()
	f := follow(t, shown(t, w)+"/events/trigger?namespace=shop&name=orders&serial=7")
	f.next(t)
	w.change(func(w *watched) {
		other, same := standing(7, "refunds"), standing(8, "orders")
		other.Latest.Value, same.Latest.Value = 666, 4711
		w.standings = []scalers.Standing{other, same}
	})
	if heard := f.next(t); !strings.Contains(heard.Set["now"], "4,711") {
		t.Errorf("heard %+v", heard)
	}
}

// All who follow one page share what is made of it, and there is an end to their number.
func TestACrowdIsBoundedAndCostsOneLook(t *testing.T) {
	t.Parallel()
	w := many(10)
	address := shown(t, w) + "/events/overview"
	var crowd []*following
	for range 64 {
		crowd = append(crowd, follow(t, address))
	}
	for _, f := range crowd {
		f.next(t)
	}
	if f := follow(t, address); f.code != http.StatusServiceUnavailable || f.header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d", f.code)
	}
	if got := ask(t, http.MethodHead, address); got.code != http.StatusOK {
		t.Errorf("HEAD: %d", got.code)
	}
	w.change(func(w *watched) { w.looks = 0 })
	began := time.Now()
	for range 3 {
		w.change(func(w *watched) { w.standings[0].Latest.Value++ })
		for _, f := range crowd {
			f.next(t)
		}
	}
	w.change(func(w *watched) {
		if most := 4 + int(time.Since(began)/(500*time.Millisecond)); w.looks > most {
			t.Errorf("%d looks at all triggers, at most %d were needed", w.looks, most)
		}
	})
	crowd[0].stop()
	for deadline := time.Now().Add(patience); ; {
		f := follow(t, address)
		if f.code == http.StatusOK {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a place that was left stays taken")
		}
	}
}

// Whoever ends lagwise does not wait for those who look.
func TestFollowersDoNotKeepItFromEnding(t *testing.T) {
	t.Parallel()
	address, end := running(t, many(1))
	f := follow(t, address+"/events/overview")
	f.next(t)
	ended := make(chan struct{})
	go func() { defer close(ended); end() }()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("it waits for whoever looks")
		f.stop()
	}
	for range f.events { // ends
	}
}

// A source that panics takes one answer with it, not the process.
func TestAPanicIsAPageThatIsMissing(t *testing.T) {
	t.Parallel()
	w := orders()
	w.panics = true
	address := shown(t, w)
	for _, path := range []string{"/trigger?namespace=shop&name=orders", "/api/explain?namespace=shop&name=orders"} {
		if got := ask(t, http.MethodGet, address+path); got.code != http.StatusInternalServerError || strings.Contains(got.text, "told nobody") {
			t.Errorf("%s: %d %s", path, got.code, got.text)
		}
	}
	w.change(func(w *watched) { w.panics = false })
	get(t, address+"/trigger?namespace=shop&name=orders") // no turn is lost
	get(t, address+"/trigger?namespace=shop&name=orders")
}
