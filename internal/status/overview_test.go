package status_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/lagwise/lagwise/internal/status"
	"github.com/lagwise/lagwise/scalers"
)

// listed are the names of the triggers on a page, in its order.
func listed(page string) []string {
	var names []string
	for _, match := range regexp.MustCompile(`<tr id="row-\d+">\s*<th scope="row"><a href="[^"]*"><bdi>[^<]*</bdi>/<bdi>([^<]*)</bdi>`).FindAllStringSubmatch(page, -1) {
		names = append(names, match[1])
	}
	return names
}

func TestATriggerIsALine(t *testing.T) {
	t.Parallel()
	w := &watched{standings: []scalers.Standing{standing(7, "orders")}}
	page := get(t, shown(t, w)+"/")
	for _, want := range []string{
		`<a href="trigger?name=orders&amp;namespace=shop&amp;serial=7">`, ">kafka-orders<", `class="state active">active<`,
		">42<", ">10<", ">1,234<", ">03:04:05 UTC<", `datetime="2026-01-02T03:04:05.000Z"`, "1 triggers.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not in the page", want)
		}
	}
}

// Not knowing is never 0.
func TestWhatIsNotKnownIsNotANumber(t *testing.T) {
	t.Parallel()
	unknown, window := standing(1, "unknown"), standing(2, "window")
	unknown.Known, unknown.Latest.Value = false, 4711
	window.Latest.HasLeft, window.Latest.Left = false, 4712
	address := shown(t, &watched{standings: []scalers.Standing{unknown, window}})
	if page := get(t, address+"/"); strings.Contains(page, "4,71") || strings.Count(page, `title="not known"`) != 3 {
		t.Errorf("shown: %s", page)
	}
	if text := get(t, address+"/api/triggers"); strings.Contains(text, "471") || strings.Count(text, `"value"`) != 1 {
		t.Errorf("told: %s", text)
	}
}

func TestTriggersAreSearchedSortedAndPaged(t *testing.T) {
	t.Parallel()
	w := many(250)
	unknown := standing(251, "silent")
	unknown.Known = false
	w.standings = append(w.standings, unknown)
	address := shown(t, w)
	for _, test := range []struct {
		query       string
		count       int
		first, last string
		found       string
	}{
		{"", 100, "silent", "worker-0098", "1 to 100 of 251 triggers."},
		{"page=3", 51, "worker-0199", "worker-0249", "201 to 251 of 251 triggers."},
		{"page=99", 51, "worker-0199", "worker-0249", "201 to 251 of 251 triggers."},
		{"sort=-name", 100, "worker-0249", "worker-0150", "1 to 100 of 251"},
		{"sort=-lag", 100, "worker-0249", "worker-0150", "1 to 100 of 251"},
		{"sort=lag&page=3", 51, "worker-0200", "silent", "201 to 251"}, // what has none comes last
		{"sort=-lag&page=3", 51, "worker-0049", "silent", "201 to 251"},
		{"state=inactive&sort=-lag", 100, "worker-0249", "worker-0051", "1 to 100 of 125 triggers that are like that, 251 in all."},
		{"state=unknown", 1, "silent", "silent", "1 triggers that are like that, 251 in all."},
		{"q=ORKER-024", 10, "worker-0240", "worker-0249", "10 triggers that are like that"},
		{"q=+shop+kafka++0249+", 1, "worker-0249", "worker-0249", "1 triggers that are like that"},
		{"q=nobody", 0, "", "", "None of 251 triggers is like that."},
		{"sort=nothing&state=odd&page=-1", 100, "silent", "worker-0098", "1 to 100"},
	} {
		page := get(t, address+"/?"+test.query)
		names := listed(page)
		if len(names) != test.count || test.count > 0 && (names[0] != test.first || names[len(names)-1] != test.last) {
			t.Errorf("%q lists %d: %v", test.query, len(names), names)
		}
		if !strings.Contains(page, test.found) {
			t.Errorf("%q does not say %q", test.query, test.found)
		}
		var told struct{ Triggers []status.Row }
		if err := json.Unmarshal([]byte(get(t, address+"/api/triggers?"+test.query)), &told); err != nil || len(told.Triggers) != test.count {
			t.Errorf("%q tells of %d: %v", test.query, len(told.Triggers), err)
		}
	}
}

