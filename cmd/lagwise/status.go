package main

import (
	"context"
	"net"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/explain"
	"github.com/lagwise/lagwise/internal/status"
)

// listenStatus listens for those who open the status page, and returns what shows it until its context ends. A page is no reason
// not to answer KEDA: where its address cannot be had, the log says so and there is none.
func (p *program) listenStatus(ctx context.Context, settings config.Config) (show func(context.Context) error) {
	nothing := func(context.Context) error { return nil }
	if settings.PageListen == "" {
		return nothing
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", settings.PageListen)
	if err != nil {
		p.log.WarnContext(ctx, "there is no status page: its address cannot be had (page.listen)", "error", err)
		return nothing
	}
	p.log.InfoContext(ctx, "status page", "address", listener.Addr().String())
	page := status.New(status.Sources{Triggers: p.registry, Connections: p.sessions, Explain: explain.Handler(p.registry), Version: version()}, p.log)
	return func(ctx context.Context) error { return page.Run(ctx, p.bounded(listener, settings)) }
}

// sessions are the connections of all sources that have such, in words.
func (p *program) sessions() []status.Connection {
	var all []status.Connection
	for _, pool := range p.pools() {
		for _, session := range pool.Status() {
			all = append(all, status.Connection{
				Source: session.Source, Name: session.Connection, Triggers: session.Triggers,
				Fault: session.Fault, Trouble: session.Trouble, Doing: session.Doing,
			})
		}
	}
	return all
}
