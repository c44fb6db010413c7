package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/lagwise/lagwise/internal/config"
	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/transcript"
)

// Somebody asks about a thousand new triggers a second, all different, each meant to cost something that stays: brokers that
// nobody has heard of, names that forge lines of the log or colour it, scalers and labels that do not exist, patterns that take
// long to read. What is alive stays within its limits, the log stays a log, and a trigger of somebody else keeps its answers.
func TestAThousandHostileTriggersASecond(t *testing.T) { // not parallel: it counts goroutines and threads
	const (
		maxTriggers, maxSessions, maxListed = 500, 6, 100
		attackers, each                     = 4, 1000
	)
	address, topic := embeddedKafka(t)
	log := &transcript.Text{}
	goroutines, threads := runtime.NumGoroutine(), threadsOf(t)
	settings := config.Config{
		RefreshInterval: 200 * time.Millisecond, MaxSnapshotAge: time.Minute, IdleAfter: 3 * time.Second, AllowedBrokers: []string{"*"},
		MaxTriggers: maxTriggers, MaxSessions: maxSessions, MetricsLag: "topic", MaxListed: maxListed, MaxConnections: 1000,
		PageListen: "127.0.0.1:0",
	}
	p, client := serveInProcess(t, log, settings)
	page := showPage(t, p, log, settings)
	good := &pb.ScaledObjectRef{Namespace: "shop", Name: "orders", ScalerMetadata: map[string]string{
		"bootstrapServers": address, "consumerGroup": "nobody", "topic": topic,
	}}
	awaitTrue(t, "the good trigger's answer", func() bool {
		answer, err := client(t).IsActive(t.Context(), good)
		return err == nil && answer.GetResult()
	})

	ctx, stop := context.WithCancel(t.Context())
	var beside, attacking sync.WaitGroup
	answered := 0
	asker := client(t)
	beside.Go(func() {
		for ctx.Err() == nil {
			answer, err := asker.IsActive(ctx, good)
			if ctx.Err() == nil && (err != nil || !answer.GetResult()) {
				t.Errorf("the good trigger is told %v, %v", answer, err)
			}
			answered++
			time.Sleep(10 * time.Millisecond)
		}
	})
	looks := 0
	beside.Go(func() {
		for ctx.Err() == nil {
			lookAt(ctx, t, page)
			looks++
			time.Sleep(100 * time.Millisecond)
		}
	})
	began := time.Now()
	for attacker := range attackers {
		asking := client(t)
		attacking.Go(func() {
			for i := range each {
				ref := hostile(attacker*each+i, address)
				_, _ = asking.GetMetricSpec(ctx, ref)
				if i%20 == 0 {
					limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
					_, _ = asking.IsActive(limited, ref)
					cancel()
				}
				time.Sleep(time.Until(began.Add(time.Duration(i) * attackers * time.Millisecond)))
				if i%100 == 0 {
					if alive, sessions := p.registry.Len(), len(p.pool.Status()); alive > maxTriggers || sessions > maxSessions {
						t.Errorf("%d triggers and %d sessions are alive", alive, sessions)
					}
				}
			}
		})
	}
	attacking.Wait()
	took := time.Since(began)
	if n := runtime.NumGoroutine() - goroutines; n > 500 {
		t.Errorf("%d goroutines", n)
	}
	// librdkafka keeps some threads for each of its clients, and a session has up to ten of these.
	if n := threadsOf(t) - threads; n > 40*maxSessions {
		t.Errorf("%d threads", n)
	}
	if n := seriesOf(t, p); n > 15*maxListed+100*maxSessions+500 {
		t.Errorf("%d series", n)
	}
	alive, sessions, series := p.registry.Len(), len(p.pool.Status()), seriesOf(t, p)
	running, started := runtime.NumGoroutine()-goroutines, threadsOf(t)-threads
	awaitTrue(t, "all to be forgotten but the good one", func() bool { return p.registry.Len() == 1 && len(p.pool.Status()) == 1 })
	stop()
	beside.Wait()
	t.Logf("%d hostile triggers in %v; %d triggers and %d sessions alive, %d goroutines, %d threads, %d series, %d bytes of log; %d answers and %d looks at the page meanwhile",
		attackers*each, took.Round(time.Millisecond), alive, sessions, running, started, series, len(log.String()), answered, looks)
	checkLog(t, log.String())
}

