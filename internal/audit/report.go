package audit

import (
	"time"

	"github.com/lagwise/lagwise/internal/lint"
)

// Report is what an audit found. Names of fields in JSON are kept as they are.
type Report struct {
	// Version is lagwise's.
	Version string `json:"version"`
	// From and Until are when the first and the last questions were asked; Rounds is how often.
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	Rounds int       `json:"rounds"`
	// EndedEarly says that a watch was interrupted.
	EndedEarly bool `json:"endedEarly,omitempty"`
	// Comparing says how answers are compared.
	Comparing string   `json:"comparing"`
	Triggers  []Row    `json:"triggers"`
	Savings   Savings  `json:"savings"`
	Problems  []string `json:"problems,omitempty"`
}

// Row is one trigger.
type Row struct {
	Key
	Type string `json:"type"`
	Name string `json:"name,omitempty"`
	// Metric is the name under which KEDA tells the HPA of it; empty where it does not.
	Metric string `json:"metric,omitempty"`
	Watched
	Move     Level     `json:"move"`
	Reasons  []Reason  `json:"reasons"`
	Findings []Finding `json:"findings"`
	// Gone says why the trigger was not watched to the end.
	Gone string `json:"gone,omitempty"`
}

// Finding is one of lagwise lint's.
type Finding struct {
	Rule     string        `json:"rule"`
	Severity lint.Severity `json:"severity"`
	Found    string        `json:"found"`
	Happens  string        `json:"happens"`
	Do       string        `json:"do"`
}

// Found is everything that a Report is made of.
type Found struct {
	Version     string
	From, Until time.Time
	Rounds      int
	EndedEarly  bool
	Tolerance   float64
	Refresh     time.Duration
	Subjects    []Subject
	Watched     map[Key]Watched
	// Gone are triggers that were changed or deleted while audit watched, and how.
	Gone map[Key]string
	// Findings are those of the workloads with subjects.
	Findings map[Owner][]lint.Finding
	Problems []string
}

// ReportOn puts it together.
func ReportOn(f Found) Report {
	r := Report{
		Version: f.Version, From: f.From, Until: f.Until, Rounds: f.Rounds, EndedEarly: f.EndedEarly, Comparing: comparing(f.Tolerance),
		Triggers: []Row{}, Savings: savingsOf(f.Subjects, f.Refresh), Problems: f.Problems,
	}
	told := map[Owner]bool{}
	for _, s := range f.Subjects {
		row := Row{Key: s.Key, Type: s.Trigger.Type, Name: s.Trigger.Name, Metric: s.Question().Metric, Watched: f.Watched[s.Key], Gone: f.Gone[s.Key]}
		row.Move, row.Reasons = s.reasons(row.Watched)
		if row.Reasons == nil {
			row.Reasons = []Reason{}
		}
		owner := Owner{s.Kind, s.Namespace, s.Workload}
		row.Findings = findingsOf(f.Findings[owner], s.Index, !told[owner])
		told[owner] = true
		r.Triggers = append(r.Triggers, row)
	}
	return r
}

// findingsOf are a trigger's own, and for the first of a workload those of the workload.
func findingsOf(all []lint.Finding, index int, first bool) []Finding {
	findings := []Finding{}
	for _, f := range all {
		if (f.Trigger == nil && first) || (f.Trigger != nil && *f.Trigger == index) {
			findings = append(findings, Finding{Rule: f.Rule.ID, Severity: f.Rule.Severity, Found: f.Text, Happens: f.Rule.Happens, Do: f.Rule.Do})
		}
	}
	return findings
}

// comparing says in words what Compare does.
func comparing(tolerance float64) string {
	return "KEDA is asked between two observations of lagwise's, and asked again up to twice where they do not agree. " +
		"While lagwise's two are alike, KEDA's number must be the same; while the lag moves it must lie between them, or within " +
		number(tolerance*100) + " % of them."
}

// Outcome is the worst that a report says, for scripts.
type Outcome int

// Outcomes.
const (
	// AllSame: wherever both sides gave a number it was the same, and nothing is in the way.
	AllSame Outcome = iota
	// SomeUnanswered: lagwise gave no number for some trigger, so that nothing is known about it.
	SomeUnanswered
	// SomeWrong: the two differ somewhere, lint found an error, or a trigger cannot be moved over.
	SomeWrong
)

// Outcome is for the exit code.
func (r Report) Outcome() Outcome {
	outcome := AllSame
	for _, row := range r.Triggers {
		if row.Lagwise.Value == nil {
			outcome = max(outcome, SomeUnanswered)
		}
		if row.EverDiffered() || row.Move == Cannot || row.errors() > 0 {
			outcome = SomeWrong
		}
	}
	return outcome
}

func (row Row) errors() int {
	n := 0
	for _, finding := range row.Findings {
		if finding.Severity == lint.Error {
			n++
		}
	}
	return n
}
