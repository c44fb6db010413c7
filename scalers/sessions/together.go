package sessions

import (
	"cmp"
	"slices"
)

// Together makes one status of those of one connection, in the order of sources and connections. What cannot be added is that of the
// session that fares worst.
func Together(all []Status) []Status {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b Status) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Connection, b.Connection))
	})
	var sums []Status
	for _, one := range all {
		if last := len(sums) - 1; last >= 0 && sums[last].Source == one.Source && sums[last].Connection == one.Connection {
			sums[last] = sums[last].and(one)
		} else {
			sums = append(sums, one)
		}
	}
	return sums
}

func (s Status) and(other Status) Status {
	s.Triggers += other.Triggers
	if !s.Down && (other.Down || s.Fault == "") {
		s.Fault, s.Trouble, s.Down = other.Fault, other.Trouble, other.Down
	}
	s.Done, s.Failed, s.Took = s.Done+other.Done, s.Failed+other.Failed, s.Took+other.Took
	s.Latest, s.Pause = max(s.Latest, other.Latest), max(s.Pause, other.Pause)
	s.Woken += other.Woken
	s.Requests, s.Waits = slices.Clone(s.Requests), slices.Clone(s.Waits)
	for _, more := range other.Requests {
		s.add(more)
	}
	for _, more := range other.Waits {
		if at := slices.IndexFunc(s.Waits, func(c Count) bool { return c.What == more.What }); at >= 0 {
			s.Waits[at].N += more.N
		} else {
			s.Waits = append(s.Waits, more)
		}
	}
	return s
}

func (s *Status) add(more Requests) {
	at := slices.IndexFunc(s.Requests, func(r Requests) bool { return r.Name == more.Name })
	if at < 0 {
		s.Requests = append(s.Requests, more)
		return
	}
	failed := map[string]uint64{}
	for _, counts := range []map[string]uint64{s.Requests[at].Failed, more.Failed} {
		for kind, count := range counts {
			failed[kind] += count
		}
	}
	s.Requests[at].Sent, s.Requests[at].Failed = s.Requests[at].Sent+more.Sent, failed
}
