package status

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers/legible"
)

// longestText is how many bytes of a text are shown: names are the clients' to choose.
const longestText = 512

// plain makes any text fit to be shown.
func plain(text string) string { return legible.Short(text, longestText) }

// number writes at most three decimals, and commas between thousands: 1,234.5.
func number(value float64) string {
	text := strconv.FormatFloat(math.Round(value*1000)/1000, 'f', -1, 64)
	sign := ""
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		sign, text = "-", rest
	}
	whole, fraction, _ := strings.Cut(text, ".")
	var grouped strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			grouped.WriteByte(',')
		}
		grouped.WriteRune(digit)
	}
	if fraction != "" {
		fraction = "." + fraction
	}
	return sign + grouped.String() + fraction
}

// clock is a time of day, which a script replaces by how long ago that was; instant is the same for machines.
func clock(at time.Time) string   { return at.UTC().Format("15:04:05") + " UTC" }
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// hour is a minute of a day.
func hour(at time.Time) string { return at.UTC().Format("15:04") }
