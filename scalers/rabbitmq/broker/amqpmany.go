package broker

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// batch is how many questions go out in one write: with 128 a question costs half of what it does with eight.
	batch = 128
	// patience is how long the answers to one batch may take. A queue that does not answer holds up all that are asked after it, so
	// it is soon left to those who ask on other channels.
	patience = time.Second
	// spareChannels are those that no lane comes to use: a pipeline has the last one of a connection.
	spareChannels = 2 * (lanes + mostAbandoned)
)

// lookAtMany declares the queues passively, many at once.
func (s *amqpSource) lookAtMany(ctx context.Context, wants []Want, tell func(i int, queues []Queue, err error)) (asked int, err error) {
	for done := 0; done < len(wants); {
		n, err := s.lookAtSome(ctx, wants[done:min(len(wants), done+batch)], func(i int, queues []Queue, err error) { tell(done+i, queues, err) })
		asked += n
		if err != nil {
			return asked, err
		}
		done += n
	}
	return asked, nil
}

// lookAtSome tells of some; of none only where they are to be asked in another way.
func (s *amqpSource) lookAtSome(ctx context.Context, wants []Want, tell func(i int, queues []Queue, err error)) (told int, err error) {
	dialing, cancel := context.WithTimeout(ctx, wants[0].Timeout)
	defer cancel()
	link, err := s.connected(dialing)
	if err != nil {
		return 0, err
	}
	p := link.pipeline()
	if p == nil || len(wants[0].Queue) > longestQueue {
		queues, err := s.look(dialing, wants[0])
		tell(0, queues, err)
		return 1, nil
	}
	names := make([]string, 0, len(wants))
	for _, want := range wants {
		if len(want.Queue) > longestQueue {
			break
		}
		names = append(names, want.Queue)
	}
	asking, stop := context.WithTimeout(ctx, patience)
	defer stop()
	answers, refusal, err := p.ask(asking, names)
	for i, seen := range answers {
		tell(i, []Queue{{Name: names[i], Ready: int64(seen.messages), Consumers: int64(seen.consumers)}}, nil)
	}
	told = len(answers)
	switch {
	case ctx.Err() != nil:
		return told, faultOf("asking for queues", ctx.Err())
	case asking.Err() != nil && err != nil && told < len(names):
		link.leave(p)
		if s.abandoned.Add(1) >= mostAbandoned {
			s.reset()
		}
		tell(told, nil, faultOf(fmt.Sprintf("queue %q", names[told]), err))
		return told + 1, nil
	case errors.Is(err, errOutOfTurn): // from now on they are asked one by one
		link.single.Store(true)
		return told, nil
	case err != nil:
		return told, faultOf("asking for queues", err)
	case refusal != nil && told < len(names):
		tell(told, nil, ofAMQP(fmt.Sprintf("queue %q", names[told]), refusal))
		return told + 1, nil
	}
	return told, nil
}

// pipeline gives the connection's; nil where the broker allows too few channels.
func (l *link) pipeline() *pipeline {
	if l.single.Load() {
		return nil
	}
	if p := l.socket.pipeline.Load(); p != nil {
		return p
	}
	last := l.Config.ChannelMax
	if last < spareChannels {
		return nil
	}
	p := newPipeline(l.socket, last, last)
	l.socket.pipeline.Store(p)
	return p
}

// leave leaves a pipeline behind whose answers are late: the next has a channel of its own.
func (l *link) leave(p *pipeline) {
	l.socket.pipeline.Store(newPipeline(l.socket, p.channel-1, p.last))
}
