package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

const (
	clientID = "lagwise"
	// newestOffsetFetch is the last version of OffsetFetch that names topics; later ones know their ids alone.
	newestOffsetFetch = 9
	// lateShare is the part of a request's time after which another broker is asked as well.
	lateShare = 4
	// embeddedAPIVersions is the last version of ApiVersions that librdkafka's embedded broker answers as Kafka does.
	embeddedAPIVersions = 2
)

// brokerClient is the client of a real cluster, by franz-go. It decides itself which broker a request goes to, with a time-out
// for each request and a back-off for each broker: a broker that is away delays nothing but what it alone could answer. It keeps
// one connection for each broker that is asked, and no thread.
type brokerClient struct {
	kafka   *kgo.Client
	routes  *routes
	backoff *brokerBackoff
	timeout time.Duration
	quota   *quota
	// explain adds to an error what the connection's settings make likely.
	explain func(error) error
}

func openClient(connection Connection, options Options) (*brokerClient, error) {
	security, err := securityOf(connection, options.bearers)
	if err != nil {
		return nil, &Fault{Kind: Misconfigured, About: "connection " + connection.Name, Err: err}
	}
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(int16(kmsg.OffsetFetch), newestOffsetFetch)
	versions.SetMaxKeyVersion(int16(kmsg.Fetch), newestFetch)
	if options.Embedded {
		versions.SetMaxKeyVersion(int16(kmsg.ApiVersions), embeddedAPIVersions)
	}
	quota := &quota{}
	client, err := kgo.NewClient(append(security,
		kgo.SeedBrokers(connection.BootstrapServers...),
		kgo.ClientID(clientID),
		kgo.MaxVersions(versions),
		kgo.DialTimeout(connectTimeout),
		kgo.RequestTimeoutOverhead(options.RequestTimeout),
		kgo.RequestRetries(1), // askAny and the passes to come try again
		kgo.DisableClientMetrics(),
		kgo.WithHooks(quota),
	)...)
	if err != nil {
		return nil, &Fault{Kind: Misconfigured, About: "connection " + connection.Name, Err: err}
	}
	return &brokerClient{
		kafka: client, routes: newRoutes(), timeout: options.RequestTimeout, backoff: newBrokerBackoff(options.RequestTimeout),
		quota: quota, explain: connection.explain,
	}, nil
}

func (c *brokerClient) close() { c.kafka.Close() }

// brokerError is why a broker gave no answer.
type brokerError struct {
	broker string
	err    error
}

func (e *brokerError) Error() string { return fmt.Sprintf("%s: %v", e.broker, e.err) }

func (e *brokerError) Unwrap() error { return e.err }

var errNoAnswer = errors.New("no answer in time")

// ask sends a request to one broker. The broker's back-off must have admitted it. The error is a *brokerError unless ctx ended.
func (c *brokerClient) ask(ctx context.Context, broker int32, request kmsg.Request) (kmsg.Response, error) { //nolint:ireturn // as the library returns them
	return c.askFor(ctx, broker, request, c.timeout)
}

// askFor is ask for a request that the broker may hold.
func (c *brokerClient) askFor(ctx context.Context, broker int32, request kmsg.Request, timeout time.Duration) (kmsg.Response, error) { //nolint:ireturn // as the library returns them
	asking, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.kafka.Broker(int(broker)).Request(asking, request)
	if err == nil {
		c.backoff.note(broker, nil, time.Now())
		return answer, nil
	}
	if ctx.Err() != nil { // the caller gave up, which says nothing about the broker
		c.backoff.release(broker, time.Now())
		return nil, ctx.Err()
	}
	err = &brokerError{c.routes.name(broker), c.told(err)}
	if kindOf(err) != Internal { // what a broker does not support is no failure of the broker
		c.backoff.note(broker, err, time.Now())
	}
	return nil, err
}

// told is what a request's error means to a person.
func (c *brokerClient) told(err error) error {
	if _, told := errors.AsType[*brokerError](err); told {
		return err
	}
	if kindOf(err) == TimedOut {
		if throttled := c.throttled(time.Now()); throttled != nil {
			return throttled
		}
		return errNoAnswer
	}
	return c.explain(err)
}

func (c *brokerClient) brokers() int { return len(c.routes.known()) }

func (c *brokerClient) throttled(now time.Time) error { return c.quota.throttled(now) }

// askAny asks one broker after the other until one of them answers. One that takes long is asked on, beside the next: it may be far away.
// ask must take another broker each time, and may be called from several goroutines.
func (c *brokerClient) askAny(ctx context.Context, ask func(context.Context) (kmsg.Response, error)) (kmsg.Response, error) { //nolint:ireturn // as the library returns them
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	left := len(c.routes.known()) + len(c.kafka.SeedBrokers())
	type ending struct {
		answer kmsg.Response
		err    error
	}
	endings := make(chan ending, left)
	underWay := 0
	next := func() {
		left--
		underWay++
		go func() { // ends with ctx, and waits for nobody to take what it brings
			answer, err := ask(ctx)
			endings <- ending{answer, err}
		}()
	}
	next()
	var failure error
	for underWay > 0 {
		late := time.NewTimer(c.timeout / lateShare)
		select {
		case <-late.C:
			if left > 0 {
				next()
			}
		case one := <-endings:
			underWay--
			if one.err == nil {
				late.Stop()
				return one.answer, nil
			}
			if failure == nil || kindOf(one.err) != TimedOut {
				failure = one.err
			}
			if left > 0 && ctx.Err() == nil {
				next()
			}
		}
		late.Stop()
	}
	return nil, &brokerError{"no broker answers", c.told(failure)}
}
