// Package budget says how much lagwise may take on in the memory that it has. It is arithmetic alone: where the memory's limit comes
// from, and what a setting says instead, is not known here.
package budget

// Limits bound what is kept in memory.
type Limits struct {
	// Triggers are observed at once, and their metadata has MetadataBytes together.
	Triggers, MetadataBytes int
	// Sessions are Kafka clusters, RabbitMQ brokers and identities.
	Sessions int
	// Streams are open at once on one connection.
	Streams int
}

// Unlimited are the limits where nothing limits the memory, and the most that any memory gives.
func Unlimited() Limits {
	return Limits{Triggers: 50_000, MetadataBytes: 64 << 20, Sessions: 256, Streams: 110_000}
}

// program is what lagwise takes before it is asked anything: the pages of the program, its buffers, and what the garbage collector needs.
const program = 36 << 20

// What is left is shared out so that it lasts when all limits are reached at once, with so much set aside for each. test/budget holds
// the program to it.
const (
	perTrigger = 32 << 10
	perStream  = 24 << 10
	perSession = 1280 << 10
	ofMetadata = 16
)

// Of returns the limits for so many bytes of memory.
func Of(memory int64) Limits {
	most := Unlimited()
	free := max(memory-program, 8<<20)
	bound := func(limit int, price int64) int { return int(min(int64(limit), free/price)) }
	return Limits{
		Triggers: bound(most.Triggers, perTrigger), MetadataBytes: bound(most.MetadataBytes, ofMetadata),
		Sessions: bound(most.Sessions, perSession), Streams: bound(most.Streams, perStream),
	}
}
