package telemetry

import (
	"strconv"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Triggers tell how every trigger stands, the oldest first.
type Triggers interface {
	Standings() []scalers.Standing
}

func triggerRows() []Row {
	each := []string{"namespace", "name", "scaler", "connection", "metric", "trigger"}
	with := func(more string) []string { return append(append([]string(nil), each...), more) }
	return []Row{
		{"lagwise_trigger_value", Gauge, each, "Metric that the trigger answers at this moment; absent while it has no answer. connection is the one that its source is read over, and trigger a running number: an edited trigger is a new one."},
		{"lagwise_trigger_target", Gauge, each, "Value that one replica should carry."},
		{"lagwise_trigger_active", Gauge, each, "1 while the trigger is active, 0 while it is not; absent while it has no answer."},
		{"lagwise_trigger_known", Gauge, each, "1 while the trigger has an answer, 0 while it has an error instead or was not yet asked."},
		{"lagwise_trigger_stalled", Gauge, each, "Partitions whose commits stand still although somebody reads them; absent while the trigger has no answer, and 0 where its keys do not ask for it."},
		{"lagwise_trigger_observed_timestamp_seconds", Gauge, each, "When the source was read for the latest answer."},
		{"lagwise_trigger_asked_timestamp_seconds", Gauge, each, "When somebody last asked about the trigger; now, while a stream is open."},
		{"lagwise_trigger_decisions_total", Counter, with("rule"), "Observations on which a rule had something to say. The rules are those of docs/decisions.md."},
		{"lagwise_trigger_failures_total", Counter, with("cause"), "Questions that had no answer, by cause."},
		{"lagwise_triggers", Gauge, []string{"scaler", "state"}, "Triggers alive, listed or not, by state: active, inactive, unknown (an error, or not yet asked) or refused."},
		{"lagwise_triggers_left_out", Gauge, nil, "Triggers that are alive but not listed one by one, because there are more than limits.metrics."},
	}
}

// walkTriggers lists at most limit triggers, those that are alive for longest, and counts all of them.
func walkTriggers(triggers Triggers, limit int) func(sink) {
	return func(to sink) {
		standings := triggers.Standings()
		type group struct{ source, state string }
		counted := map[group]int{}
		for i, standing := range standings {
			counted[group{standing.Source, string(standing.State())}]++
			if i < limit {
				putTrigger(to, standing)
			}
		}
		for of, count := range counted {
			to.put("lagwise_triggers", float64(count), of.source, of.state)
		}
		to.put("lagwise_triggers_left_out", float64(max(0, len(standings)-limit)))
	}
}

func putTrigger(to sink, standing scalers.Standing) {
	labels := func(more ...string) []string {
		return append([]string{
			standing.Namespace, standing.Name, standing.Source, standing.Connection, standing.Metric.Name, strconv.FormatUint(standing.Serial, 10),
		}, more...)
	}
	to.put("lagwise_trigger_target", standing.Metric.Target, labels()...)
	to.put("lagwise_trigger_known", flag(standing.Known), labels()...)
	if standing.Known {
		to.put("lagwise_trigger_value", standing.Latest.Value, labels()...)
		to.put("lagwise_trigger_active", flag(standing.Latest.Active), labels()...)
		to.put("lagwise_trigger_stalled", float64(standing.Latest.Stalled), labels()...)
	}
	if !standing.Latest.ObservedAt.IsZero() {
		to.put("lagwise_trigger_observed_timestamp_seconds", seconds(standing.Latest.ObservedAt), labels()...)
	}
	asked := standing.Asked
	if standing.Held {
		asked = time.Now()
	}
	to.put("lagwise_trigger_asked_timestamp_seconds", seconds(asked), labels()...)
	for rule, count := range standing.Decisions {
		to.put("lagwise_trigger_decisions_total", float64(count), labels(rule)...)
	}
	for cause, count := range standing.Failures {
		to.put("lagwise_trigger_failures_total", float64(count), labels(cause.String())...)
	}
}

func flag(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }
