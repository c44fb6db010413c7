package status_test

import (
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
)

func TestWarningsAreMarked(t *testing.T) {
	t.Parallel()
	const mark, text = `<span class="state fault">warning</span>`, "orders/0 committed 100 past the log end 0"
	w := orders()
	page := shown(t, w)
	if list, trigger := get(t, page+"/"), get(t, page+"/trigger?namespace=shop&name=orders"); strings.Contains(list+trigger, mark) {
		t.Error("a warning without a rule that warns")
	}
	w = orders()
	w.standings[0].Latest.Reasons = []scalers.Reason{{Rule: "past-end", Text: text, Warning: true}}
	detail := w.details[7]
	detail.Evaluation = w.standings[0].Latest
	w.details[7] = detail
	page = shown(t, w)
	if list := get(t, page+"/"); strings.Count(list, mark) != 1 {
		t.Errorf("the list: %s", list)
	}
	if trigger := get(t, page+"/trigger?namespace=shop&name=orders"); strings.Count(trigger, mark) != 2 || !strings.Contains(trigger, mark+" "+text) {
		t.Errorf("the trigger: %s", trigger)
	}
	if api := get(t, page+"/api/triggers"); !strings.Contains(api, `"warning":true`) {
		t.Errorf("the API: %s", api)
	}
}
