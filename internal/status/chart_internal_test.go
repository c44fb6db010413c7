package status

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// young is a lagwise with one trigger.
type young struct{ nobody }

func (young) Standings() []scalers.Standing {
	return []scalers.Standing{{Serial: 7, Namespace: "shop", Name: "orders", Known: true}}
}

func (y young) Detail(context.Context, uint64) (scalers.Standing, scalers.Detail, bool, error) {
	return y.Standings()[0], scalers.Detail{}, true, nil
}

// Whoever opens a trigger's page before anything of it is recorded sees the chart come.
func TestTheChartComesWhileSomebodyLooks(t *testing.T) {
	t.Parallel()
	p := New(Sources{Triggers: young{}}, slog.New(slog.DiscardHandler))
	before, _ := p.triggerPage(t.Context(), 7)
	if page := pieceOf("page", before.shown()).html; !strings.Contains(page, `id="chart"`) || !strings.Contains(page, "Nothing is recorded of it yet") {
		t.Errorf("at first: %s", page)
	}
	p.history.take(time.Now(), young{}.Standings())
	after, _ := p.triggerPage(t.Context(), 7)
	told, _ := after.shot().since(before.shot())
	if changed := slices.Sorted(maps.Keys(told.Set)); !slices.Equal(changed, []string{"minutes", "unrecorded"}) || !told.Recorded {
		t.Errorf("told of %v, recorded: %t", changed, told.Recorded)
	}
	if strings.Contains(told.Set["unrecorded"], "Nothing") {
		t.Errorf("told %q", told.Set["unrecorded"])
	}
}
