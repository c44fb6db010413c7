package schedule_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/schedule"
)

const layout = "2006-01-02 15:04 MST"

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func window(t *testing.T, start, end, location string, pairing schedule.Pairing) schedule.Window {
	t.Helper()
	w, err := schedule.NewWindow(start, end, zone(t, location), pairing)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// openings walks through a window's changes, as somebody does who asks again whenever the answer may change, and returns
// each opening and closing.
func openings(w schedule.Window, location *time.Location, from, until time.Time) []string {
	var changes []string
	was, now := false, from
	for now.Before(until) {
		open, next, changing := w.At(now)
		if open != was {
			word := map[bool]string{true: "open ", false: "shut "}[open]
			changes = append(changes, word+now.In(location).Format(layout))
			was = open
		}
		if !changing {
			break
		}
		now = next
	}
	return changes
}

func TestWindowsByNextEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		start, end, zone, from string
		days                   int
		want                   []string
	}{
		"weekdays with an end on each day": {
			"30 6 * * 1-5", "10 22 * * *", "UTC", "2026-11-20", 4, // a Friday
			[]string{
				"open 2026-11-20 06:30 UTC", "shut 2026-11-20 22:10 UTC",
				"open 2026-11-23 06:30 UTC", "shut 2026-11-23 22:10 UTC",
			},
		},
		"a start in each hour and one end": {
			"0 9-17 * * *", "0 18 * * *", "UTC", "2026-11-20", 1,
			[]string{"open 2026-11-20 09:00 UTC", "shut 2026-11-20 18:00 UTC"},
		},
		"a quarter's first minutes": {
			"0,15,30,45 * * * *", "5,20,35,50 * * * *", "Asia/Seoul", "2026-11-20", 0,
			[]string{"open 2026-11-20 00:00 KST", "shut 2026-11-20 00:05 KST", "open 2026-11-20 00:15 KST", "shut 2026-11-20 00:20 KST"},
		},
		"over midnight": {
			"0 22 * * *", "0 6 * * *", "Europe/Berlin", "2026-11-20", 1,
			[]string{"open 2026-11-20 00:00 CET", "shut 2026-11-20 06:00 CET", "open 2026-11-20 22:00 CET"},
		},
		"an end that the clock skips comes with the skip": {
			"0 22 * * *", "30 2 * * *", "America/New_York", "2026-03-07", 2, // clocks go forward on the 8th at 2
			[]string{
				"open 2026-03-07 00:00 EST", "shut 2026-03-07 02:30 EST", "open 2026-03-07 22:00 EST",
				"shut 2026-03-08 03:00 EDT", "open 2026-03-08 22:00 EDT",
			},
		},
		"a start that the clock skips comes with the skip": {
			"30 2 * * *", "0 4 * * *", "America/New_York", "2026-03-08", 1,
			[]string{"open 2026-03-08 03:00 EDT", "shut 2026-03-08 04:00 EDT"},
		},
		"a window that the clock skips does not open": {
			"10 2 * * *", "50 2 * * *", "America/New_York", "2026-03-08", 1, nil,
		},
		"an hour that comes twice opens its window once": {
			"15 1 * * *", "45 1 * * *", "America/New_York", "2026-11-01", 1, // clocks go back at 2
			[]string{"open 2026-11-01 01:15 EDT", "shut 2026-11-01 01:45 EDT"},
		},
		"a day that is skipped": {
			"0 9 * * *", "0 17 * * *", "Pacific/Apia", "2011-12-29", 3, // there was no 30 December
			[]string{
				"open 2011-12-29 09:00 -10", "shut 2011-12-29 17:00 -10", "open 2011-12-31 09:00 +14", "shut 2011-12-31 17:00 +14",
			},
		},
		"leap days only": {
			"0 9 29 2 *", "0 10 29 2 *", "UTC", "2028-02-28", 2,
			[]string{"open 2028-02-29 09:00 UTC", "shut 2028-02-29 10:00 UTC"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location := zone(t, test.zone)
			from, err := time.ParseInLocation("2006-01-02", test.from, location)
			if err != nil {
				t.Fatal(err)
			}
			until := from.AddDate(0, 0, test.days)
			if test.days == 0 {
				until = from.Add(25 * time.Minute)
			}
			got := openings(window(t, test.start, test.end, test.zone, schedule.ByNextEnd), location, from, until)
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// KEDA's pairing keeps the window of weekdays open over the weekend; that is what byNextEnd is for.
func TestWindowByNextEventStaysOpenAsInKEDA(t *testing.T) {
	t.Parallel()
	w := window(t, "30 6 * * 1-5", "10 22 * * *", "UTC", schedule.ByNextEvent)
	if open, _, _ := w.At(time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)); !open {
		t.Error("closed on a Saturday at noon")
	}
}

func TestWindowThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		start, end string
		pairing    schedule.Pairing
		want       string
	}{
		"four fields":      {"30 6 * *", "0 7 * * *", schedule.ByNextEvent, `start "30 6 * *": want five fields`},
		"an escape":        {"\x1b[2J * * * *", "0 7 * * *", schedule.ByNextEvent, `start "\x1b[2J * * * *": want five fields (minute hour day month weekday), such as "30 6 * * 1-5": failed to parse int from ` + "\ufffd[2J"},
		"minute 60":        {"0 6 * * *", "60 7 * * *", schedule.ByNextEvent, `end "60 7 * * *": want five fields`},
		"same":             {"0 6 * * *", "0 6 * * *", schedule.ByNextEvent, `start and end are both "0 6 * * *": a window needs two times`},
		"a zone alone":     {"TZ=UTC", "0 6 * * *", schedule.ByNextEvent, `start "TZ=UTC": want five fields after the zone`},
		"a zone too many":  {"TZ=UTC 0 5 * * *", "0 6 * * *", schedule.ByNextEnd, `start "TZ=UTC 0 5 * * *": no zone of its own here: leave TZ= out`},
		"start never":      {"0 0 30 2 *", "0 6 * * *", schedule.ByNextEnd, `start "0 0 30 2 *": never comes`},
		"end never":        {"0 6 * * *", "0 0 31 4 *", schedule.ByNextEnd, `end "0 0 31 4 *": never comes`},
		"descriptor":       {"@hourly", "0 6 * * *", schedule.ByNextEvent, `start "@hourly": want five fields`},
		"nothing whatever": {"", "0 6 * * *", schedule.ByNextEvent, `start "": want five fields`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := schedule.NewWindow(test.start, test.end, time.UTC, test.pairing)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	seoul := zone(t, "Asia/Seoul")
	dates, err := schedule.ParseDates([]string{"2026-12-25", "2026-12-31 .. 2027-01-02"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{
		"2026-12-24 23:59 KST": false, "2026-12-25 00:00 KST": true, "2026-12-25 23:59 KST": true, "2026-12-26 00:00 KST": false,
		"2026-12-30 23:59 KST": false, "2027-01-01 12:00 KST": true, "2027-01-03 00:00 KST": false,
	} {
		at, err := time.ParseInLocation(layout, text, seoul)
		if err != nil {
			t.Fatal(err)
		}
		on, tomorrow := dates.At(at, seoul)
		if on != want {
			t.Errorf("%s: on %v", text, on)
		}
		if left := tomorrow.Sub(at); left <= 0 || left > 24*time.Hour {
			t.Errorf("%s: the next day begins at %v", text, tomorrow)
		}
	}
	for _, wrong := range []string{"25.12.2026", "2026-12-25..", "2026-02-30", "2026-12-25..2026-12-24", ""} {
		if _, err := schedule.ParseDates([]string{wrong}); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}
