package main

import (
	"net"
	"time"

	"golang.org/x/time/rate"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/crowd"
)

// bounded is the listener with as many connections at once as the configuration gives it. Those that are closed for it are logged once a
// minute at most.
func (p *program) bounded(listener net.Listener, settings config.Config) net.Listener {
	lines := rate.NewLimiter(rate.Every(time.Minute), 1)
	return crowd.Bound(listener, settings.MaxConnections, func(client string) {
		if lines.Allow() {
			p.log.Warn("connection closed: too many are open (limits.connections)", "address", listener.Addr().String(), "client", client)
		}
	})
}