// lookAt holds the page to being one, whatever triggers are called.
func lookAt(ctx context.Context, t *testing.T, page string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, page, nil)
	if err != nil {
		t.Error(err)
		return
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(request)
	if err != nil {
		if ctx.Err() == nil {
			t.Errorf("the page does not answer: %v", err)
		}
		return
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	acts := func(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }
	if ctx.Err() == nil && (err != nil || answer.StatusCode != http.StatusOK || len(text) > 1<<20 || strings.ContainsFunc(string(text), acts)) {
		t.Errorf("the page answers %d with %d bytes: %v", answer.StatusCode, len(text), err)
	}
}

// hostile is the i-th of endless different triggers.
func hostile(i int, address string) *pb.ScaledObjectRef {
	ref := &pb.ScaledObjectRef{
		Namespace: "a\nlevel=ERROR msg=forged namespace=shop", Name: fmt.Sprintf("\x1b[31m\u202e\u009b%d", i),
		ScalerMetadata: map[string]string{"bootstrapServers": address, "consumerGroup": fmt.Sprintf("g\r\n%d", i), "topic": "orders"},
	}
	switch i % 5 {
	case 0:
		ref.ScalerMetadata["bootstrapServers"] = fmt.Sprintf("127.0.0.1:%d", 1+i%1000)
	case 1:
		ref.ScalerMetadata["scaler"] = fmt.Sprintf("scaler\n%d", i)
	case 2:
		delete(ref.GetScalerMetadata(), "topic")
		ref.ScalerMetadata["topicPattern"] = strings.Repeat("a{1000}", 290) + strconv.Itoa(i)
	case 3:
		for j := range 100 {
			ref.ScalerMetadata[strings.Repeat("\x1b[2J", 100)+strconv.Itoa(j)] = "x"
		}
	default:
		ref.ScalerMetadata["lagThreshold"] = strconv.Itoa(1 + i)
	}
	return ref
}

// checkLog: every line is one that lagwise meant to write, and none acts on a terminal.
func checkLog(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "time=") || strings.HasPrefix(line, "level=ERROR msg=forged") {
			t.Errorf("not a line of lagwise's: %.200q", line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
			t.Errorf("this acts on a terminal: %.200q", line)
		}
		if len(line) > 8<<10 {
			t.Errorf("a line of %d bytes: %.200q", len(line), line)
		}
	}
	if lines := strings.Count(text, "\n"); lines > 1000 {
		t.Errorf("%d lines", lines)
	}
}

// What a client chose cannot act on the terminal of whoever reads the log, in neither format.
func TestLogsActOnNoTerminal(t *testing.T) {
	t.Parallel()
	const evil = "\x1b[31m\u202e\u009b2J\n\xff\u2028end"
	for _, format := range []string{"text", "json"} {
		var written bytes.Buffer
		log, _ := newLog(&written, config.Config{LogFormat: format})
		log.Warn("refused", "name", evil, "keys", []string{evil}, "error", errors.New(evil))
		line := strings.TrimSuffix(written.String(), "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(line) {
			t.Errorf("%s: %q", format, line)
		}
		if strings.Count(line, "end") != 3 {
			t.Errorf("%s: something is missing in %q", format, line)
		}
		if format == "json" {
			var read struct{ Name string }
			if err := json.Unmarshal([]byte(line), &read); err != nil || !strings.Contains(read.Name, "\u202e\u009b2J\n") {
				t.Errorf("%q, %v is read from %s", read.Name, err, line)
			}
		}
	}
}

// embeddedKafka is librdkafka's own broker with one topic, in which no group has committed anything: so one record counts in each
// partition.
func embeddedKafka(t *testing.T) (address, topic string) {
	t.Helper()
	host, err := kafka.NewProducer(&kafka.ConfigMap{"test.mock.num.brokers": 1, "log_level": 0})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(host.Close)
	topic = "orders"
	delivered := make(chan kafka.Event, 1)
	if err := host.Produce(&kafka.Message{TopicPartition: kafka.TopicPartition{Topic: &topic, Partition: 0}}, delivered); err != nil {
		t.Fatal(err)
	}
	<-delivered
	metadata, err := host.GetMetadata(&topic, false, 5000)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort(metadata.Brokers[0].Host, strconv.Itoa(metadata.Brokers[0].Port)), topic
}

// serveInProcess runs the program until the test ends, and gives a way to make clients of it.
func serveInProcess(t *testing.T, log *transcript.Text, settings config.Config) (*program, func(*testing.T) pb.ExternalScalerClient) {
	t.Helper()
	p, address := serveInProcessAt(t, log, settings)
	return p, func(t *testing.T) pb.ExternalScalerClient {
		t.Helper()
		connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = connection.Close() })
		return pb.NewExternalScalerClient(connection)
	}
}

// serveInProcessAt is serveInProcess for clients that need the address.
func serveInProcessAt(t *testing.T, log *transcript.Text, settings config.Config) (p *program, address string) {
	t.Helper()
	p, err := assemble(settings, cluster.Options{Embedded: true}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- p.run(ctx, p.bounded(listener, settings)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return p, listener.Addr().String()
}

func seriesOf(t *testing.T, p *program) (series int) {
	t.Helper()
	families, err := p.shown.Gather()
	if err != nil {
		t.Error(err)
	}
	for _, family := range families {
		series += len(family.GetMetric())
	}
	return series
}

func threadsOf(t *testing.T) int {
	t.Helper()
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(threads)
}

func awaitTrue(t *testing.T, what string, there func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !there(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
