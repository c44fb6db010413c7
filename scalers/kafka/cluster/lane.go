package cluster

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// lane is what a session reads at one isolation level. Brokers serve a client that reads committed records
// up to the last stable offset only, so each level needs clients of its own. They are opened when they are first needed.
type lane struct {
	// logEnd is where logs end for such clients.
	logEnd offsetKind
	tails  *tails
	prober *prober
}

func newLane(committed bool, s *session) lane {
	config := func(connection Connection) configured { return configured{connection, s.options, committed} }
	l := lane{
		logEnd: logEnd,
		tails: newTails(s.connection, func(c Connection) (fetcher, error) { return openFetcher(config(c)) },
			s.options.FetchWait, s.brokers, s.wakeUp, s.log),
		prober: newProber(s.connection, func(c Connection) (reader, error) { return s.read(config(c)) }, s.log),
	}
	if committed {
		l.logEnd = stableEnd
	}
	return l
}

// reopen exchanges all clients for some with the connection's credentials.
func (l lane) reopen(connection Connection) {
	l.tails.reopen(connection)
	l.prober.login.exchange(connection)
}

// run serves until ctx ends.
func (l lane) run(ctx context.Context, client offsetLister) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return l.tails.run(ctx) })
	group.Go(func() error {
		l.tails.lookAfterNewcomers(ctx, func(ctx context.Context, partitions []partition, answered func(map[partition]offsetState)) {
			client.listOffsets(ctx, offsetSpec{kind: l.logEnd}, partitions, answered)
		})
		return nil
	})
	group.Go(func() error { return l.prober.run(ctx) })
	return group.Wait() //nolint:wrapcheck // the loops return nothing else
}
