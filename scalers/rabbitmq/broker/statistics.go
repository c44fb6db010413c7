package broker

import (
	"context"
	"errors"
	"regexp"
	"slices"
)

// The management API has the figures of a queue from a collector of statistics, which learns of a new queue after some seconds and can be
// switched off (management_agent.disable_metrics_collector, management.disable_stats). The totals of queues are there without it.

// totals are the parameters of a list that has totals and no statistics.
const totals = "&disable_stats=true&enable_queue_totals=true"

// lookWithoutStatistics reads the totals of queues whose statistics the API does not have. Without the statistics there are no rates.
func (s *httpSource) lookWithoutStatistics(ctx context.Context, about string, want Want) ([]Queue, error) {
	pattern := want.Queue
	if !want.Pattern {
		pattern = "^" + regexp.QuoteMeta(want.Queue) + "$"
	}
	if !want.Rates {
		items, err := s.matching(ctx, about, want, pattern, totals)
		if !want.Pattern {
			items = slices.DeleteFunc(items, func(one managedQueue) bool { return one.Name != want.Queue })
		}
		switch {
		case err == nil && slices.ContainsFunc(items, managedQueue.known):
			return queuesOf(items), nil
		case err != nil && faultOf(about, err).passes():
			return nil, err
		}
	}
	return nil, s.withoutFigures(ctx, about)
}

var errCollectorOff = errors.New("the broker's collector of statistics is switched off (management_agent.disable_metrics_collector or management.disable_stats): switch it on, or use protocol amqp")

// withoutFigures gives the reason why the API has no figures. The one passes, and what was seen before serves meanwhile; the other does not.
func (s *httpSource) withoutFigures(ctx context.Context, about string) *Fault {
	var overview struct {
		Disabled bool `json:"disable_stats"`
	}
	if err := s.way.Load().get(ctx, about, "/api/overview", &overview); err == nil && overview.Disabled {
		return &Fault{Kind: Refused, About: about, Err: errCollectorOff}
	}
	return unknownFigures(about)
}

var errNoFigures = errors.New("the management API has no figures of it yet")

func unknownFigures(about string) *Fault {
	return &Fault{Kind: TimedOut, About: about, Err: errNoFigures, alone: true}
}
