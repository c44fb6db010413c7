package parity_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
	v2 "k8s.io/api/autoscaling/v2"
)

// trigger is a trigger as a user writes it, and the environment of the scale target, from which KEDA resolves *FromEnv.
type trigger struct {
	metadata   map[string]string
	env        map[string]string
	metricType v2.MetricTargetType
	index      int
}

// config is what KEDA hands to whatever scaler the trigger's type names.
func (t trigger) config() *scalersconfig.ScalerConfig {
	return &scalersconfig.ScalerConfig{
		ScalableObjectName: "worker", ScalableObjectNamespace: "shop", ScalableObjectType: "ScaledObject",
		TriggerMetadata: maps.Clone(t.metadata), ResolvedEnv: t.env, AuthParams: map[string]string{},
		MetricType: t.metricType, TriggerIndex: t.index,
	}
}

func (t trigger) String() string {
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(t.metadata)) {
		fmt.Fprintf(&text, "\n  %s: %q", key, t.metadata[key])
	}
	fmt.Fprintf(&text, "\n  environment %q", t.env)
	return text.String()
}

// writer writes one random trigger that KEDA accepts.
type writer struct {
	trigger
	r *rand.Rand
}

func newWriter(r *rand.Rand) *writer {
	return &writer{r: r, trigger: trigger{
		metadata: map[string]string{}, env: map[string]string{},
		metricType: oneOf(r, "", v2.AverageValueMetricType, v2.ValueMetricType),
		index:      r.IntN(12),
	}}
}

// set writes a value, at times with blanks around it.
func (w *writer) set(key, value string) {
	w.metadata[key] = oneOf(w.r, "", "", "", " ", "\t", "\n") + value + oneOf(w.r, "", "", "", " ", "\n")
}

// maybe leaves the key out, or unset by an empty value, as often as it writes it.
func (w *writer) maybe(key string, value string) {
	switch w.r.IntN(4) {
	case 0, 1:
		w.set(key, value)
	case 2:
		w.metadata[key] = oneOf(w.r, "", " ", "\n")
	}
}

// setFromEnv writes a value plainly or by way of the environment, where a plain value wins and an empty one does not.
func (w *writer) setFromEnv(key, value string) {
	variable := strings.ToUpper(key)
	switch w.r.IntN(6) {
	case 0:
		w.metadata[key+"FromEnv"], w.env[variable] = variable, value
	case 1:
		w.metadata[key], w.metadata[key+"FromEnv"], w.env[variable] = "  ", variable, " "+value+" "
	case 2:
		w.set(key, value)
		w.metadata[key+"FromEnv"], w.env[variable] = variable, "something-else"
	case 3:
		w.set(key, value)
		w.metadata[key+"FromEnv"] = "NOT_IN_THE_ENVIRONMENT"
	default:
		w.set(key, value)
	}
}

func (w *writer) flag(on bool) string {
	if on {
		return oneOf(w.r, "true", "true", "True", "TRUE", "t", "T", "1")
	}
	return oneOf(w.r, "false", "false", "False", "FALSE", "f", "F", "0")
}

// cluster writes the keys that say where Kafka is and whose lag counts.
func (w *writer) cluster(address, group string) {
	w.setFromEnv("bootstrapServers", oneOf(w.r, address, address, address+", "+address))
	w.setFromEnv("consumerGroup", group)
	w.maybe("sasl", "none")
	w.maybe("tls", "disable")
	w.maybe("unsafeSsl", "false")
	if w.r.IntN(5) == 0 {
		w.metadata["ownedBy"] = "a key that nobody knows"
	}
}

// counting writes the keys that say how lag is counted.
func (w *writer) counting() {
	// Up to 9e15, where lagwise stops; what lies above is a difference with a test of its own.
	w.maybe("lagThreshold", strconv.FormatInt(oneOf(w.r,
		1, 1, 2+w.r.Int64N(9), 5, 10+w.r.Int64N(90), 100+w.r.Int64N(2000), 1_000_000, 1+w.r.Int64N(1e12), 9e15), 10))
	w.maybe("activationLagThreshold", strconv.FormatInt(oneOf(w.r,
		0, 1, w.r.Int64N(12), w.r.Int64N(200), 1_000, 1e15, 1<<63-1), 10))
	w.maybe("offsetResetPolicy", oneOf(w.r, "latest", "earliest"))
	w.maybe("scaleToZeroOnInvalidOffset", w.flag(w.r.IntN(2) == 0))
}

// caps writes one of the combinations of the keys that bound the metric. Without a topic only the first two are allowed.
func (w *writer) caps(hasTopic bool) {
	combinations := []struct{ idle, withLag, even bool }{{}, {idle: true}, {withLag: true}, {even: true}, {idle: true, even: true}}
	if !hasTopic {
		combinations = combinations[:2]
	}
	chosen := oneOf(w.r, combinations...)
	for _, cap := range []struct {
		key string
		on  bool
	}{
		{"allowIdleConsumers", chosen.idle},
		{"limitToPartitionsWithLag", chosen.withLag},
		{"ensureEvenDistributionOfPartitions", chosen.even},
	} {
		if cap.on || w.r.IntN(4) == 0 {
			w.set(cap.key, w.flag(cap.on))
		}
	}
}

// partitions is a partitionLimitation that names at least one of a topic's partitions, and perhaps some it does not have.
func (w *writer) partitions(count int) string {
	first := w.r.IntN(count)
	last := first + w.r.IntN(count+2-first)
	some, other := strconv.Itoa(first), strconv.Itoa(w.r.IntN(count+3))
	blank := oneOf(w.r, "", "", " ")
	return oneOf(w.r,
		some, fmt.Sprintf("%d%s-%s%d", first, blank, blank, last), some+","+blank+other, other+blank+","+some,
		fmt.Sprintf("%d-%d,%s%s", first, last, blank, other), fmt.Sprintf("0-%d", count-1), fmt.Sprintf("%s,%s,0-2", some, some))
}