// Without any script: the form, the headings and the pages lead to the same lists.
func TestLinksLeadOn(t *testing.T) {
	t.Parallel()
	address := shown(t, many(250))
	page := get(t, address+"/?q=worker&sort=-lag&page=2")
	for _, want := range []string{
		`aria-sort="descending"><a href="./?q=worker&amp;sort=lag">Lag</a>`, `<a href="./?q=worker&amp;sort=-value">Value</a>`,
		`<a href="./?q=worker">Trigger</a>`, `<a href="./?q=worker&amp;sort=-lag" rel="prev">`, `<a href="./?page=3&amp;q=worker&amp;sort=-lag" rel="next">`,
		`<input type="hidden" name="sort" value="-lag">`, `value="worker"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not in the page", want)
		}
	}
}

func TestConnectionsInTroubleComeFirst(t *testing.T) {
	t.Parallel()
	w := many(1)
	for i := range 60 {
		w.connections = append(w.connections, status.Connection{Source: "kafka", Name: fmt.Sprint("well-", i), Doing: "observes"})
	}
	w.connections = append(w.connections, status.Connection{Source: "kafka", Name: "broken", Fault: "unreachable", Trouble: "no broker"})
	address := shown(t, w)
	page := get(t, address+"/")
	if strings.Index(page, "broken") > strings.Index(page, "well-0") || !strings.Contains(page, "no broker") || !strings.Contains(page, "11 more connections") {
		t.Errorf("got %s", page)
	}
	if told := get(t, address+"/api/connections"); strings.Count(told, `"name"`) != 61 {
		t.Errorf("told %s", told)
	}
}

// Names are the clients' to choose.
func TestNamesAreTextWhateverTheyHold(t *testing.T) {
	t.Parallel()
	hostile := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, "javascript:alert(1)", "\x1b[31m\u202e\u009bevil\x00", "\xff\xfe",
		strings.Repeat("long", 10_000), "{{.Body}}", "a/../../b?c#d", "日本", "",
	}
	w := &watched{}
	for i, name := range hostile {
		s := standing(uint64(i+1), name)
		s.Namespace, s.Metric.Name, s.Source = name, name, name
		w.standings = append(w.standings, s)
		w.connections = append(w.connections, status.Connection{Source: name, Name: name, Fault: "denied", Trouble: name, Doing: name})
	}
	address := shown(t, w)
	for _, path := range []string{"/", "/?q=" + url.QueryEscape(hostile[0]), "/?sort=" + url.QueryEscape(hostile[1])} {
		page := get(t, address+path)
		for _, mark := range []string{"<script>alert", "<img", "' onmouseover='", `href="javascript:`} {
			if strings.Contains(page, mark) {
				t.Errorf("%s: %q is in the page", path, mark)
			}
		}
		for _, r := range page {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				t.Errorf("%s: %U is in the page", path, r)
			}
		}
		if len(page) > 200_000 {
			t.Errorf("%s: %d bytes", path, len(page))
		}
	}
	var told struct{ Triggers []status.Row }
	if err := json.Unmarshal([]byte(get(t, address+"/api/triggers?sort=name")), &told); err != nil || len(told.Triggers) != len(hostile) ||
		!slices.ContainsFunc(told.Triggers, func(r status.Row) bool { return r.Name == hostile[0] }) {
		t.Errorf("told %v, %v", told, err)
	}
}

// A crowd that reloads all the time does not make lagwise look at its triggers as often.
func TestOneLookIsForAllWhoLook(t *testing.T) {
	t.Parallel()
	w := many(10)
	address := shown(t, w)
	began := time.Now()
	for range 20 {
		_ = ask(t, http.MethodGet, address+"/")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if most := 2 + int(time.Since(began)/(500*time.Millisecond)); w.looks > most { // one of them is for the history
		t.Errorf("%d looks for 20 pages", w.looks)
	}
}
