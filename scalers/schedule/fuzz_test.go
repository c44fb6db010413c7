package schedule_test

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/lagwise/lagwise/scalers/schedule"
)

// FuzzWindow: whatever is taken for a window says at any time whether it is open, and names no change that is over already.
func FuzzWindow(f *testing.F) {
	for _, start := range []string{"30 6 * * 1-5", "*/15 * * * *", "0 0 29 2 *", "0 0 30 2 *", "@daily", "TZ=UTC 1 1 * * *", "CRON_TZ=", "@every 1s", "60 * * * *", "\x1b * * * *", "0-0/0 * * * *", "? ? L W #"} {
		f.Add(start, "10 22 * * *", "Europe/Berlin", int64(1_711_846_800))
		f.Add("0 2 * * *", start, "America/St_Johns", int64(-1))
	}
	f.Fuzz(func(t *testing.T, start, end, zone string, seconds int64) {
		location, err := schedule.ParseZone(zone)
		if err != nil {
			return
		}
		const years = 200 * 366 * 24 * 3600
		now := time.Unix(1_700_000_000+seconds%years, 0)
		for _, pairing := range []schedule.Pairing{schedule.ByNextEvent, schedule.ByNextEnd} {
			window, err := schedule.NewWindow(start, end, location, pairing)
			if err != nil {
				if err.Error() == "" || strings.ContainsFunc(err.Error(), unicode.IsControl) {
					t.Errorf("refused with %q", err)
				}
				continue
			}
			open, next, changes := window.At(now)
			if changes && !next.After(now) {
				t.Errorf("%s in %s, pairing %d at %s: changes at %s, which is over", window, zone, pairing, now, next)
			}
			if pairing == schedule.ByNextEnd && changes {
				if after, _, _ := window.At(next.Add(-time.Second)); next.Add(-time.Second).After(now) && after != open {
					t.Errorf("%s in %s at %s: open is %t until %s, and not a second before that", window, zone, now, open, next)
				}
			}
		}
	})
}

// FuzzDates: every day that is taken is one of the set from its midnight on, and tomorrow comes after today.
func FuzzDates(f *testing.F) {
	for _, text := range []string{"2026-12-25", "2026-12-24..2027-01-02", "2026-12-25..", "..", "2026-02-30", "0000-01-01..9999-12-31", " 2026-01-01 .. 2026-01-01 "} {
		f.Add(text, "UTC", int64(1_798_000_000))
		f.Add(text, "Pacific/Apia", int64(1_325_203_200)) // a day that Samoa left out
	}
	f.Fuzz(func(t *testing.T, text, zone string, seconds int64) {
		dates, err := schedule.ParseDates([]string{text})
		location, zoneErr := schedule.ParseZone(zone)
		if err != nil || zoneErr != nil {
			return
		}
		if dates.Empty() {
			t.Errorf("%q was taken for no day", text)
		}
		const years = 200 * 366 * 24 * 3600
		now := time.Unix(seconds%years, 0)
		on, tomorrow := dates.At(now, location)
		if !tomorrow.After(now) {
			t.Errorf("%q in %s at %s: tomorrow begins at %s", text, zone, now, tomorrow)
		}
		if just := tomorrow.Add(-time.Second); just.After(now) {
			if later, _ := dates.At(just, location); later != on {
				t.Errorf("%q in %s: %t at %s and %t at %s, the same day", text, zone, on, now, later, just)
			}
		}
	})
}
