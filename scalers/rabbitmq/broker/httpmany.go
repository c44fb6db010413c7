package broker

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// listFrom is how many queues of a vhost are read as a list: in a list of 1,000 a queue costs a broker a fifth of what it does alone.
	listFrom = 20
	// mostOthers is how many queues a vhost may have for each that is wanted, and notAgain how long it is taken to have more once it had. A
	// list that was not answered in time is not read for as long.
	mostOthers = 4
	notAgain   = time.Minute
	// listTime is how long a list may take.
	listTime = 2 * time.Second
	// listPage is the most that the API gives at once.
	listPage = 500
	// listColumns is what is read of each queue. The API makes far more of it otherwise.
	listColumns = "name,type,messages,messages_ready,messages_unacknowledged,consumers," +
		"message_stats.publish_details.rate,message_stats.deliver_get_details.rate"

	// prompt is how long a request may take before it is not waited for while the API answers others. It usually takes a millisecond.
	prompt = 500 * time.Millisecond
	// instead is how many requests may begin for each that is not answered promptly, and mostRequests how many may be under way then.
	instead      = 4
	mostRequests = 512
)

// lookAtMany lists the queues of vhosts of which many are wanted, and reads the others one by one: also those that no list has, for
// the API's own words.
func (s *httpSource) lookAtMany(ctx context.Context, wants []Want, tell func(i int, a answer)) (asked int, err error) {
	p := newHTTPPass(s, wants, tell)
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
		if s.lists(vhost, len(of)) {
			p.parts.Go(func() { p.list(ctx, vhost, of) })
		} else {
			single = append(single, of...)
		}
	}
	p.each(ctx, single)
	p.parts.Wait()
	if fault := p.away.Load(); fault != nil {
		return int(p.asked.Load()), fault
	}
	return int(p.asked.Load()), nil
}

// httpPass is one look at many queues. Requests wait for slots. One that is not answered promptly gives up its slot, so that others need not
// wait for it.
type httpPass struct {
	source *httpSource
	wants  []Want
	parts  sync.WaitGroup
	slots  chan struct{}

	began time.Time
	asked atomic.Int64
	// away is why the API answers nobody.
	away atomic.Pointer[Fault]
	// asking is held by who finds out whether the API answers at all, known reports that this is found out.
	asking chan struct{}
	known  bool
	alive  bool

	mu   sync.Mutex
	tell func(i int, a answer)
}

func newHTTPPass(s *httpSource, wants []Want, tell func(i int, a answer)) *httpPass {
	p := &httpPass{began: time.Now(), source: s, wants: wants, tell: tell, slots: make(chan struct{}, mostRequests), asking: make(chan struct{}, 1)}
	p.allow(requestsAtOnce)
	return p
}

// lives finds out once in a pass whether the API answers at all.
func (p *httpPass) lives(ctx context.Context) bool {
	p.asking <- struct{}{}
	defer func() { <-p.asking }()
	if !p.known {
		ctx, cancel := context.WithTimeout(ctx, prompt)
		defer cancel()
		p.alive = p.source.way.Load().get(ctx, "asking who lagwise is", whoami, &struct{}{}) == nil
		p.known = true
	}
	return p.alive
}

// answers reports whether the API has answered about queues since the pass began, in this pass or another.
func (p *httpPass) answers() bool { return p.source.answered.Load() >= p.began.UnixNano() }

// allow lets further requests begin.
func (p *httpPass) allow(n int) {
	for range n {
		select {
		case p.slots <- struct{}{}:
		default:
		}
	}
}

// slot waits until a request may begin. overdue is called when it is not answered promptly while the API answers others. done must be called
// at the end of the request.
func (p *httpPass) slot(ctx context.Context, overdue func()) (done func(), is bool) {
	select {
	case <-p.slots:
	case <-ctx.Done():
		return nil, false
	}
	if p.away.Load() != nil {
		p.allow(1)
		return nil, false
	}
	var gaveUp atomic.Bool
	timer := time.AfterFunc(prompt, func() {
		if (p.answers() || p.lives(ctx)) && gaveUp.CompareAndSwap(false, true) {
			p.allow(instead)
			overdue()
		}
	})
	return func() {
		timer.Stop()
		if gaveUp.CompareAndSwap(false, true) {
			p.allow(1)
		}
	}, true
}

// say tells of an outcome.
func (p *httpPass) say(i int, a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tell(i, a)
}

