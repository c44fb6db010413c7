package scalers

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/lagwise/lagwise/scalers/legible"
)

// linesAtOnce bounds what the journal logs: so many lines in a burst, and one a second beyond that. When lagwise starts,
// thousands of triggers decide for the first time.
const linesAtOnce = 60

// journal logs what triggers decide.
type journal struct {
	log      *slog.Logger
	lines    *rate.Limiter
	unlogged atomic.Int64
}

func newJournal(log *slog.Logger) *journal {
	return &journal{log: log, lines: rate.NewLimiter(rate.Every(time.Second), linesAtOnce)}
}

// changed tells of a decision that differs from the one before.
func (j *journal) changed(trigger Trigger, metric Metric, before mood, now Evaluation) {
	if attributes, allowed := j.about(trigger, metric, now); allowed {
		if before == failing {
			attributes = append(attributes, slog.Bool("wasUnknown", true))
		}
		j.log.Info("the decision has changed", attributes...)
	}
}

// stalled tells of consumers that begin to get nothing done, and of their end.
func (j *journal) stalled(trigger Trigger, metric Metric, now Evaluation) {
	attributes, allowed := j.about(trigger, metric, now)
	switch {
	case !allowed:
	case now.Stalled > 0:
		j.log.Warn("consumers have stalled", append(attributes, slog.Int("stalled", now.Stalled))...)
	default:
		j.log.Info("consumers have not stalled any more", attributes...)
	}
}

// about is what every line says, where one is allowed.
func (j *journal) about(trigger Trigger, metric Metric, now Evaluation) (attributes []any, allowed bool) {
	if !j.lines.Allow() {
		j.unlogged.Add(1)
		return nil, false
	}
	attributes = []any{
		slog.String("namespace", trigger.Namespace),
		slog.String("name", trigger.Name),
		slog.String("metric", legible.Short(metric.Name, longestName)),
		slog.Bool("active", now.Active),
		slog.Float64("value", now.Value),
		slog.Float64("target", metric.Target),
		slog.String("because", because(now.Reasons)),
	}
	if unlogged := j.unlogged.Swap(0); unlogged > 0 {
		attributes = append(attributes, slog.Int64("unlogged", unlogged))
	}
	return attributes, true
}

// because says in one line which rules led to a decision.
func because(reasons []Reason) string {
	var text strings.Builder
	for _, reason := range reasons {
		if text.Len() > 0 {
			text.WriteString("; ")
		}
		fmt.Fprintf(&text, "%s: %s", reason.Rule, reason.Text)
	}
	return legible.Short(text.String(), longestTrouble)
}

// longestTrouble is how many bytes are told of why something is so.
const longestTrouble = 512
