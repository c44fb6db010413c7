package broker

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// listFrom is how many queues of a vhost are read as a list: in a list of 1,000 a queue costs a broker a fifth of what it does alone.
	listFrom = 20
	// mostOthers is how many queues a vhost may have for each that is wanted, and notAgain how long it is taken to have more once it had.
	mostOthers = 4
	notAgain   = time.Minute
	// listPage is the most that the API gives at once.
	listPage = 500
	// listColumns is what is read of each queue. The API makes far more of it otherwise.
	listColumns = "name,messages,messages_ready,messages_unacknowledged,consumers," +
		"message_stats.publish_details.rate,message_stats.deliver_get_details.rate"
)

// lookAtMany lists the queues of vhosts of which many are wanted, and reads the others one by one: also those that no list has, for
// the API's own words.
func (s *httpSource) lookAtMany(ctx context.Context, wants []Want, tell func(i int, queues []Queue, err error)) (asked int, err error) {
	wanted := map[string][]int{}
	var single []int
	for i, want := range wants {
		if want.Pattern {
			single = append(single, i)
		} else {
			wanted[want.Vhost] = append(wanted[want.Vhost], i)
		}
	}
	for vhost, of := range wanted {
		listed, pages := s.list(ctx, vhost, len(of), wants[of[0]].Timeout)
		asked += pages
		for _, i := range of {
			if queue, found := listed[wants[i].Queue]; found {
				tell(i, []Queue{queue}, nil)
			} else {
				single = append(single, i)
			}
		}
	}
	return asked + len(single), s.lookAtEach(ctx, wants, single, tell)
}

// lookAtEach reads one by one. The fault of a broker that is away is not found out again for each.
func (s *httpSource) lookAtEach(ctx context.Context, wants []Want, which []int, tell func(i int, queues []Queue, err error)) error {
	var looking errgroup.Group
	looking.SetLimit(requestsAtOnce)
	var away atomic.Pointer[Fault]
	for _, i := range which {
		looking.Go(func() error {
			if fault := away.Load(); fault != nil {
				return fault //nolint:wrapcheck // known already
			}
			queues, err := s.look(ctx, wants[i])
			if err != nil {
				if fault := faultOf("looking at a queue", err); fault.ofAll() {
					away.Store(fault)
				}
			}
			tell(i, queues, err)
			return nil
		})
	}
	return looking.Wait() //nolint:wrapcheck // a Fault
}

// list reads a vhost's queues by name, where that costs less than to ask for those that are wanted. What it does not give is to be
// asked for: a failure is told there.
func (s *httpSource) list(ctx context.Context, vhost string, wanted int, timeout time.Duration) (listed map[string]Queue, pages int) {
	s.mu.Lock()
	seen := s.crowds[vhost]
	s.mu.Unlock()
	if wanted < listFrom || seen.queues > mostOthers*wanted && time.Since(seen.at) < notAgain {
		return nil, 0
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	listed = map[string]Queue{}
	for last := 1; pages < last; {
		var page struct {
			Items items `json:"items"`
			Pages int   `json:"page_count"`
			Total int   `json:"total_count"`
		}
		pages++
		path := fmt.Sprintf("/api/queues/%s?page=%d&page_size=%d&columns=%s", url.PathEscape(vhost), pages, listPage, listColumns)
		if err := s.way.Load().get(ctx, "the queues of a vhost", path, &page); err != nil {
			return listed, pages
		}
		if page.Total > mostOthers*wanted {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.crowds[vhost] = crowd{queues: page.Total, at: time.Now()}
			return nil, pages
		}
		for _, item := range page.Items {
			if item.known() {
				listed[item.Name] = item.queue()
			}
		}
		last = min(page.Pages, page.Total/listPage+1) // whatever it says, no more than its queues take
	}
	return listed, pages
}
