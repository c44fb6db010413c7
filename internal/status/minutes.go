package status

import (
	"slices"
	"time"
)

// series is the last half hour of a trigger for a chart: one element for each tick in every list, null where nothing was known.
type series struct {
	// Time is in seconds since 1970.
	Time   []int64    `json:"time"`
	Value  []*float32 `json:"value"`
	Lag    []*float32 `json:"lag"`
	Active []*bool    `json:"active"`
	Pushes []int      `json:"pushes"`
}

func seriesOf(samples []sample) series {
	s := series{Time: []int64{}, Value: []*float32{}, Lag: []*float32{}, Active: []*bool{}, Pushes: []int{}}
	for _, one := range samples {
		var value, lag *float32
		var isActive *bool
		if one.is(known) {
			is := one.is(active)
			value, isActive = &one.value, &is
			if one.is(hasLag) {
				lag = &one.lag
			}
		}
		s.Time = append(s.Time, one.time.Unix())
		s.Value, s.Lag = append(s.Value, value), append(s.Lag, lag)
		s.Active, s.Pushes = append(s.Active, isActive), append(s.Pushes, int(one.pushes))
	}
	return s
}

// minute is the chart in words: what was seen of a trigger in one minute.
type minute struct {
	At     time.Time
	State  string
	Value  *float64 // the latest
	Lag    *float64 // the largest
	Pushes int
}

// minutesOf are the latest first.
func minutesOf(samples []sample) []minute {
	var minutes []minute
	for _, one := range slices.Backward(samples) {
		at := one.time.Truncate(time.Minute)
		if len(minutes) == 0 || !minutes[len(minutes)-1].At.Equal(at) {
			minutes = append(minutes, minute{At: at})
		}
		minutes[len(minutes)-1].add(one)
	}
	return minutes
}

// add takes the samples of a minute, the latest first.
func (m *minute) add(s sample) {
	m.Pushes += int(s.pushes)
	switch {
	case !s.is(known) && m.State == "":
		m.State = "unknown"
	case s.is(active):
		m.State = "active"
	case s.is(known) && m.State != "active":
		m.State = "inactive"
	}
	if !s.is(known) {
		return
	}
	if m.Value == nil {
		value := float64(s.value)
		m.Value = &value
	}
	if s.is(hasLag) && (m.Lag == nil || float64(s.lag) > *m.Lag) {
		lag := float64(s.lag)
		m.Lag = &lag
	}
}
