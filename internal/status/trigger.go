package status

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// detailTime bounds how long a page waits for what a trigger's answer is made of.
const detailTime = time.Second

// triggerPage is one trigger, and why it answers what it answers.
type triggerPage struct {
	Row

	Rules   []scalers.Reason
	Parts   parts
	Minutes []minute
	// Recorded says whether the last half hour is kept.
	Recorded bool
	// Others are triggers of the same workload.
	Others []Row

	latest uint16 // tick
}

// triggerPage is false when no such trigger is alive.
func (p *Page) triggerPage(ctx context.Context, serial uint64) (page triggerPage, alive bool) {
	ctx, cancel := context.WithTimeout(ctx, detailTime)
	defer cancel()
	standing, detail, alive, err := p.sources.Triggers.Detail(ctx, serial)
	if !alive {
		return triggerPage{}, false
	}
	if err == nil { // both of one observation
		standing.Latest, standing.Known, standing.Trouble = detail.Evaluation, true, ""
	} else {
		standing.Known, standing.Trouble = false, err.Error()
	}
	page = triggerPage{Row: rowOf(standing), Rules: standing.Latest.Reasons, Parts: partsOf(detail.Parts)}
	samples, latest := p.history.of(serial)
	page.Minutes, page.Recorded, page.latest = minutesOf(samples), len(samples) > 0, latest
	for _, other := range p.sources.Triggers.Named(standing.Namespace, standing.Name) {
		if other.Serial != serial {
			page.Others = append(page.Others, rowOf(other))
		}
	}
	return page, true
}

// explained is where lagwise says the same as JSON.
func (t triggerPage) explained() string {
	return "api/explain?" + url.Values{"namespace": {t.Namespace}, "name": {t.Name}}.Encode()
}

// series is where the chart finds its numbers.
func (t triggerPage) series() string { return "api/history?" + t.address() }

// missing is the page of a trigger that is not alive.
type missing struct{ Namespace, Name string }

// search leads to what may have been meant.
func (m missing) search() string {
	return "./?" + url.Values{"q": {m.Namespace + "/" + m.Name}}.Encode()
}

func (p *Page) showTrigger(to http.ResponseWriter, request *http.Request) {
	serial := p.serialOf(request.URL.Query())
	p.show(to, request, func(ctx context.Context) (frame, int) {
		page, alive := p.triggerPage(ctx, serial)
		if !alive {
			gone := missing{request.URL.Query().Get("namespace"), request.URL.Query().Get("name")}
			return frame{title: "lagwise: no such trigger", main: gone.shown()}, http.StatusNotFound
		}
		return frame{
			title: page.Title() + ": lagwise", styles: []string{"uplot.css"}, scripts: []string{"uplot.js", "chart.js", "page.js"},
			events: "events/trigger?" + page.address(), main: page.shown(),
		}, http.StatusOK
	})
}

// serialOf is the trigger that an address means: that with its serial, as long as the names are right, and otherwise the latest one
// with its names, because an edited trigger is a new one, and so are all of them after a restart. 0 is no trigger's.
func (p *Page) serialOf(values url.Values) (serial uint64) {
	wanted, _ := strconv.ParseUint(values.Get("serial"), 10, 64)
	for _, standing := range p.sources.Triggers.Named(values.Get("namespace"), values.Get("name")) {
		if standing.Serial == wanted {
			return wanted
		}
		serial = standing.Serial
	}
	return serial
}

func (p *Page) listHistory(to http.ResponseWriter, request *http.Request) {
	samples, _ := p.history.of(p.serialOf(request.URL.Query()))
	p.tell(to, request, http.StatusOK, seriesOf(samples))
}
