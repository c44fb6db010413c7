package scalers

import "log/slog"

// NewFactory joins how a source reads metadata with what it builds of it. The metric that decode returns is valid even when
// its settings are not. Keys that nobody knows are told of in the log and ignored, as KEDA ignores them; metadata that is
// wrong gives a Refused.
func NewFactory[Settings any](
	decode func(metadata map[string]string) (settings Settings, metric Metric, ignored []string, err error),
	build func(Settings, Metric) Scaler,
	log *slog.Logger,
) Factory {
	return func(trigger Trigger) Scaler {
		settings, metric, ignored, err := decode(trigger.Metadata)
		if len(ignored) > 0 {
			log.Warn("unknown keys are ignored", "trigger", trigger.String(), "metric", metric.Name, "keys", ignored)
		}
		if err != nil {
			return NewRefused(metric, err)
		}
		return build(settings, metric)
	}
}
