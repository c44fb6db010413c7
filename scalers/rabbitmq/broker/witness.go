package broker

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"time"
)

// witnessTime is how long the management API may take to say who leads a queue: others are looked at meanwhile, but not all of them.
const witnessTime = time.Second

// witness is the management API of a broker that is looked at by AMQP: it knows whether a queue has a leader.
type witness struct {
	api   *httpSource
	vhost string

	mu sync.Mutex
	// met says that it has answered before: until then it may be an address that nobody has ever tried.
	met bool
	// until is when it is asked again after it was slow or silent, for a reason.
	until  time.Time
	reason error
}

// testify asks for a queue's leader. A user who may not ask, and an API that does not know the queue, say nothing.
func (w *witness) testify(ctx context.Context, queue string) (testimony, error) {
	if rests, reason := w.rests(); rests {
		return w.silent(), reason
	}
	ctx, cancel := context.WithTimeout(ctx, witnessTime)
	defer cancel()
	var said managedLeader
	began := time.Now()
	path := "/api/queues/" + url.PathEscape(w.vhost) + "/" + url.PathEscape(queue) + "?columns=type,leader,online,members"
	err := w.api.way.Load().get(ctx, "asking who leads the queue", path, &said)
	took := time.Since(began)
	fault, failed := errors.AsType[*Fault](err)
	switch {
	case failed && (fault.Kind == TimedOut || fault.Kind == Unreachable):
		w.rest(lastRetry, fault)
		return w.silent(), fault
	case failed:
		return noTestimony, nil
	}
	w.meet()
	if took >= leaderTime { // it waits for nodes that hang: others do without it for as long
		w.rest(took, errSlow)
	}
	return said.testimony(), nil
}

var errSlow = errors.New("it takes long to answer")

// managedLeader is what the API says of a queue's leader. Newer versions name one that is away, too.
type managedLeader struct {
	Type, Leader    string
	Online, Members []string
}

func (m managedLeader) testimony() testimony {
	switch {
	case m.Type == "":
		return noTestimony
	case m.Type != "quorum":
		return needsNoLeader
	case !slices.Contains(m.Online, m.Leader) || 2*len(m.Online) <= len(m.Members):
		return leaderless
	default:
		return led
	}
}

func (w *witness) meet() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.met = true
}

// silent is what it means that there is no answer.
func (w *witness) silent() testimony {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.met {
		return silence
	}
	return noTestimony
}

func (w *witness) rest(pause time.Duration, reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.until, w.reason = time.Now().Add(pause), reason
}

func (w *witness) rests() (rests bool, reason error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Before(w.until), w.reason
}
