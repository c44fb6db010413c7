package scalers

import "context"

// Refused is the Scaler of a trigger whose metadata is wrong. It has a metric, because KEDA builds no HPA and starts no
// scale loop without one and would break the trigger's siblings, too; what is wrong is said when the value is asked for.
type Refused struct {
	metric Metric
	err    error
}

// NewRefused answers every question with err. A metric that is itself unusable is replaced by one that the HPA accepts.
func NewRefused(metric Metric, err error) *Refused {
	if metric.Name == "" {
		metric.Name = "refused"
	}
	if metric.Target <= 0 {
		metric.Target = 1
	}
	return &Refused{metric: metric, err: err}
}

// Metric is valid, as KEDA needs it.
func (r *Refused) Metric() Metric { return r.metric }

// Evaluate says what is wrong with the trigger.
func (r *Refused) Evaluate(context.Context) (Evaluation, error) { return Evaluation{}, r.err }

// Reason is what is wrong with the trigger, for those who have nobody to ask on behalf of.
func (r *Refused) Reason() error { return r.err }
