package scalers

import "sync/atomic"

// Followed is a Scaler that takes down who follows it, for people who watch lagwise. Optional; what a Registry lends is one.
type Followed interface {
	Scaler
	// Streaming tells of a stream about the trigger that was opened (1) or has ended (-1).
	Streaming(more int)
	// Pushed tells of a message on such a stream that says "active", repeats included.
	Pushed()
}

// followers count what is told by streams. Counting costs an addition: it is in the way of every push.
type followers struct {
	streams atomic.Int64
	pushes  atomic.Uint64
}

func (f *followers) Streaming(more int) { f.streams.Add(int64(more)) }
func (f *followers) Pushed()            { f.pushes.Add(1) }
