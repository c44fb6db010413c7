package status

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Row is one trigger as a line of the list.
type Row struct {
	Namespace string        `json:"namespace"`
	Name      string        `json:"name"`
	Serial    uint64        `json:"serial"`
	Source    string        `json:"source"`
	Metric    string        `json:"metric"`
	State     scalers.State `json:"state"`
	// Value is absent while nothing is known, Lag also where the source has none.
	Value  *float64 `json:"value,omitempty"`
	Target float64  `json:"target"`
	Lag    *float64 `json:"lag,omitempty"`
	// ObservedAt is when the source was read last; nil before that.
	ObservedAt *time.Time `json:"observedAt,omitempty"`
	Streams    int        `json:"streams"`
	Pushes     uint64     `json:"pushes"`
	Stalled    int        `json:"stalled,omitempty"`
	// Warning reports that a rule of the latest answer warns.
	Warning bool   `json:"warning,omitempty"`
	Trouble string `json:"trouble,omitempty"`
}

func rowOf(standing scalers.Standing) Row {
	row := Row{
		Namespace: standing.Namespace, Name: standing.Name, Serial: standing.Serial, Source: standing.Source,
		Metric: standing.Metric.Name, Target: standing.Metric.Target, State: standing.State(),
		Streams: standing.Streams, Pushes: standing.Pushes, Trouble: standing.Trouble,
	}
	if standing.Known {
		row.Value, row.Stalled, row.Warning = &standing.Latest.Value, standing.Latest.Stalled, slices.ContainsFunc(standing.Latest.Reasons, warns)
		if standing.Latest.HasLeft {
			row.Lag = &standing.Latest.Left
		}
	}
	if at := standing.Latest.ObservedAt; !at.IsZero() {
		row.ObservedAt = &at
	}
	return row
}

func warns(said scalers.Reason) bool { return said.Warning }

// Link leads to the trigger's own page.
func (r Row) Link() string { return "trigger?" + r.address() }

// address names the trigger in an address. The serial tells triggers of one workload apart.
func (r Row) address() string {
	return url.Values{"namespace": {r.Namespace}, "name": {r.Name}, "serial": {strconv.FormatUint(r.Serial, 10)}}.Encode()
}

// Title is what people call the trigger.
func (r Row) Title() string { return r.Namespace + "/" + r.Name }
