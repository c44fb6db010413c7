package schedule

import (
	"fmt"
	"strings"
	"time"
)

// Dates is a set of days, each from midnight to midnight in a location.
type Dates struct {
	ranges []dateRange
}

// dateRange is inclusive at both ends.
type dateRange struct{ first, last time.Time }

const dateLayout = "2006-01-02"

// ParseDates reads days such as 2026-12-25 and ranges of them such as 2026-12-24..2027-01-02.
func ParseDates(texts []string) (Dates, error) {
	var dates Dates
	for _, text := range texts {
		first, last, isRange := strings.Cut(text, "..")
		if !isRange {
			last = first
		}
		from, err := time.Parse(dateLayout, strings.TrimSpace(first))
		if err != nil {
			return Dates{}, fmt.Errorf("%q: want days such as 2026-12-25 or 2026-12-24..2027-01-02", text)
		}
		to, err := time.Parse(dateLayout, strings.TrimSpace(last))
		if err != nil || to.Before(from) {
			return Dates{}, fmt.Errorf("%q: want days such as 2026-12-25 or 2026-12-24..2027-01-02, the earlier one first", text)
		}
		dates.ranges = append(dates.ranges, dateRange{from, to})
	}
	return dates, nil
}

// Empty says that the set holds no day.
func (d Dates) Empty() bool { return len(d.ranges) == 0 }

// At says whether an instant lies on one of the days in the location, and when the next day begins there.
func (d Dates) At(now time.Time, location *time.Location) (on bool, tomorrow time.Time) {
	year, month, day := now.In(location).Date()
	today := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	for _, r := range d.ranges {
		on = on || (!today.Before(r.first) && !today.After(r.last))
	}
	return on, instantOf(today.AddDate(0, 0, 1), location)
}
