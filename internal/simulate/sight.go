package simulate

import "github.com/lagwise/lagwise/scalers/lag"

// Sight is what one trigger has observed of the topic and the group. A live one looks at each question, as KEDA's own scaler
// does; any other answers by its latest look, as lagwise does.
type Sight struct {
	world   *World
	name    string
	needs   lag.Needs
	live    bool
	seen    bool
	latest  lag.Observation
	history []lag.Observation
}

// See begins to observe the topic under a name, for what a policy needs.
func (t Topic) See(name string, needs lag.Needs, live bool) *Sight {
	s := &Sight{world: t.world, name: name, needs: needs, live: live}
	for _, age := range needs.Since {
		t.world.back = max(t.world.back, age)
	}
	t.world.observe(Looks{Live: live, Urgent: true}, s.look)
	return s
}

// View is what a policy may know now.
func (s *Sight) View() lag.View {
	if s.live && s.latest.At.Before(s.world.now) {
		s.look()
	}
	return lag.View{Now: s.world.now, Latest: s.latest, History: s.history}
}

// look observes, and remembers what was observed before as a session does.
func (s *Sight) look() {
	w := s.world
	o := lag.Observation{At: w.now}
	for i := range w.group.topic.partitions {
		o.Partitions = append(o.Partitions, s.partition(int32(i), &w.group.topic.partitions[i]))
	}
	if s.needs.Members() {
		o.Group = &lag.Group{Told: true}
		for _, p := range w.group.pods {
			if p.joined {
				o.Group.Members = append(o.Group.Members, lag.Member{ID: p.name, Reads: p.reads})
			}
		}
	}
	o.Group = o.Follows(s.latest, s.needs)
	if s.seen {
		s.history = lag.Remember(s.history, s.latest, s.needs.History)
	}
	s.latest, s.seen = o, true
}

func (s *Sight) partition(id int32, p *partition) lag.Partition {
	seen := lag.Partition{Topic: s.name, ID: id, HasStart: true, End: p.end, Committed: p.committed, HasCommitted: true}
	if len(s.needs.Since) == 0 && !s.needs.OldestRecord && !s.needs.Phantom {
		return seen
	}
	seen.Facts = &lag.Facts{}
	for _, age := range s.needs.Since {
		first := lag.Since{Age: age}
		first.Offset, first.Timestamp, first.Found = p.firstSince(s.world.now.Add(-age))
		seen.Facts.Since = append(seen.Facts.Since, first)
	}
	if s.needs.OldestRecord || s.needs.Phantom {
		records := &lag.Records{From: p.committed, Through: p.end, Count: p.end - p.committed, Offset: p.committed}
		records.Timestamp, records.HasTimestamp = p.cameAt(p.committed)
		seen.Facts.Records = records
	}
	return seen
}
