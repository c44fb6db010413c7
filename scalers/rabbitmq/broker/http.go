package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lagwise/lagwise/scalers/legible"
	"github.com/lagwise/lagwise/scalers/pulse"
)

const (
	// requestsAtOnce bounds the requests under way, and so the connections to one management API, while it answers them.
	requestsAtOnce = 4
	// maxAnswer is far more than a page of queues.
	maxAnswer = 16 << 20
	// whoami is what the API answers to everybody whom it knows.
	whoami = "/api/whoami"
)

// httpSource reads the management API. It is two requests, which Go's own client makes: the clients of the API that exist take no
// context, and decode far more than is needed, so that a field that a broker writes in another way would fail all of it.
type httpSource struct {
	way atomic.Pointer[httpWay]
	// answered is when the API last answered about queues, in nanoseconds since 1970.
	answered atomic.Int64
	// crowds are how many queues vhosts were seen to have that had far more than were wanted.
	mu     sync.Mutex
	crowds map[string]crowd
}

type crowd struct {
	queues int
	at     time.Time
}

// httpWay is the API's address, and who lagwise is there.
type httpWay struct {
	endpoint Endpoint
	client   *http.Client
	failed   error // why there is no client
	asked    demand
}

func newHTTPSource(endpoint Endpoint) *httpSource {
	s := &httpSource{crowds: map[string]crowd{}}
	s.way.Store(newHTTPWay(endpoint))
	return s
}

func newHTTPWay(endpoint Endpoint) *httpWay {
	parsed, err := url.Parse(endpoint.Address)
	if err != nil {
		return &httpWay{failed: errors.New("the management API's address is no URL")} // what was written may hold a secret
	}
	config, err := endpoint.TLS.Config(parsed.Hostname())
	if err != nil {
		return &httpWay{failed: err}
	}
	w := &httpWay{endpoint: endpoint}
	w.asked.watch(config)
	w.client = &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true, HTTP2: pulse.HTTP2(),
			MaxConnsPerHost: mostRequests, MaxIdleConnsPerHost: requestsAtOnce, IdleConnTimeout: time.Minute,
		},
		// Credentials are for this address alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w
}

// renew asks the API who lagwise is there.
func (s *httpSource) renew(ctx context.Context, endpoint Endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	next := newHTTPWay(endpoint)
	if err := next.get(ctx, "the new credentials", whoami, &struct{}{}); err != nil {
		next.close()
		return err
	}
	s.way.Swap(next).close()
	return nil
}

// managedQueue is what is read of a queue (KEDA: rabbitmq_scaler.go, queueInfo).
type managedQueue struct {
	Name string `json:"name"`
	// Messages is missing while the API knows no figures of the queue: for five seconds after a broker has started or a queue was made,
	// and for as long as the queue's node is away. KEDA takes that for an empty queue.
	Messages       *int64 `json:"messages"`
	Ready          int64  `json:"messages_ready"`
	Unacknowledged int64  `json:"messages_unacknowledged"`
	Consumers      int64  `json:"consumers"`
	Type           string `json:"type"`
	Stats          struct {
		Publish rated `json:"publish_details"`
		Deliver rated `json:"deliver_get_details"`
	} `json:"message_stats"`
}

// items are the queues of a page. An empty queue is three bytes of an answer and many times that in memory, so they are counted.
type items []managedQueue

// mostItems is far more than a page may have: RabbitMQ refuses more than 500.
const mostItems = 10_000

// UnmarshalJSON refuses more than mostItems before they take memory.
func (i *items) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('[') {
		return errors.New("items are no list")
	}
	*i = items{}
	for decoder.More() {
		if len(*i) == mostItems {
			return fmt.Errorf("more than %d items", mostItems)
		}
		var one managedQueue
		if err := decoder.Decode(&one); err != nil {
			return err //nolint:wrapcheck // encoding/json calls this, and adds what there is to add
		}
		*i = append(*i, one)
	}
	return nil
}

type rated struct {
	Rate float64 `json:"rate"`
}

// look reads one queue, or those of one page that match a pattern. More than a page is refused, as KEDA refuses it.
func (s *httpSource) look(ctx context.Context, want Want) ([]Queue, error) {
	if want.Timeout > 0 {
		within, cancel := context.WithTimeout(ctx, want.Timeout)
		defer cancel()
		ctx = within
	}
	about := fmt.Sprintf("queue %q", want.Queue)
	if !want.Pattern {
		var one managedQueue
		if err := s.way.Load().read(ctx, about, "/api/queues/"+url.PathEscape(want.Vhost)+"/"+url.PathEscape(want.Queue), &one); err != nil {
			return nil, err
		}
		if !one.known() {
			return s.lookWithoutStatistics(ctx, about, want)
		}
		return []Queue{one.queue()}, nil
	}
	about = fmt.Sprintf("queues that match %q", want.Queue)
	items, err := s.matching(ctx, about, want, want.Queue, "")
	if err != nil {
		return nil, err
	}
	if len(items) > 0 && !slices.ContainsFunc(items, managedQueue.known) { // one that was just made counts 0 beside others
		return s.lookWithoutStatistics(ctx, about, want)
	}
	return queuesOf(items), nil
}

// matching reads the page of queues that match a pattern, with further parameters of the request.
func (s *httpSource) matching(ctx context.Context, about string, want Want, pattern, further string) (items, error) {
	var page struct {
		Items items `json:"items"`
		Pages int   `json:"page_count"`
	}
	size := max(1, want.PageSize)
	query := fmt.Sprintf("/api/queues/%s?page=1&use_regex=true&pagination=false&name=%s&page_size=%d%s", url.PathEscape(want.Vhost), url.QueryEscape(pattern), size, further)
	if err := s.way.Load().read(ctx, about, query, &page); err != nil {
		return nil, err
	}
	if page.Pages > 1 {
		return nil, &Fault{Kind: Refused, About: about, Err: fmt.Errorf("more than pageSize, %d", size)}
	}
	if page.Items == nil {
		return nil, &Fault{Kind: Internal, About: about, Err: errors.New("the answer is not the management API's: it has no items")}
	}
	return page.Items, nil
}

