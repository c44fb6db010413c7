package main

import (
	"cmp"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/manifest"
	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/transcript"
)

// What KEDA asks is on the page, with the connection that it came by; and whoever looks does not keep the program from ending.
func TestThePageShowsWhatKEDAAsks(t *testing.T) {
	t.Parallel()
	address, topic := embeddedKafka(t)
	log := &transcript.Text{}
	settings := config.Config{
		RefreshInterval: 200 * time.Millisecond, MaxSnapshotAge: 10 * time.Second, IdleAfter: time.Minute, AllowedBrokers: []string{"*"},
		MaxTriggers: 10, MaxSessions: 2, MaxConnections: 100, PageListen: "127.0.0.1:0",
	}
	p, client := serveInProcess(t, log, settings)
	url := showPage(t, p, log, settings)
	stream, err := client(t).StreamIsActive(t.Context(), &pb.ScaledObjectRef{Namespace: "shop", Name: "orders", ScalerMetadata: map[string]string{
		"bootstrapServers": address, "consumerGroup": "nobody", "topic": topic,
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	for path, words := range map[string][]string{
		"/":                                   {">shop<", ">orders<", ">active<", ">" + address + "<", "answers"},
		"/trigger?namespace=shop&name=orders": {"orders/0", "<dd>1</dd>", "no committed offset", "<b>activate</b>"},
		"/api/explain?namespace=shop&name=orders": {`"name":"orders/0"`, `"rule":"activate"`},
		"/api/triggers":    {`"streams":1`, `"pushes":1`},
		"/api/connections": {`"source":"kafka"`, `"triggers":1`},
	} {
		page := read(t, url+path)
		for _, word := range words {
			if !strings.Contains(page, word) {
				t.Errorf("%s does not show %q: %s", path, word, page)
			}
		}
	}
}

// showPage shows the program's page until the test ends.
func showPage(t *testing.T, p *program, log *transcript.Text, settings config.Config) (url string) {
	t.Helper()
	ended := make(chan error, 1)
	show := p.listenStatus(t.Context(), settings)
	go func() { ended <- show(t.Context()) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + regexp.MustCompile(`status page" address=(\S+)`).FindStringSubmatch(log.String())[1]
}

func read(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// KEDA is answered without a page rather than not at all.
func TestAPageThatCannotBeShownIsNoReasonToStop(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	log := &transcript.Text{}
	p, _ := serveInProcess(t, log, config.Config{RefreshInterval: time.Second, MaxSnapshotAge: time.Second, MaxConnections: 10})
	show := p.listenStatus(t.Context(), config.Config{PageListen: taken.Addr().String(), MaxConnections: 10})
	if err := show(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "there is no status page") || !strings.Contains(log.String(), "address already in use") {
		t.Errorf("logged %s", log)
	}
	if show := p.listenStatus(t.Context(), config.Config{}); show(t.Context()) != nil || strings.Count(log.String(), "status page") != 1 {
		t.Errorf("a page that was turned off: %s", log)
	}
}

// Whatever has connections shows them on the page: each scaler whose triggers can name one.
func TestThePageShowsConnectionsOfEverySource(t *testing.T) {
	t.Parallel()
	sources := assumedSources()
	factories := sources.factories(slog.New(slog.DiscardHandler))
	workloads, err := manifest.Open([]string{"../../examples"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workloads {
		for _, trigger := range w.Triggers {
			if build := factories[cmp.Or(trigger.Metadata["scaler"], scalers.DefaultScaler)]; strings.HasPrefix(trigger.Type, "external") {
				build(scalers.Trigger{Metadata: trigger.Metadata})
			}
		}
	}
	shown := map[string]bool{}
	for _, pool := range sources.pools() {
		for _, session := range pool.Status() {
			shown[session.Source] = session.Doing != ""
		}
	}
	for scaler, table := range keyTables() {
		connects := slices.ContainsFunc(table, func(key scalers.Key) bool { return key.Name == "connection" })
		if shown[scaler] != connects {
			t.Errorf("connections of %s are shown: %t", scaler, shown[scaler])
		}
	}
}
