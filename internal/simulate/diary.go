package simulate

import "time"

// samples is how many points a result has for a chart.
const samples = 600

// diary is what is written down during a run.
type diary struct {
	from    time.Time
	every   time.Duration
	next    time.Time
	points  []Point
	changes []Change
	bursts  []Outcome
	// due is how many records have to be done for the last of each burst, and was how many were done as it came.
	due, was []float64
	maxLag   int64
	maxAge   time.Duration
	// before is how many replicas were wanted at the moment before.
	before int32
}

func newDiary(setup Setup) diary {
	d := diary{from: setup.From, every: max(setup.step(), setup.During/samples), next: setup.From}
	for _, burst := range setup.Arrivals.Bursts {
		d.bursts = append(d.bursts, Outcome{At: burst.At.Seconds()})
		d.due = append(d.due, setup.Arrivals.until(burst.At))
	}
	return d
}

func (d *diary) changed(now time.Time, replicas int32) {
	d.changes = append(d.changes, Change{At: now.Sub(d.from).Seconds(), Replicas: replicas})
}

// note looks at what has become.
func (d *diary) note(r *run) {
	now := r.world.now
	is := r.world.backlog.stand(now)
	d.maxLag, d.maxAge = max(d.maxLag, is.lag), max(d.maxAge, is.oldest)
	d.followBursts(now.Sub(d.from).Seconds(), is.done+is.lost, r.replicas)
	d.before = r.replicas
	if now.Before(d.next) {
		return
	}
	d.next = d.next.Add(d.every)
	d.points = append(d.points, Point{
		At: now.Sub(d.from).Seconds(), Lag: is.lag, Queued: is.queued, Age: is.oldest.Seconds(),
		Wanted: r.replicas, Working: is.working,
	})
}

// followBursts counts records in the order in which they come: what came before a burst is done before it.
func (d *diary) followBursts(at, done float64, replicas int32) {
	for i := range d.bursts {
		b := &d.bursts[i]
		if at < b.At {
			continue
		}
		if len(d.was) == i {
			d.was = append(d.was, done)
			b.Awake = d.before > 0
		}
		took := at - b.At
		if b.Replica == nil && replicas > 0 {
			b.Replica = &took
		}
		if b.Record == nil && done >= d.was[i]+1 {
			b.Record = &took
		}
		if b.Drained == nil && done >= d.due[i]-0.5 {
			b.Drained = &took
		}
	}
}
