package status_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/scalers"
)

func figure(name string, value float64, unit scalers.Unit, known bool) scalers.Figure {
	return scalers.Figure{Name: name, Value: value, Unit: unit, Known: known}
}

// orders is a trigger of two partitions.
func orders() *watched {
	return &watched{standings: []scalers.Standing{standing(7, "orders")}, details: map[uint64]scalers.Detail{7: {Parts: []scalers.Part{
		{Name: "orders/0", Done: 900, Left: 100, Figures: []scalers.Figure{
			figure("committed offset", 900, scalers.UnitOffset, true), figure("log start offset", 4711, scalers.UnitOffset, false),
			figure("oldest", 90.5, scalers.UnitSeconds, true),
		}},
		{Name: "orders/1", Done: 1e9, Left: 1, Note: "no committed offset", Figures: []scalers.Figure{
			figure("committed offset", 4713, scalers.UnitOffset, false), figure("log start offset", 4712, scalers.UnitOffset, false),
			figure("oldest", 0, scalers.UnitSeconds, false),
		}},
	}}}}
}

func TestATriggerShowsWhyItAnswersWhatItAnswers(t *testing.T) {
	t.Parallel()
	page := get(t, shown(t, orders())+"/trigger?namespace=shop&name=orders&serial=7")
	for _, want := range []string{
		"<dd>42</dd>", "<dd>1,234</dd>", "orders/0", `<rect class="done" width="90"`, `aria-label="10 % waits"`, "1m30.5s", ">900<",
		`aria-label="1 % waits"`, "no committed offset", // one record is seen beside a billion
		"<b>limit</b>: capped at 42", "<code>lagThreshold</code>", `href="api/explain?name=orders&amp;namespace=shop"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not in the page", want)
		}
	}
	for _, odd := range []string{"471", "4,71", "log start offset"} { // what is not known
		if strings.Contains(page, odd) {
			t.Errorf("%s is in the page", odd)
		}
	}
}

// An edited trigger is a new one, and a restart makes new ones of all: addresses that were kept go on.
func TestAnAddressIsGoodForTheNextTriggerOfItsName(t *testing.T) {
	t.Parallel()
	older, other := standing(8, "orders"), standing(9, "refunds")
	older.Latest.Value, other.Latest.Value = 808, 909
	w := orders()
	w.standings = append(w.standings, older, other)
	address := shown(t, w) + "/trigger?namespace=shop&name="
	for query, want := range map[string]string{
		"orders&serial=7": "<dd>42</dd>", "orders&serial=8": "<dd>808</dd>", "orders": "<dd>808</dd>", "orders&serial=9": "<dd>808</dd>", "refunds&serial=7": "<dd>909</dd>",
	} {
		if page := get(t, address+query); !strings.Contains(page, want) {
			t.Errorf("%s does not show %s", query, want)
		}
	}
	if page := get(t, address+"orders&serial=7"); !strings.Contains(page, "kafka-orders</bdi>, number 8") {
		t.Error("the other trigger of the same workload is not named")
	}
	gone := ask(t, http.MethodGet, address+"%3Cscript%3E")
	if gone.code != http.StatusNotFound || strings.Contains(gone.text, "<script>") || !strings.Contains(gone.text, `href="./?q=shop%2F%3Cscript%3E"`) {
		t.Errorf("%d %s", gone.code, gone.text)
	}
}

func TestATriggerWithoutAnAnswerSaysWhy(t *testing.T) {
	t.Parallel()
	w := orders()
	w.standings[0].Known, w.standings[0].Trouble = false, "Kafka <is> unreachable"
	page := get(t, shown(t, w)+"/trigger?namespace=shop&name=orders")
	if !strings.Contains(page, "Kafka &lt;is&gt; unreachable") || strings.Contains(page, "<dd>42</dd>") || !strings.Contains(page, "Nothing is known of its parts") {
		t.Errorf("shown %s", page)
	}
}

func TestOnlyThePartsWithTheMostAreListed(t *testing.T) {
	t.Parallel()
	w := orders()
	var parts []scalers.Part
	for i := range 1000 {
		parts = append(parts, scalers.Part{Name: "p" + strings.Repeat("x", i%7), Left: float64(i)})
	}
	w.details[7] = scalers.Detail{Parts: parts}
	page := get(t, shown(t, w)+"/trigger?namespace=shop&name=orders")
	if strings.Count(page, `<tr id="part-`) != 200 || !strings.Contains(page, "800 more parts") {
		t.Errorf("%d parts are listed", strings.Count(page, `<tr id="part-`))
	}
}

func TestPartsAreTextWhateverTheyHold(t *testing.T) {
	t.Parallel()
	const hostile = `"><script>alert(1)</script>`
	w := orders()
	w.standings[0].Latest.Reasons = []scalers.Reason{{Rule: hostile, Key: hostile, Text: hostile}}
	w.details[7] = scalers.Detail{Parts: []scalers.Part{{Name: hostile, Note: hostile, Left: 1, Figures: []scalers.Figure{figure(hostile, 1, scalers.UnitRecords, true)}}}}
	if page := get(t, shown(t, w)+"/trigger?namespace=shop&name=orders"); strings.Contains(page, "<script>") || strings.Count(page, "&lt;script&gt;") != 6 {
		t.Errorf("shown %s", page)
	}
}

func TestTheHistoryIsTold(t *testing.T) {
	t.Parallel()
	address := shown(t, orders())
	var told struct {
		Time       []int64
		Value, Lag []*float64
		Active     []*bool
		Pushes     []int
	}
	for deadline := time.Now().Add(patience); len(told.Time) == 0 && time.Now().Before(deadline); {
		if err := json.Unmarshal([]byte(get(t, address+"/api/history?namespace=shop&name=orders&serial=7")), &told); err != nil {
			t.Fatal(err)
		}
	}
	if len(told.Time) != 1 || *told.Value[0] != 42 || *told.Lag[0] != 1234 || !*told.Active[0] || told.Pushes[0] != 0 {
		t.Errorf("told %+v", told)
	}
	if text := get(t, address+"/api/history?namespace=shop&name=nobody&serial=7"); text != `{"time":[],"value":[],"lag":[],"active":[],"pushes":[]}`+"\n" {
		t.Errorf("of nobody: %s", text)
	}
}

func TestExplainIsAnsweredHere(t *testing.T) {
	t.Parallel()
	address := shown(t, orders())
	report, err := explain.AskServer(t.Context(), address, "shop", "orders")
	if err != nil || len(report.Triggers) != 1 || report.Triggers[0].Answer.Value != 42 || len(report.Triggers[0].Answer.Parts) != 2 {
		t.Errorf("got %+v, %v", report, err)
	}
	if _, err := explain.AskServer(t.Context(), address, "shop", "nobody"); err == nil {
		t.Error("a report about nobody")
	}
}
