package scalers

import (
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"github.com/lagwise/lagwise/scalers/legible"
)

// NewFactory joins how a source reads a trigger with what it builds of it. The metric that decode returns is valid even when
// its settings are not. Keys that nobody knows are told of in the log and ignored, as KEDA ignores them; metadata that is
// wrong gives a Refused.
func NewFactory[Settings any](
	decode func(Trigger) (settings Settings, metric Metric, ignored []string, err error),
	build func(Settings, Metric) Scaler,
	log *slog.Logger,
) Factory {
	lines := rate.NewLimiter(rate.Every(time.Second), linesAtOnce)
	return func(trigger Trigger) Scaler {
		settings, metric, ignored, err := decode(trigger)
		if len(ignored) > 0 && lines.Allow() {
			log.Warn("unknown keys are ignored", "trigger", trigger.String(), "metric", legible.Short(metric.Name, longestName), "keys", someOf(ignored), "count", len(ignored))
		}
		if err != nil {
			return NewRefused(metric, err)
		}
		return build(settings, metric)
	}
}

// someOf are as many keys as one line of the log should have, each cut to a length for it: they are the client's to choose.
func someOf(keys []string) []string {
	const most = 10
	some := make([]string, min(len(keys), most))
	for i := range some {
		some[i] = legible.Short(keys[i], longestName)
	}
	return some
}

// longestName is how much of a name that a client chose is logged, in bytes.
const longestName = 200
