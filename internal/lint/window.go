package lint

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers/schedule"
)

// windowRules are about windows that are paired as KEDA pairs them. What another pairing refuses, the scaler says itself.
func windowRules() []Rule {
	return []Rule{
		{
			ID: "window-never", Severity: Error,
			Finds:   "A window that does not open, or does not shut, within a year, such as one that starts on 30 February.",
			Happens: "The trigger says the same all the year: KEDA's rule takes a start that never comes for open, and an end that never comes for shut.",
			Do:      "Write dates that come.",
			look:    eachWindow(func(v verdict) string { return v.never }),
		},
		{
			ID: "window-pairing", Severity: Warning,
			Finds:   "A window that is open at other times than its words say, because KEDA asks which comes sooner, the next start or the next end.",
			Happens: "Replicas run when they should not, or do not when they should: a window on weekdays may stay open all weekend.",
			Do:      "Write an end for each start, on the same days; or move the trigger to lagwise and say `windowPairing: nextEnd`.",
			look:    eachWindow(func(v verdict) string { return v.pairing }),
		},
		{
			ID: "window-clocks", Severity: Warning,
			Finds:   "A window that goes wrong in the night in which clocks change.",
			Happens: "It does not open in that night, or stays open until the next day.",
			Do:      "Keep away from the hour that is skipped; or move the trigger to lagwise and say `windowPairing: nextEnd`.",
			look:    eachWindow(func(v verdict) string { return v.clocks }),
		},
	}
}

// window is one as it is written, and where.
type window struct {
	start, end, zone string
	place            manifest.Place
}

// verdict is what is wrong with a window, in words; empty where nothing is.
type verdict struct{ never, pairing, clocks string }

// eachWindow looks at each window of a trigger that has KEDA's keys of windows, and is paired as KEDA pairs them.
func eachWindow(look func(verdict) string) func(subject) []hit {
	return each(func(s subject, t trigger) []hit {
		var hits []hit
		for _, w := range t.windows() {
			if text := look(s.judge(w)); text != "" {
				hits = append(hits, at(w.place, "%s to %s: %s", w.start, w.end, text)...)
			}
		}
		return hits
	}, lagwise, builtin)
}

// windows are those that are written; what cannot be read is found elsewhere.
func (t trigger) windows() []window {
	if !t.knows("start") || !t.knows("timezone") || t.values.Text("windowPairing") == "nextEnd" {
		return nil
	}
	zone := t.given("timezone")
	windows := []window{{t.given("start"), t.given("end"), zone, t.at("start")}}
	for line := range strings.FieldsFuncSeq(t.given("windows"), func(r rune) bool { return r == '\n' || r == ';' }) {
		if parts := strings.Split(line, "|"); len(parts) == 3 {
			windows = append(windows, window{strings.TrimSpace(parts[0]), strings.TrimSpace(parts[1]), zone, t.at("windows")})
		}
	}
	return windows
}

// judge looks at a window once, however many triggers have it: a year takes a while.
func (s subject) judge(w window) verdict {
	w.place = manifest.Place{}
	known, found := s.judged[w]
	if !found {
		known = judge(w, s.Today)
		s.judged[w] = known
	}
	return known
}

func judge(w window, today time.Time) verdict {
	zone, err := schedule.ParseZone(w.zone)
	if err != nil {
		return verdict{}
	}
	keda, err := schedule.NewWindow(w.start, w.end, zone, schedule.ByNextEvent)
	if err != nil {
		return verdict{}
	}
	words, err := schedule.NewWindow(w.start, w.end, zone, schedule.ByNextEnd)
	if errors.Is(err, schedule.ErrNever) {
		return verdict{never: err.Error()}
	}
	if never := standsStill(keda, today); never != "" {
		return verdict{never: never}
	}
	if err != nil { // such as a zone of its own: its words have no meaning to compare with
		return verdict{}
	}
	both := compared{keda, words, zone}
	if text := both.inOrdinaryWeeks(today); text != "" {
		return verdict{pairing: text}
	}
	return verdict{clocks: both.whenClocksChange(today)}
}

const (
	week = 7 * 24 * time.Hour
	year = 366 * 24 * time.Hour
	// most is how many events of a window are looked at; more are too many for anybody to mean.
	most = 2000
)

// standsStill tells of a window that says the same all the year.
func standsStill(keda schedule.Window, today time.Time) string {
	from := today
	for range most {
		open, next, changes := keda.At(from)
		if changes && next.Before(today.Add(year)) {
			if later, _, _ := keda.At(next); later != open {
				return ""
			}
			from = next
			continue
		}
		if open {
			return "it is open all the year"
		}
		return "it does not open within a year"
	}
	return ""
}

// compared is a window as KEDA pairs it, and as its words say.
type compared struct {
	keda, words schedule.Window
	zone        *time.Location
}

// open is how long it is open by each; known is false when that is too much to look at.
func (c compared) open(from, to time.Time) (keda, words time.Duration, known bool) {
	keda, all := openFor(c.keda, from, to)
	words, too := openFor(c.words, from, to)
	return keda, words, all && too
}

// inOrdinaryWeeks compares weeks in which no clock changes, as many as a month has.
func (c compared) inOrdinaryWeeks(today time.Time) string {
	for from, weeks := midnight(today, c.zone), 0; weeks < 5 && from.Before(today.Add(year)); from = from.AddDate(0, 0, 7) {
		to := from.AddDate(0, 0, 7)
		if len(changes(c.zone, from.Add(-week), to.Add(week))) > 0 {
			continue
		}
		weeks++
		if keda, words, known := c.open(from, to); known && keda != words {
			return fmt.Sprintf("it is open for %s in the week from %s, and its words say %s", hours(keda), from.Format(time.DateOnly), hours(words))
		}
	}
	return ""
}

// whenClocksChange compares the days around each change. An hour more or less is the clock's own.
func (c compared) whenClocksChange(today time.Time) string {
	for _, change := range changes(c.zone, today, today.Add(year)) {
		keda, words, known := c.open(change.Add(-36*time.Hour), change.Add(36*time.Hour))
		if known && (keda-words).Abs() > time.Hour {
			return fmt.Sprintf("around the change of clocks on %s it is open for %s rather than %s", change.In(c.zone).Format(time.DateOnly), hours(keda), hours(words))
		}
	}
	return ""
}

func hours(d time.Duration) string { return fmt.Sprintf("%.4g h", d.Hours()) }

func midnight(at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// changes are the instants at which clocks of the zone are set.
func changes(zone *time.Location, from, to time.Time) []time.Time {
	var found []time.Time
	for at := from.In(zone); ; {
		_, end := at.ZoneBounds()
		if end.IsZero() || !end.Before(to) {
			return found
		}
		found = append(found, end)
		at = end
	}
}

// openFor is how long a window is open between two instants; all is false when it has too many events to look at.
func openFor(w schedule.Window, from, to time.Time) (open time.Duration, all bool) {
	at := from
	for range most {
		is, next, changes := w.At(at)
		if !changes || next.After(to) {
			next = to
		}
		if is {
			open += next.Sub(at)
		}
		if at = next; !at.Before(to) {
			return open, true
		}
	}
	return 0, false
}