func queuesOf(items items) []Queue {
	queues := make([]Queue, len(items))
	for i, item := range items {
		queues[i] = item.queue()
	}
	return queues
}

func (m managedQueue) known() bool { return m.Messages != nil }

func (m managedQueue) queue() Queue {
	var total int64
	if m.known() {
		total = *m.Messages
	}
	return Queue{
		Name: m.Name, Ready: m.Ready, Total: total, Unacknowledged: m.Unacknowledged, Consumers: m.Consumers, Stream: m.Type == "stream",
		PublishRate: m.Stats.Publish.Rate, DeliverRate: m.Stats.Deliver.Rate,
	}
}

// read gets what lies in a vhost. A failure concerns everybody only where the API does not answer a question that concerns no queue either. It
// answers 401 about a vhost that is not for the user, as it does to an unknown user.
func (w *httpWay) read(ctx context.Context, about, path string, into any) error {
	err := w.get(ctx, about, path, into)
	fault, is := errors.AsType[*Fault](err)
	if !is || !fault.ofAll() {
		return err
	}
	reason := w.get(ctx, about, whoami, &struct{}{})
	if reason == nil {
		kind := fault.Kind
		if kind == BadCredentials {
			kind = Denied
		}
		return &Fault{Kind: kind, About: fault.About, Err: fault.Err, alone: true}
	}
	if whether, is := errors.AsType[*Fault](reason); is && whether.Kind == TimedOut {
		return whether
	}
	return err
}

func (w *httpWay) get(ctx context.Context, about, path string, into any) error {
	if w.failed != nil {
		return &Fault{Kind: BadCredentials, About: about, Err: w.failed}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.endpoint.Address+path, nil)
	if err != nil {
		return &Fault{Kind: Internal, About: about, Err: errors.New("the address is no URL")}
	}
	if w.endpoint.Username != "" {
		request.SetBasicAuth(w.endpoint.Username, string(w.endpoint.Password))
	}
	response, err := w.client.Do(request)
	if err != nil {
		if wrapped, is := errors.AsType[*url.Error](err); is {
			err = wrapped.Err // without the URL, which the connection's name stands for
		}
		return w.broken(about, err)
	}
	w.asked.met()
	defer func() { _ = response.Body.Close() }()
	body := io.LimitReader(response.Body, maxAnswer)
	if response.StatusCode != http.StatusOK {
		var sent apiError
		_ = json.NewDecoder(body).Decode(&sent)
		_, _ = io.Copy(io.Discard, body) // so that the connection can be used again
		answer := &AnswerError{
			Text: fmt.Sprintf("the management API says %d %s", response.StatusCode, http.StatusText(response.StatusCode)),
			Sent: legible.Short(sent.Reason, 100), FromAPI: sent.isOwn(),
		}
		if response.StatusCode == http.StatusUnauthorized && w.endpoint.Username == "" {
			answer.Text, answer.Sent = answer.Text+": it wants a username and a password, also from those who show a certificate", ""
		}
		return &Fault{Kind: kindOfStatus(response.StatusCode), About: about, Err: answer}
	}
	if err := json.NewDecoder(body).Decode(into); err != nil {
		if ctx.Err() != nil {
			return faultOf(about, ctx.Err())
		}
		return &Fault{Kind: Internal, About: about, Err: &AnswerError{Text: "the answer is not the management API's", Sent: err.Error()}}
	}
	_, _ = io.Copy(io.Discard, body)
	return nil
}

// apiError is an error of the management API. Of other servers' pages nothing is repeated, not even to the operator.
type apiError struct{ Error, Reason string }

// isOwn reports whether the error is one of the management API's own (RabbitMQ: rabbit_mgmt_util.erl; the spelling changed in 3.12).
func (e apiError) isOwn() bool {
	return slices.Contains([]string{"Object Not Found", "not_authorised", "not_authorized", "bad_request"}, e.Error)
}

// broken says why there is no answer at all.
func (w *httpWay) broken(about string, err error) *Fault {
	switch text := err.Error(); {
	case strings.Contains(text, fmt.Sprintf(`malformed HTTP response "\x%x\x03`, alert)):
		return &Fault{Kind: Unreachable, About: about, Err: errSpeaksTLS}
	case strings.Contains(text, "malformed"): // repeats what was sent
		return &Fault{Kind: Unreachable, About: about, Err: &AnswerError{Text: "what answers does not speak HTTP", Sent: legible.Short(text, 100)}}
	}
	return faultOf(about, w.asked.explain(err))
}

// kindOfStatus gives an answer that is none its kind.
func kindOfStatus(status int) Kind {
	switch {
	case status == http.StatusUnauthorized:
		return BadCredentials
	case status == http.StatusForbidden:
		return Denied
	case status == http.StatusNotFound:
		return UnknownQueue
	case status == http.StatusBadRequest:
		return Refused
	case status >= http.StatusInternalServerError:
		return Unreachable
	default:
		return Internal
	}
}

func (s *httpSource) reset() { s.close() }

func (s *httpSource) close() { s.way.Load().close() }

// close leaves requests alone that are under way.
func (w *httpWay) close() {
	if w.client != nil {
		w.client.CloseIdleConnections()
	}
}
