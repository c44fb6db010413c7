package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/health"
)

// listenHealth listens for the kubelet's probes, and returns what answers them until its context ends. Without an address that does
// nothing.
func (p *program) listenHealth(ctx context.Context, settings config.Config) (answer func(context.Context) error, err error) {
	if settings.HealthListen == "" {
		return func(context.Context) error { return nil }, nil
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", settings.HealthListen)
	if err != nil {
		return nil, fmt.Errorf("listening for probes (health.listen): %w", err)
	}
	p.log.InfoContext(ctx, "health", "address", listener.Addr().String())
	return func(ctx context.Context) error { return health.Run(ctx, listener, p.edge.Serving, p.log) }, nil
}

// warnOfOpenPorts logs which ports answer every client on another machine that reaches them. Metrics are meant to, and have their own
// NetworkPolicy; probes have nothing to hide.
func warnOfOpenPorts(ctx context.Context, settings config.Config, log *slog.Logger) {
	var open []any
	if beyondLoopback(settings.Listen) && !settings.TLS.KnowsItsClients() {
		open = append(open, "listen", settings.Listen)
	}
	if beyondLoopback(settings.PageListen) {
		open = append(open, "page.listen", settings.PageListen)
	}
	if len(open) > 0 {
		log.WarnContext(ctx, "ports are open to every client that reaches them: restrict them by a NetworkPolicy, and listen by tls.clientCAFile with tls.clientNames", open...)
	}
}

// beyondLoopback reports whether other machines may reach an address to listen on.
func beyondLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "localhost" { // none, or listening on it fails
		return false
	}
	parsed, err := netip.ParseAddr(host)
	return err != nil || !parsed.Unmap().IsLoopback()
}
