package rabbitmq

import (
	"fmt"
	"net/url"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// settings is a RabbitMQ trigger, decoded and checked.
type settings struct {
	rules    rules
	want     broker.Want
	endpoint broker.Endpoint
	// name is what the broker is called in messages: the connection's name, or its host. named says that it is the former,
	// listed that allowedBrokers lists the host.
	name          string
	named, listed bool
	// namespace is that of a trigger that brings its own endpoint.
	namespace string
}

// decode reads a trigger's metadata. The metric is valid even when the settings are not; ignored are the keys that nobody knows.
func decode(trigger scalers.Trigger, connections *Connections) (s settings, metric scalers.Metric, ignored []string, err error) {
	values, ignored, err := Keys().DecodeWith(trigger.Metadata, trigger.Credentials)
	metric = metricOf(values)
	if err != nil {
		return settings{}, metric, ignored, err
	}
	if s.rules, err = rulesOf(values); err != nil {
		return settings{}, metric, ignored, err
	}
	way, err := wayOf(values, trigger, connections)
	if err != nil {
		return settings{}, metric, ignored, err
	}
	if err = way.allows(values, s.rules); err != nil {
		return settings{}, metric, ignored, err
	}
	s.name, s.named, s.listed, s.endpoint = way.name, way.named, way.listed, way.endpoint
	if !s.named {
		s.namespace = trigger.Namespace
	}
	s.want = broker.Want{Queue: values.Text(keyQueueName)}
	if s.endpoint.Protocol == broker.HTTP {
		s.want.Vhost, s.want.Pattern = way.vhost, s.rules.pattern
		s.want.Rates = s.rules.mode != queueLength
		s.want.Timeout, _ = parseTimeout(values.Text(keyTimeout))
		if s.rules.pattern {
			s.want.PageSize = values.Integer(keyPageSize)
		}
	}
	return s, metric, ignored, nil
}

// metricOf names the metric as KEDA does (rabbitmq_scaler.go, GetMetricSpecForScaling).
func metricOf(values scalers.Values) scalers.Metric {
	target := values.Number(keyValue)
	if target == 0 {
		target = values.Number(keyQueueLength)
	}
	if target == 0 {
		target = defaultTarget
	}
	name := "rabbitmq-" + url.QueryEscape(values.Text(keyQueueName))
	return scalers.Metric{Name: scalers.MetricName(name), Target: target}
}

// rulesOf holds the rules that concern several keys (KEDA: rabbitmq_scaler.go, validateTrigger).
func rulesOf(values scalers.Values) (rules, error) {
	r := rules{
		mode: values.Text(keyMode), activation: values.Number(keyActivation), operation: values.Text(keyOperation),
		readyOnly: values.Flag(keyExcludeUnacked), pattern: values.Flag(keyUseRegex),
	}
	length, value := values.Number(keyQueueLength), values.Number(keyValue)
	switch {
	case length != 0 && (r.mode != "" || value != 0):
		return rules{}, scalers.Errorf(scalers.CauseRefused, "queueLength excludes mode and value: leave it out, it is the old form of them")
	case length != 0, r.mode == "" && value == 0:
		r.mode = queueLength
	case r.mode == "":
		return rules{}, scalers.Errorf(scalers.CauseRefused, "mode: missing; say what value counts, such as %s", queueLength)
	case value == 0:
		return rules{}, scalers.Errorf(scalers.CauseRefused, "value: missing; say what one replica should carry of %s", r.mode)
	}
	if r.pattern && r.operation != operationSum && r.operation != operationAvg && r.operation != operationMax {
		return rules{}, scalers.Errorf(scalers.CauseRefused, "operation %s: want one of sum, avg, max", scalers.Quote(r.operation))
	}
	return r, nil
}

// needsHTTP names the key that the management API alone can serve; empty for none.
func (r rules) needsHTTP() string {
	switch {
	case r.mode != queueLength:
		return fmt.Sprintf("mode %q", r.mode)
	case r.pattern:
		return keyUseRegex
	case r.readyOnly:
		return keyExcludeUnacked
	default:
		return ""
	}
}
