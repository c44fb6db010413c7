package demo

import "time"

// picture is what there is to see at one instant.
type picture struct {
	// at is the time since the demo began.
	at   time.Duration
	rows []row
}

// row is one ScaledObject.
type row struct {
	name    string
	special string
	answer  answer
	target  float64
	// before and replicas are the consumers before and after this look at the trigger.
	before, replicas int32
}

// event is something that happened, and who did it.
type event struct {
	at   time.Duration
	who  string
	text string
}

// The ones who do things.
const (
	byProducer  = "producer"
	byConsumers = "consumers"
	byLagwise   = "lagwise"
	byKEDA      = "KEDA"
	byHPA       = "HPA"
)

// screen shows what happens, each event and each picture as it comes.
type screen interface {
	event(event) error
	picture(picture) error
}
