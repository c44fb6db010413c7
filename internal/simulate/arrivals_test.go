package simulate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/simulate"
)

func TestReadRates(t *testing.T) {
	t.Parallel()
	got, err := simulate.ReadRates(strings.NewReader("seconds,records per second\n0, 5\n# lunch\n3600,0\n3600.5,12.5\n"))
	want := []simulate.Step{{0, 5}, {time.Hour, 0}, {time.Hour + 500*time.Millisecond, 12.5}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read %v, %v, want %v", got, err, want)
	}
	for text, complaint := range map[string]string{
		"0,1\n0,2\n":   "line 2: 0 is not later",
		"0,1\nx,2\n":   `line 2: "x": want seconds`,
		"0,1\n2,-1\n":  `line 2: "-1": want records`,
		"0,1\n2,1,3\n": "wrong number of fields",
		"0,1\n1,NaN\n": `line 2: "NaN": want records`,
	} {
		if _, err := simulate.ReadRates(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%q: %v, want %q", text, err, complaint)
		}
	}
}
