package simulate

import (
	"fmt"
	"time"
)

// fleet is a Deployment's pods, whatever they work on.
type fleet struct {
	pods    []*pod // oldest first
	made    int
	seconds float64 // of all pods
}

type pod struct {
	name   string
	joins  time.Time
	joined bool
	// reads are the partitions of a consumer of a topic. It takes from the one at turn, of which so many records are left of what it
	// fetched. queue is what it has committed and not begun.
	reads   []int
	turn    int
	fetched float64
	queue   float64
	// held are the messages that a queue has delivered to it, and progress is how much of the next ones is done.
	held     int64
	progress float64
}

// resize makes and removes pods: those that have not joined, and the newest, go first. Gone ones are to be told to the others.
func (f *fleet) resize(now time.Time, start time.Duration, wanted int32) (gone []*pod) {
	for len(f.pods) < int(wanted) {
		f.made++
		f.pods = append(f.pods, &pod{name: fmt.Sprintf("consumer-%d", f.made), joins: now.Add(start)})
	}
	for len(f.pods) > int(wanted) {
		gone = append(gone, f.pods[len(f.pods)-1])
		f.pods = f.pods[:len(f.pods)-1]
	}
	return gone
}

// settle says that the pods have been there for a while.
func (f *fleet) settle(from time.Time) {
	for _, p := range f.pods {
		p.joins = from
	}
}

// pass lets time go by, and says whether somebody joined.
func (f *fleet) pass(now time.Time, took time.Duration) (news bool) {
	f.seconds += float64(len(f.pods)) * took.Seconds()
	for _, p := range f.pods {
		if !p.joined && !now.Before(p.joins) {
			p.joined, news = true, true
		}
	}
	return news
}

func (f *fleet) working() (pods []*pod) {
	for _, p := range f.pods {
		if p.joined {
			pods = append(pods, p)
		}
	}
	return pods
}
