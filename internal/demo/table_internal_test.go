package demo

import (
	"strings"
	"testing"
	"time"
)

func seen() picture {
	return picture{at: 4400 * time.Millisecond, rows: []row{
		{
			name: "orders", special: "type: external-push", target: 10, before: 1, replicas: 4,
			answer: answer{value: 40, active: true, lags: []int64{15, 14, 114, 0}},
		},
		{
			name: "reports", special: "activationLagThreshold: 400", target: 100, before: 2, replicas: 2,
			answer: answer{value: 156, lags: []int64{39, 39, 39, 39}},
		},
		{name: "invoices", special: "excludePersistentLag: true", target: 5, answer: answer{lags: []int64{0, 0, 0, 0}}},
		{name: "misspelt", special: "lagTreshold: 10", target: 10, answer: answer{failure: "InvalidArgument: no such key"}},
	}}
}

func TestTable(t *testing.T) {
	t.Parallel()
	want := `
SCALEDOBJECT  LAG BY PARTITION  ACTIVE  METRIC  TARGET  REPLICAS  CONSUMERS      TRIGGER
orders         15  14 114   0   yes         40      10  1 -> 4    #### working   type: external-push
reports        39  39  39  39   no         156     100  2         ## cooling     activationLagThreshold: 400
invoices        0   0   0   0   no           0       5  0         asleep         excludePersistentLag: true
misspelt      InvalidArgument: no such key
`
	if got := "\n" + strings.Join(table(seen()), "\n") + "\n"; got != want {
		t.Errorf("table:%s\nwant:%s", got, want)
	}
}

func TestPlainScreen(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	screen := &plainScreen{to: &out}
	first, soon, late := picture{at: 0}, picture{at: 1050 * time.Millisecond}, picture{at: 2100 * time.Millisecond}
	for _, p := range []picture{first, soon, late} {
		if err := screen.picture(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := screen.event(event{at: 2500 * time.Millisecond, who: byKEDA, text: "orders 0 -> 1: active"}); err != nil {
		t.Fatal(err)
	}
	want := `
   0.0s  SCALEDOBJECT  LAG BY PARTITION  ACTIVE  METRIC  TARGET  REPLICAS  CONSUMERS      TRIGGER
   2.1s  SCALEDOBJECT  LAG BY PARTITION  ACTIVE  METRIC  TARGET  REPLICAS  CONSUMERS      TRIGGER
   2.5s  KEDA       orders 0 -> 1: active
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("printed:%s\nwant:%s", got, want)
	}
}

func TestTerminalScreenRedrawsInPlace(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	screen := &terminalScreen{to: &out, size: func() (columns, rows int) { return 30, 24 }}
	if err := screen.picture(seen()); err != nil {
		t.Fatal(err)
	}
	first := out.String()
	out.Reset()
	if err := screen.event(event{at: 5 * time.Second, who: byHPA, text: "orders 1 -> 4: ceil(40 / 10)"}); err != nil {
		t.Fatal(err)
	}
	second := out.String()

	lines := strings.Count(first, "\n")
	if want := "\x1b[J" + "SCALEDOBJECT  LAG BY PARTITION\r\n"; !strings.HasPrefix(first, want) {
		t.Errorf("the first frame begins with %q, want %q", first, want)
	}
	if lines != 8 {
		t.Errorf("the first frame has %d lines, want 8", lines)
	}
	if want := "\x1b[8A\x1b[JSCALEDOBJECT"; !strings.HasPrefix(second, want) {
		t.Errorf("the second frame begins with %.40q, want %q", second, want)
	}
	if !strings.Contains(second, "   5.0s  HPA        orders 1 -\r\n") {
		t.Errorf("the second frame lacks the event, cut at 30 columns:\n%s", second)
	}
}

func TestFitALowTerminal(t *testing.T) {
	t.Parallel()
	lines := fit([]string{"one", "two", "three"}, 2, 3)
	if got := strings.Join(lines, "|"); got != "on|tw" {
		t.Errorf("fit = %q", got)
	}
}
