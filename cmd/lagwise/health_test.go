package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/transcript"
)

// Clients at four addresses hold as many connections as they can on every port: silent ones, ones that stopped in the middle of a header,
// and ones that keep what they asked by open. They come again all the time. The kubelet at a fifth address has every probe answered, by
// HTTP and by gRPC, each within
// the second that Kubernetes gives it.
func TestProbesAreAnsweredWhateverOthersHold(t *testing.T) { // not parallel: it opens thousands of connections
	const each, probes, within = 250, 30, time.Second
	log := &transcript.Text{}
	settings := config.Config{
		RefreshInterval: time.Second, MaxSnapshotAge: time.Minute, IdleAfter: time.Minute, AllowedBrokers: []string{scalers.InCluster},
		MaxTriggers: 10, MaxSessions: 10, MaxConnections: 4 * each,
		PageListen: "127.0.0.1:0", HTTPListen: "127.0.0.1:0", HealthListen: "127.0.0.1:0",
	}
	ports := servePorts(t, log, settings)
	for _, address := range ports {
		for _, from := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"} {
			for i := range each {
				hold(t.Context(), t, from, address, i)
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var again sync.WaitGroup
	defer again.Wait()
	defer stop()
	for _, address := range ports {
		again.Go(func() {
			pace := time.NewTicker(2 * time.Millisecond)
			defer pace.Stop()
			for i := 0; ; i++ {
				select {
				case <-ctx.Done():
					return
				case <-pace.C:
					hold(ctx, t, fmt.Sprintf("127.0.0.%d", 2+i%4), address, i/4)
				}
			}
		})
	}
	for _, path := range []string{"/livez", "/readyz"} {
		for i := range probes {
			limited, cancel := context.WithTimeout(ctx, within)
			if err := probe(limited, "http://"+ports["health"]+path); err != nil {
				t.Errorf("%s, probe %d: %v", path, i, err)
			}
			cancel()
		}
	}
	for i := range probes {
		limited, cancel := context.WithTimeout(ctx, within)
		if err := probeByGRPC(limited, ports["grpc"]); err != nil {
			t.Errorf("gRPC, probe %d: %v", i, err)
		}
		cancel()
	}
	for i := range probes {
		limited, cancel := context.WithTimeout(ctx, 2*within)
		if err := probe(limited, "http://"+ports["metrics"]+"/metrics"); err != nil {
			t.Errorf("scrape %d: %v", i, err)
		}
		cancel()
	}
}

// servePorts runs the program with every port that it has until the test ends.
func servePorts(t *testing.T, log *transcript.Text, settings config.Config) map[string]string {
	t.Helper()
	p, grpcAddress := serveInProcessAt(t, log, settings)
	answerProbes, probesErr := p.listenHealth(t.Context(), settings)
	answerScrapes, scrapesErr := p.listenHTTP(t.Context(), settings)
	if err := errors.Join(probesErr, scrapesErr); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error)
	runs := []func(context.Context) error{answerProbes, answerScrapes, p.listenStatus(t.Context(), settings)}
	for _, run := range runs {
		go func() { ended <- run(ctx) }()
	}
	t.Cleanup(func() {
		stop()
		for range runs {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	ports := map[string]string{"grpc": grpcAddress}
	for name, message := range map[string]string{"health": "health", "metrics": "metrics", "page": "status page"} {
		ports[name] = regexp.MustCompile(`msg="?` + message + `"? address=(\S+)`).FindStringSubmatch(log.String())[1]
	}
	return ports
}

// hold opens a connection that is of no use until the test ends. The server may close it.
func hold(ctx context.Context, t *testing.T, from, address string, i int) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() == nil {
			t.Error(err)
		}
		return
	}
	t.Cleanup(func() { _ = connection.Close() })
	text := []string{
		"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
		"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", // HTTP/2's preface and empty settings
		"",
	}[i%4]
	_, _ = io.WriteString(connection, text)
}

// probe asks as the kubelet does: by a connection of its own, from an address of its own.
func probe(ctx context.Context, url string) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.6")}}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialer.DialContext}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return errors.Join(err, answer.Body.Close())
}

func probeByGRPC(ctx context.Context, address string) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.6")}}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return dialer.DialContext(ctx, "tcp", address)
		}))
	if err != nil {
		return err
	}
	answer, err := healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true))
	if err == nil && answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		err = fmt.Errorf("status %s", answer.GetStatus())
	}
	return errors.Join(err, connection.Close())
}

func TestOpenPortsAreLogged(t *testing.T) {
	t.Parallel()
	knows := &config.TLS{ClientCA: "authority", ClientNames: []string{"keda"}}
	for name, test := range map[string]struct {
		settings config.Config
		want     string // empty for no line
	}{
		"by default":                   {config.Config{Listen: "127.0.0.1:6000", PageListen: "127.0.0.1:8081"}, ""},
		"on loopback":                  {config.Config{Listen: "[::1]:6000", PageListen: "localhost:8081"}, ""},
		"in clear":                     {config.Config{Listen: ":6000"}, " listen=:6000"},
		"on an address":                {config.Config{Listen: "10.0.0.1:6000"}, " listen=10.0.0.1:6000"},
		"by TLS for everybody":         {config.Config{Listen: ":6000", TLS: &config.TLS{}}, " listen=:6000"},
		"by mutual TLS":                {config.Config{Listen: ":6000", TLS: knows}, ""},
		"by mutual TLS, with the page": {config.Config{Listen: ":6000", TLS: knows, PageListen: "0.0.0.0:8081"}, " page.listen=0.0.0.0:8081"},
	} {
		var log bytes.Buffer
		warnOfOpenPorts(t.Context(), test.settings, slog.New(slog.NewTextHandler(&log, nil)))
		if got := log.String(); strings.Count(got, "\n") > 1 || (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
