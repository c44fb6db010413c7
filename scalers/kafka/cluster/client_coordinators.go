package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// groupsInRequest bounds the groups of one request, so that the first answers of a coordinator of thousands come soon.
const groupsInRequest = 500

// atCoordinators asks all coordinators at once: ask for the groups of one coordinator, which returns those that it must not be
// asked for, with the reason. These are asked for once more after their coordinator was looked up again, where again is set; what
// is left then goes to failed.
func (c *brokerClient) atCoordinators(
	ctx context.Context, groups []string, again bool,
	ask func(ctx context.Context, broker int32, groups []string) (moved map[string]error), failed func(map[string]error),
) {
	byCoordinator, moved := c.coordinatorsOf(ctx, groups, again)
	var requests sync.WaitGroup
	retry := func(moved map[string]error) {
		switch {
		case len(moved) == 0:
		case !again:
			failed(moved)
		default:
			left := make([]string, 0, len(moved))
			for group := range moved {
				c.routes.forgetCoordinator(group)
				left = append(left, group)
			}
			c.atCoordinators(ctx, left, false, ask, failed)
		}
	}
	for broker, some := range byCoordinator {
		for len(some) > 0 {
			chunk := some[:min(len(some), groupsInRequest)]
			some = some[len(chunk):]
			requests.Go(func() { retry(ask(ctx, broker, chunk)) })
		}
	}
	requests.Go(func() { retry(moved) })
	requests.Wait()
}

// coordinatorsOf sorts groups by their coordinator, and looks up those that are not known. A coordinator that fails is left out in the
// first round, because another broker may have taken its place by now, and asked in the second where its back-off admits that.
func (c *brokerClient) coordinatorsOf(ctx context.Context, groups []string, first bool) (byCoordinator map[int32][]string, without map[string]error) {
	byCoordinator, without = map[int32][]string{}, map[string]error{}
	refused := map[int32]error{}
	place := func(group string, broker int32) {
		err, decided := refused[broker]
		if !decided {
			err = c.admit(broker, first, time.Now())
			refused[broker] = err
		}
		if err != nil {
			without[group] = err
			return
		}
		byCoordinator[broker] = append(byCoordinator[broker], group)
	}
	var unknown []string
	for _, group := range groups {
		if broker, found := c.routes.coordinatorOf(group); found {
			place(group, broker)
		} else {
			unknown = append(unknown, group)
		}
	}
	if len(unknown) > 0 && (len(unknown) == len(groups) || !first) {
		found, err := c.findCoordinators(ctx, unknown)
		for _, group := range unknown {
			switch state, answered := found[group]; {
			case answered && state.err == nil:
				c.routes.noteCoordinator(group, state.broker)
				place(group, state.broker)
			case answered:
				without[group] = state.err
			default:
				without[group] = err
			}
		}
		return byCoordinator, without
	}
	for _, group := range unknown { // the groups whose coordinator is known do not wait for the others
		without[group] = kerr.CoordinatorNotAvailable
	}
	return byCoordinator, without
}

// findCoordinators asks any broker. The error concerns the groups that are missing from the answer.
func (c *brokerClient) findCoordinators(ctx context.Context, groups []string) (map[string]leader, error) {
	found := make(map[string]leader, len(groups))
	left := groups
	for len(left) > 0 {
		answer, err := c.findSome(ctx, left)
		if err != nil {
			return found, err
		}
		if answer.Version < 4 { // before Kafka 3.0: one group for each request (KIP-699)
			found[left[0]] = leader{answer.NodeID, kerr.ErrorForCode(answer.ErrorCode)}
			left = left[1:]
			continue
		}
		for _, one := range answer.Coordinators {
			found[one.Key] = leader{one.NodeID, kerr.ErrorForCode(one.ErrorCode)}
		}
		return found, &brokerError{"looking up the group's coordinator", errLeftOut}
	}
	return found, nil
}

func (c *brokerClient) findSome(ctx context.Context, groups []string) (*kmsg.FindCoordinatorResponse, error) {
	response, err := c.askAny(ctx, func(ctx context.Context) (kmsg.Response, error) {
		broker, err := c.anyBroker(ctx)
		if err != nil {
			return nil, err
		}
		request := kmsg.NewPtrFindCoordinatorRequest()
		request.CoordinatorKey, request.CoordinatorKeys = groups[0], groups
		return c.ask(ctx, broker, request)
	})
	if err != nil {
		return nil, err
	}
	return response.(*kmsg.FindCoordinatorResponse), nil //nolint:forcetypeassert // the request's own response
}

var errNoBroker = errors.New("the cluster names no broker")

// anyBroker prefers the brokers whose latest request did not fail.
func (c *brokerClient) anyBroker(ctx context.Context) (int32, error) {
	brokers := c.routes.known()
	if len(brokers) == 0 {
		if err := c.ping(ctx); err != nil {
			return 0, err
		}
		if brokers = c.routes.known(); len(brokers) == 0 {
			return 0, errNoBroker
		}
	}
	rand.Shuffle(len(brokers), func(i, j int) { brokers[i], brokers[j] = brokers[j], brokers[i] }) //nolint:gosec // spreads load, needs no secrecy
	var refused error
	for _, broker := range brokers {
		if c.backoff.fails(broker) {
			continue
		}
		return broker, nil
	}
	for _, broker := range brokers {
		if refused = c.backoff.admit(broker, time.Now()); refused == nil {
			return broker, nil
		}
	}
	return 0, refused
}
