package demo

import (
	"time"

	"github.com/lagwise/lagwise/internal/hpa"
)

// What happens, and who listens. The times are chosen so that everything that the demo has to show is seen within cycle,
// and then again.

const (
	cycle  = 20 * time.Second
	orders = "orders"
	bills  = "invoices"
)

// burst is a time of traffic on a topic, from one instant of each cycle to another.
type burst struct {
	topic       string
	from, until time.Duration
	// rate is in records per second.
	rate float64
	// poison is the number of the record in the burst that no consumer can process before cured; 0 for none.
	poison int
	cured  time.Duration
}

func bursts() []burst {
	return []burst{
		{topic: orders, from: 2 * time.Second, until: 8 * time.Second, rate: 115},
		{topic: bills, from: time.Second, until: 6 * time.Second, rate: 10, poison: 3, cured: 12 * time.Second},
	}
}

// app is a ScaledObject with one trigger, and the Deployment that it scales.
type app struct {
	name string
	// special is the key that sets this trigger apart, as the table shows it.
	special string
	// keys are the trigger's metadata, but for the broker's address.
	keys map[string]string
	// push opens StreamIsActive as well, as KEDA does for a trigger of type external-push.
	push bool
	// work is what one record takes a consumer.
	work time.Duration
	spec hpa.ScaledObject
}

func apps() []app {
	spec := hpa.ScaledObject{MaxReplicas: 10, Cooldown: 3 * time.Second}
	return []app{
		{
			name: "orders", special: "type: external-push", push: true, work: 30 * time.Millisecond, spec: spec,
			keys: map[string]string{"topic": orders, "consumerGroup": "shop", "lagThreshold": "10"},
		},
		{
			name: "reports", special: "activationLagThreshold: 400", work: 10 * time.Millisecond, spec: spec,
			keys: map[string]string{"topic": orders, "consumerGroup": "reports", "lagThreshold": "100", "activationLagThreshold": "400"},
		},
		{
			name: "invoices", special: "excludePersistentLag: true", work: 150 * time.Millisecond, spec: spec,
			keys: map[string]string{
				"topic": bills, "consumerGroup": "billing", "lagThreshold": "5",
				"excludePersistentLag": "true", "persistentLagInterval": "2s",
			},
		},
		{
			name: "misspelt", special: "lagTreshold: 10", spec: spec,
			keys: map[string]string{"topic": orders, "consumerGroup": "shop", "lagTreshold": "10"},
		},
	}
}
