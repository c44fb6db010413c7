package main

import "time"

// size is how much of everything is measured.
type size struct {
	topics int
	// fleet is the usual number of push triggers, one for each topic.
	fleet int
	// curve and kedaCurve are the numbers of triggers of the growth curves; KEDA is measured at the fleet's size anyway.
	curve     []int
	kedaCurve []int
	// latencies is how many records each latency is taken from.
	latencies int
	bursts    int
	// window is how long counters are watched.
	window time.Duration
	// calls is how many GetMetrics and IsActive each trigger gets in an hour's worth of churn.
	calls int
	// callers ask at once on one connection, for turn at a time.
	callers int
	turn    time.Duration
	turns   int
}

func sizeOf(quick bool) size {
	if quick {
		return size{
			topics: 100, fleet: 100, curve: []int{10, 100, 300}, kedaCurve: []int{30}, latencies: 100, bursts: 1,
			window: 10 * time.Second, calls: 12, callers: 16, turn: time.Second, turns: 2,
		}
	}
	return size{
		topics: 1000, fleet: 1000, curve: []int{100, 300, 1000, 3000, 10_000}, kedaCurve: []int{100, 300}, latencies: 500, bursts: 5,
		window: time.Minute, calls: 120, callers: 16, turn: 5 * time.Second, turns: 6,
	}
}