// each reads queues one by one.
func (p *httpPass) each(ctx context.Context, which []int) {
	for _, i := range which {
		p.parts.Go(func() { p.single(ctx, i) })
	}
}

// single reads one want. The fault of an API that is away is not found out again for each.
func (p *httpPass) single(ctx context.Context, i int) {
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done, is := p.slot(ctx, func() { cancel(errOverdue) })
	if !is {
		return
	}
	defer done()
	p.asked.Add(1)
	began := time.Now()
	queues, err := p.source.look(within, p.wants[i])
	if context.Cause(within) == errOverdue && err != nil { //nolint:errorlint // it is never wrapped
		p.say(i, answer{err: errOverdue, late: true})
		return
	}
	if err != nil {
		fault := faultOf("looking at a queue", err)
		if fault.ofAll() || fault.Kind == TimedOut && !fault.alone && !p.answers() && !p.lives(ctx) {
			p.away.Store(fault)
			return
		}
	}
	p.source.answered.Store(time.Now().UnixNano())
	p.say(i, answer{queues: queues, took: time.Since(began), err: err})
}

// list reads a vhost's queues as a list, and those one by one that it does not give.
func (p *httpPass) list(ctx context.Context, vhost string, of []int) {
	done, is := p.slot(ctx, func() {})
	if !is {
		return
	}
	began := time.Now()
	listed, pages := p.source.list(ctx, vhost, len(of))
	done()
	p.asked.Add(int64(pages))
	var single []int
	for _, i := range of {
		queue, found := listed.of(p.wants[i])
		if !found {
			single = append(single, i)
			continue
		}
		p.source.answered.Store(time.Now().UnixNano())
		p.say(i, answer{queues: []Queue{queue}, took: time.Since(began)})
	}
	p.each(ctx, single)
}

// lists reports whether a vhost's list costs less than to ask for the queues that are wanted of it.
func (s *httpSource) lists(vhost string, wanted int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := s.crowds[vhost]
	return wanted >= listFrom && (seen.queues <= mostOthers*wanted || time.Since(seen.at) >= notAgain)
}

// crowded keeps the list of a vhost from being read for some time.
func (s *httpSource) crowded(vhost string, queues int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crowds[vhost] = crowd{queues: queues, at: time.Now()}
}

// list is what was read of a vhost's queues, by name.
type list struct {
	queues map[string]Queue
	// totals are those of which the API has totals and no statistics, lacking says that there are queues of which a list had no figures.
	totals  map[string]Queue
	lacking bool
}

func (l list) of(want Want) (queue Queue, found bool) {
	if queue, found = l.queues[want.Queue]; !found && !want.Rates {
		queue, found = l.totals[want.Queue]
	}
	return queue, found
}

// list reads a vhost's queues by name, where that costs less than to ask for those that are wanted. What it does not give is to be
// asked for: a failure is told there.
func (s *httpSource) list(ctx context.Context, vhost string, wanted int) (l list, pages int) {
	within, cancel := context.WithTimeout(ctx, listTime)
	defer cancel()
	l = list{queues: map[string]Queue{}, totals: map[string]Queue{}}
	pages = s.readList(within, vhost, wanted, "&columns="+listColumns, l.queues, &l.lacking)
	if l.lacking {
		pages += s.readList(within, vhost, wanted, totals, l.totals, &l.lacking)
	}
	if within.Err() != nil && ctx.Err() == nil {
		s.crowded(vhost, math.MaxInt)
	}
	return l, pages
}

// readList reads all pages of a list, unless the vhost has far more queues than are wanted.
func (s *httpSource) readList(ctx context.Context, vhost string, wanted int, further string, into map[string]Queue, lacking *bool) (pages int) {
	for last := 1; pages < last; {
		var page struct {
			Items items `json:"items"`
			Pages int   `json:"page_count"`
			Total int   `json:"total_count"`
		}
		pages++
		path := fmt.Sprintf("/api/queues/%s?page=%d&page_size=%d%s", url.PathEscape(vhost), pages, listPage, further)
		if err := s.way.Load().get(ctx, "the queues of a vhost", path, &page); err != nil {
			return pages
		}
		if page.Total > mostOthers*wanted {
			s.crowded(vhost, page.Total)
			clear(into)
			return pages
		}
		for _, item := range page.Items {
			if item.known() {
				into[item.Name] = item.queue()
			} else {
				*lacking = true
			}
		}
		last = min(page.Pages, page.Total/listPage+1) // whatever it says, no more than its queues take
	}
	return pages
}
