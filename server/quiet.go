package server

import (
	"hash/maphash"
	"maps"
	"sync"
	"time"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

const (
	// maxLinesPerMinute bounds what failures log together: an outage fails every trigger at every poll.
	maxLinesPerMinute = 60
	// maxRemembered bounds the memory of what was said. Triggers are the client's to name.
	maxRemembered = 10_000
)

// quiet keeps a log readable. It holds no clock.
type quiet struct {
	seed maphash.Seed

	mu       sync.Mutex
	until    map[uint64]time.Time
	minute   time.Time
	lines    int
	unlogged int
}

func newQuiet() *quiet { return &quiet{seed: maphash.MakeSeed(), until: make(map[uint64]time.Time)} }

// ask tells whether something may be said now, and if so keeps it from being said again for a while. unlogged is how
// many lines the bound on lines has kept back since something was last said.
func (q *quiet) ask(now time.Time, about uint64, silence time.Duration) (speak bool, unlogged int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now.Before(q.until[about]) {
		return false, 0
	}
	if now.Sub(q.minute) >= time.Minute {
		q.minute, q.lines = now, 0
	}
	if q.lines >= maxLinesPerMinute {
		q.unlogged++
		return false, 0
	}
	q.lines++
	q.remember(now, about, silence)
	unlogged, q.unlogged = q.unlogged, 0
	return true, unlogged
}

func (q *quiet) remember(now time.Time, about uint64, silence time.Duration) {
	if len(q.until) >= maxRemembered {
		maps.DeleteFunc(q.until, func(_ uint64, until time.Time) bool { return !now.Before(until) })
	}
	if len(q.until) >= maxRemembered { // saying something twice is better than growing
		clear(q.until)
	}
	q.until[about] = now.Add(silence)
}

// about tells one kind of failure of one trigger from any other. The order of the metadata does not count.
func (q *quiet) about(ref *pb.ScaledObjectRef, kind string) uint64 {
	type failure struct{ namespace, name, kind string }
	type entry struct{ key, value string }

	sum := maphash.Comparable(q.seed, failure{ref.GetNamespace(), ref.GetName(), kind})
	for key, value := range ref.GetScalerMetadata() {
		sum += maphash.Comparable(q.seed, entry{key, value})
	}
	return sum
}
