package explain

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers/legible"
)

// Style is how a Report is written for people.
type Style struct {
	// Colour is for terminals.
	Colour bool
	// All shows every part, rather than those that matter.
	All bool
}

// Write writes a report as text.
func (r Report) Write(to io.Writer, style Style) error {
	p := &printer{style: style}
	title := r.Namespace + "/" + r.Name
	if r.Kind != "" {
		title = r.Kind + " " + title
	}
	p.line(p.bold(legible.Line(title)))
	for _, trigger := range r.Triggers {
		p.line("")
		p.trigger(trigger)
	}
	if r.Replicas != nil {
		p.line("")
		p.replicas(*r.Replicas)
	}
	if r.Jobs != nil {
		p.line("")
		p.jobs(*r.Jobs)
	}
	_, err := io.WriteString(to, p.text.String())
	return err //nolint:wrapcheck // nothing to add about a closed output
}

type printer struct {
	style Style
	text  strings.Builder
}

func (p *printer) line(text string) {
	p.text.WriteString(strings.TrimRight(text, " ") + "\n")
}

func (p *printer) trigger(t Trigger) {
	p.line(p.bold(legible.Line(t.heading())))
	if t.Note != "" {
		p.line("  " + legible.Line(t.Note))
	}
	if t.Failure != nil {
		p.line("  " + p.red("no answer") + ": " + legible.Line(t.Failure.Text))
	}
	if t.Answer == nil {
		return
	}
	p.parts(t.Answer.Parts)
	p.rules(t.Answer.Rules)
	p.answer(t)
}

// heading names a trigger by all that is known of it.
func (t Trigger) heading() string {
	heading := "Trigger"
	if t.Index != nil {
		heading += " " + strconv.Itoa(*t.Index)
	}
	if t.Name != "" {
		heading += " " + strconv.Quote(t.Name)
	}
	kind := t.Type
	if t.Scaler != "" && t.Scaler != t.Type {
		kind = strings.TrimPrefix(kind+", "+t.Scaler, ", ")
	}
	heading += " (" + kind + ")"
	if t.Metric != nil && t.Metric.Name != "" {
		heading += ": " + t.Metric.Name
	}
	return heading
}

func (p *printer) answer(t Trigger) {
	a := t.Answer
	p.line("")
	state := p.dim("inactive")
	if a.Active {
		state = p.green("active")
	}
	p.line(fmt.Sprintf("  value %s, target %s: asks for %d; %s; observed %s", number(a.Value), number(t.Metric.Target), a.Asks, state,
		a.ObservedAt.UTC().Format("15:04:05 MST")))
	if a.Limit != nil {
		p.line(fmt.Sprintf("  without the %s the value would be %s", legible.Line(a.Limit.Name), number(a.Limit.Value)))
	}
	if a.SettlesInSeconds > 0 {
		p.line(fmt.Sprintf("  some rules look back up to %s, and have seen less so far", short(inSeconds(a.SettlesInSeconds))))
	}
}

// rules are written one below the other, with the key that chose each.
func (p *printer) rules(rules []Rule) {
	t := table{{"rule", "key", "what it did"}}
	for _, rule := range rules {
		t = append(t, []string{rule.Rule, orDash(rule.Key), rule.text()})
	}
	p.table(t, map[int]bool{})
}

func (r Rule) text() string {
	if r.Warning {
		return "warning: " + r.Text
	}
	return r.Text
}

func (p *printer) replicas(r Replicas) {
	bounds := fmt.Sprintf("minReplicaCount %d, maxReplicaCount %d", r.MinReplicaCount, r.MaxReplicaCount)
	if r.IdleReplicaCount != nil {
		bounds += fmt.Sprintf(", idleReplicaCount %d", *r.IdleReplicaCount)
	}
	p.line(p.bold(fmt.Sprintf("Replicas, from %d now", r.Now)) + " (" + bounds + ")")
	t := table{{"within", "replicas", "by", "because"}}
	t = append(t, shortened(r.Steps, r.MoreSteps)...)
	if len(t) > 1 {
		p.table(t, map[int]bool{1: true})
	}
	p.line("")
	p.verdict(r.Text, r.AtLeast, r.Notes)
}

// stepsShown are the first ones of a long way.
const stepsShown = 8

func shortened(steps []Step, more int) [][]string {
	var rows [][]string
	for _, step := range steps[:min(len(steps), stepsShown)] {
		after := "at once"
		if step.AfterSeconds > 0 {
			after = short(inSeconds(step.AfterSeconds))
		}
		rows = append(rows, []string{after, strconv.Itoa(int(step.Replicas)), step.By, step.Text})
	}
	if left := len(steps) - len(rows) + more; left > 0 {
		rows = append(rows, []string{"...", "", "", several(int64(left), "more step")})
	}
	return rows
}

func (p *printer) jobs(j Jobs) {
	p.line(p.bold(fmt.Sprintf("Jobs, %d now", j.Running)) + fmt.Sprintf(" (of which %d have not begun; KEDA polls every %s)", j.Pending, short(inSeconds(j.PollSeconds))))
	p.line("")
	p.verdict(j.Text, j.AtLeast, j.Notes)
}

func (p *printer) verdict(text string, atLeast bool, notes []string) {
	if atLeast {
		text += ", as far as is known here"
	}
	p.line("  " + p.bold(legible.Line(text)))
	for _, note := range notes {
		p.line("  " + legible.Line(note))
	}
}

// number writes whole numbers whole, and others with what they need.
func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }

// inSeconds leaves out what nobody reads: milliseconds of long times.
func inSeconds(seconds float64) time.Duration {
	d := time.Duration(seconds * float64(time.Second))
	if d < 10*time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
