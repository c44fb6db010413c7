package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/lagwise/lagwise/scalers/legible"
)

// expression is a cron expression of five fields: minute, hour, day of the month, month, day of the week.
type expression struct {
	text string
	cron.Schedule
}

// parse reads an expression as KEDA does (KEDA: pkg/scalers/cron_scaler.go, Validate).
func parse(text string) (expression, error) {
	if err := checkZone(text); err != nil {
		return expression{}, err
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return expression{}, fmt.Errorf(`want five fields (minute hour day month weekday), such as "30 6 * * 1-5": %s`, legible.Line(err.Error()))
	}
	return expression{text: text, Schedule: parsed}, nil
}

// checkZone: the parser takes a zone in front of the fields, and panics when nothing follows it.
func checkZone(text string) error {
	if hasZone(text) && !strings.Contains(text, " ") {
		return errors.New("want five fields after the zone")
	}
	return nil
}

func hasZone(text string) bool {
	return strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ=")
}

// ErrNever says that an expression is for a date that there is not.
var ErrNever = errors.New("never comes: there is no such date")

// checkWords refuses a zone of the expression's own, which would not be the window's, and what never comes true, such as
// "0 0 30 2 *".
func (e expression) checkWords() error {
	switch {
	case hasZone(e.text):
		return errors.New("no zone of its own here: leave TZ= out")
	case e.Next(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero():
		return ErrNever
	}
	return nil
}
