package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/internal/manifest"
)

// Severity says how bad a finding is.
type Severity string

// Severities, the worst first.
const (
	// Error: it is refused, or does not work.
	Error Severity = "error"
	// Warning: it works, and hardly as its author means it.
	Warning Severity = "warning"
	// Hint: it works, and there is something to know.
	Hint Severity = "hint"
)

// Severities lists them, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Hint} }

// AtLeast says whether a severity is as bad as another one, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(Severities(), s) <= slices.Index(Severities(), other)
}

// Finding is one thing that a rule has found.
type Finding struct {
	Rule  Rule
	Place manifest.Place
	// Workload is such as "ScaledObject shop/orders"; empty for a document that cannot be read.
	Workload string
	// Trigger is the trigger's place in the list, from 0; nil where the finding is the workload's own.
	Trigger *int
	// Text says what was found.
	Text string
}

// Mistakes are the findings of documents that could not be read.
func Mistakes(mistakes []*manifest.Error) []Finding {
	var findings []Finding
	for _, mistake := range mistakes {
		findings = append(findings, Finding{Rule: unreadable(), Place: mistake.Place, Text: mistake.Text})
	}
	return findings
}

// Without leaves out what rules with these ids have found.
func Without(findings []Finding, ids []string) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return slices.Contains(ids, f.Rule.ID) })
}

// Fails says whether one of the findings is as bad as that.
func Fails(findings []Finding, least Severity) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Rule.Severity.AtLeast(least) })
}

// Summary counts them: "2 errors, 1 hint".
func Summary(findings []Finding) string {
	severities := make([]Severity, len(findings))
	for i, finding := range findings {
		severities[i] = finding.Rule.Severity
	}
	return cmp.Or(Count(severities), "nothing to complain of")
}

// Count says how many there are of each, the worst first: "2 errors, 1 hint"; nothing of none.
func Count(severities []Severity) string {
	counts := map[Severity]int{}
	for _, severity := range severities {
		counts[severity]++
	}
	var parts []string
	for _, severity := range Severities() {
		switch n := counts[severity]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+string(severity))
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, severity))
		}
	}
	return strings.Join(parts, ", ")
}
