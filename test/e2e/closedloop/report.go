package closedloop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Report is a whole run.
type Report struct {
	// Machine and Versions say where and with what it was measured.
	Machine   string     `json:"machine"`
	Versions  string     `json:"versions"`
	Workloads []Workload `json:"workloads"`
}

// Workload is what Deployments had to do, all at the same time, and what became of each.
type Workload struct {
	Settings Settings `json:"settings"`
	// Bursts are in seconds since the first one.
	Bursts []float64 `json:"bursts"`
	Loops  []Loop    `json:"loops"`
}

// Settings are those that a run chose. Times are in seconds.
type Settings struct {
	// Scale is how many times faster everything went than it was written down.
	Scale int `json:"scale"`
	// PollingInterval and CooldownPeriod are the ScaledObject's, ScaleDown its HPA's stabilization window.
	PollingInterval int `json:"pollingInterval"`
	CooldownPeriod  int `json:"cooldownPeriod"`
	ScaleDown       int `json:"scaleDown"`
	// QuietPeriod and DrainWithin are those of the triggers that have them.
	QuietPeriod int `json:"quietPeriod"`
	DrainWithin int `json:"drainWithin"`
	// RefreshInterval is lagwise's.
	RefreshInterval float64 `json:"refreshInterval"`
	Partitions      int     `json:"partitions"`
	Bursts          int     `json:"bursts"`
	RecordsOfBurst  int     `json:"recordsOfBurst"`
	// Skew is how unevenly a burst falls into the partitions: partition n gets 1/(n+1)^skew of what the first one gets.
	Skew          float64 `json:"skew,omitempty"`
	BetweenBursts float64 `json:"betweenBursts"`
	WorkOfRecord  float64 `json:"workOfRecord"`
}

// Files of a report, without their folder.
const (
	figuresFile = "closed-loop.json"
	chartFile   = "closed-loop.svg"
)

// Write writes the figures and the chart into a folder.
func (r Report) Write(folder string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	// A line for each loop: short, and yet a change is seen where it is.
	lines := strings.ReplaceAll(string(text), `{"trigger"`, "\n"+`{"trigger"`) + "\n"
	if err := os.WriteFile(filepath.Join(folder, figuresFile), []byte(lines), 0o600); err != nil {
		return fmt.Errorf("write the figures: %w", err)
	}
	if err := r.draw(filepath.Join(folder, chartFile)); err != nil {
		return fmt.Errorf("draw the chart: %w", err)
	}
	return nil
}

// Read reads the figures that Write has written into a folder.
func Read(folder string) (Report, error) {
	text, err := os.ReadFile(filepath.Join(folder, figuresFile)) //nolint:gosec // the caller names it
	if err != nil {
		return Report{}, fmt.Errorf("read the figures: %w", err)
	}
	var report Report
	if err := json.Unmarshal(text, &report); err != nil {
		return Report{}, fmt.Errorf("read the figures: %w", err)
	}
	return report, nil
}

// Table shows the figures in Markdown, a row for each loop.
func (w Workload) Table() string {
	var table strings.Builder
	for _, line := range []string{
		"| consumers commit | trigger | burst to first replica | burst to first record | burst to last record | most replicas | reversals | consumer-seconds | lost | repeated |",
		"|---|---|---|---|---|---|---|---|---|---|",
	} {
		fmt.Fprintln(&table, line)
	}
	for _, loop := range w.Loops {
		fmt.Fprintf(&table, "| %s | `%s` | %s | %s | %s | %d | %d | %.0f | %d | %d |\n",
			loop.Commit, loop.Trigger, wakes(loop.Wakes), each(loop.FirstRecords, 2), each(loop.Drained, 1),
			loop.MostReplicas, loop.Reversals, loop.ConsumerSeconds, loop.Lost, loop.Repeated)
	}
	return table.String()
}

func wakes(wakes []*float64) string {
	var cells []string
	for _, wake := range wakes {
		if wake == nil {
			cells = append(cells, "–")
			continue
		}
		cells = append(cells, fmt.Sprintf("%.2f", *wake))
	}
	return strings.Join(cells, ", ") + " s"
}

func each(times []float64, digits int) string {
	var cells []string
	for _, time := range times {
		cells = append(cells, strconv.FormatFloat(time, 'f', digits, 64))
	}
	return strings.Join(cells, ", ") + " s"
}
