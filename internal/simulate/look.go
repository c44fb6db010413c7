package simulate

import "time"

// Looks say when somebody looks at a world.
type Looks struct {
	// Live is at each question, as KEDA's own scalers do.
	Live bool
	// Every is the time between two looks; 0 stands for lagwise's refresh interval.
	Every time.Duration
	// Urgent is as well when there is something new, while some trigger that pushes is inactive.
	Urgent bool
}

// look is something that is looked at by itself.
type look struct {
	take   func()
	every  time.Duration
	next   time.Time
	urgent bool
}

// observe looks now, and from now on by itself, unless that is live. An interval of its own begins half way, so that what comes at a
// round time waits as long as it does on average.
func (w *World) observe(looks Looks, take func()) {
	take()
	one := &look{take: take, every: w.setup.Refresh, next: w.now, urgent: looks.Urgent}
	if looks.Every > 0 {
		one.every, one.next = looks.Every, w.now.Add(looks.Every/2)
	}
	if !looks.Live {
		w.looks = append(w.looks, one)
	}
}

// look has everybody look who is due, and says whether somebody was.
func (w *World) look(urgent bool) (looked bool) {
	for _, one := range w.looks {
		due := !w.now.Before(one.next)
		if due {
			one.next = one.next.Add(one.every)
		}
		if due || urgent && one.urgent {
			one.take()
			looked = true
		}
	}
	return looked
}

// Seen is what one trigger has observed last.
type Seen[T any] struct {
	live    bool
	observe func() T
	latest  T
}

// Watch begins to observe something of a world.
func Watch[T any](world *World, looks Looks, observe func() T) *Seen[T] {
	s := &Seen[T]{live: looks.Live, observe: observe}
	world.observe(looks, func() { s.latest = observe() })
	return s
}

// Latest is the latest observation; a live one is made anew.
func (s *Seen[T]) Latest() T {
	if s.live {
		return s.observe()
	}
	return s.latest
}
