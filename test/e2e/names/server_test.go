package names_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"

	"github.com/lagwise/lagwise/test/e2e/names"
)

// A gRPC client with round_robin, as KEDA has it, reaches every address of a name.
func TestRoundRobinOverAName(t *testing.T) {
	t.Parallel()
	port := serveHealth(t, "127.0.0.2:0")
	serveHealth(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), port).String())
	server, err := names.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	server.Set("lagwise.keda.svc", netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3"))

	connection, err := grpc.NewClient(server.Target("lagwise.keda.svc", int(port)),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var reached []string
	for len(reached) < 2 {
		var who peer.Peer
		if _, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{},
			grpc.Peer(&who), grpc.WaitForReady(true)); err != nil {
			t.Fatalf("reached only %v: %v", reached, err)
		}
		host, _, _ := strings.Cut(who.Addr.String(), ":")
		if !slices.Contains(reached, host) {
			reached = append(reached, host)
		}
	}
	slices.Sort(reached)
	if want := []string{"127.0.0.2", "127.0.0.3"}; !slices.Equal(reached, want) {
		t.Errorf("reached %v, want %v", reached, want)
	}
}

func TestUnknownNameIsNotThere(t *testing.T) {
	t.Parallel()
	server, err := names.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	authority, _, _ := strings.Cut(strings.TrimPrefix(server.Target("x", 1), "dns://"), "/")
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", authority)
	}}
	if found, err := resolver.LookupHost(t.Context(), "nobody.keda.svc."); err == nil || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("found %v, %v", found, err)
	}
	server.Set("somebody.keda.svc", netip.MustParseAddr("127.0.0.9"))
	if found, err := resolver.LookupHost(t.Context(), "somebody.keda.svc."); err != nil || !slices.Equal(found, []string{"127.0.0.9"}) {
		t.Errorf("found %v, %v", found, err)
	}
}

func serveHealth(t *testing.T, address string) (port uint16) {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return netip.MustParseAddrPort(listener.Addr().String()).Port()
}
