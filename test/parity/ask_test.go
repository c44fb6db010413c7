package parity_test

import (
	"context"
	"fmt"
	"sync"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	v2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

// open makes one of KEDA's scalers from a trigger.
type open func(context.Context, *scalersconfig.ScalerConfig) (keda.Scaler, error)

// lagwiseAt is KEDA's external scaler on a lagwise: the same trigger, and the address as the only further key.
func lagwiseAt(address string) open {
	return func(_ context.Context, config *scalersconfig.ScalerConfig) (keda.Scaler, error) {
		config.TriggerMetadata["scalerAddress"] = address
		return keda.NewExternalScaler(config)
	}
}

// answer is what KEDA's HPA gets to see of a trigger.
type answer struct {
	name       string
	targetType v2.MetricTargetType
	target     resource.Quantity
	value      resource.Quantity
	active     bool
	// err is why there is no value and no activity; KEDA's own scalers may have no name and target either.
	err error
}

// ask opens a scaler, asks it once and closes it.
func ask(ctx context.Context, open open, trigger trigger) answer {
	scaler, err := open(ctx, trigger.config())
	if err != nil {
		return answer{err: err}
	}
	seen := askOpen(ctx, scaler)
	if err := scaler.Close(ctx); err != nil {
		return answer{err: fmt.Errorf("closing the scaler: %w", err)}
	}
	return seen
}

// both asks one of KEDA's scalers and lagwise about the same trigger.
func (s *stage) both(ctx context.Context, keda open, trigger trigger) (fromKEDA, fromLagwise answer) {
	var asked sync.WaitGroup
	asked.Go(func() { fromKEDA = ask(ctx, keda, trigger) })
	asked.Go(func() { fromLagwise = ask(ctx, lagwiseAt(s.usual), trigger) })
	asked.Wait()
	return fromKEDA, fromLagwise
}

// askOpen asks as KEDA does. A first answer takes lagwise a look at Kafka, and a busy machine may take longer than
// lagwise waits for it: that it is not known yet is no answer, and KEDA would ask again.
func askOpen(ctx context.Context, scaler keda.Scaler) answer {
	const attempts = 10
	var seen answer
	for range attempts {
		seen = askOnce(ctx, scaler)
		if status.Code(seen.err) != codes.DeadlineExceeded {
			break
		}
	}
	return seen
}

func askOnce(ctx context.Context, scaler keda.Scaler) answer {
	specs := scaler.GetMetricSpecForScaling(ctx)
	if len(specs) != 1 {
		return answer{err: fmt.Errorf("%d metric specs", len(specs))}
	}
	seen := answer{name: specs[0].External.Metric.Name, targetType: specs[0].External.Target.Type}
	switch target := specs[0].External.Target; {
	case target.AverageValue != nil:
		seen.target = *target.AverageValue
	case target.Value != nil:
		seen.target = *target.Value
	}
	values, active, err := scaler.GetMetricsAndActivity(ctx, seen.name)
	switch {
	case err != nil:
		seen.err = err
	case len(values) != 1 || values[0].MetricName != seen.name:
		seen.err = fmt.Errorf("not one value of %s: %v", seen.name, values)
	default:
		seen.value, seen.active = values[0].Value, active
	}
	return seen
}

// equals compares what the HPA would see. That both fail is enough: what they say is each one's own.
func (a answer) equals(other answer) bool {
	sameSpec := a.name == other.name && a.targetType == other.targetType && a.target.Cmp(other.target) == 0
	switch {
	case a.err != nil && other.err != nil:
		return sameSpec || a.name == "" || other.name == ""
	case a.err != nil || other.err != nil:
		return false
	default:
		return sameSpec && a.value.Cmp(other.value) == 0 && a.active == other.active
	}
}

func (a answer) String() string {
	spec := fmt.Sprintf("%s, target %v %s", a.name, a.target.AsApproximateFloat64(), a.targetType)
	if a.err != nil {
		return fmt.Sprintf("%s: %v", spec, a.err)
	}
	return fmt.Sprintf("%s: value %v, active %t", spec, a.value.AsApproximateFloat64(), a.active)
}
