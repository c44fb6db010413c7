//go:build kafka

package kafka_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/realkafka"
)

// The whole way once: the program with its configuration file, asked over gRPC as KEDA asks it.
func TestServe(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 2), fresh(t)
	kafka.produce(t, topic, 0, 30)
	kafka.commit(t, group, topic, 0, 10)
	kafka.commit(t, group, topic, 1, 0)

	folder := t.TempDir()
	password := filepath.Join(folder, "password")
	must(t, os.WriteFile(password, []byte(realkafka.Password(realkafka.Admin)+"\n"), 0o600))
	served := serve(t, fmt.Sprintf(`
listen: 127.0.0.1:0
refreshInterval: 200ms
logFormat: json
connections:
  - name: payments
    bootstrapServers: [%q]
    tls: {caFile: %q}
    sasl: {mechanism: SCRAM-SHA-512, username: %s, passwordFile: %q}
`, shared.SASLSSLAddress(), shared.CAFile(), realkafka.Admin, password))

	ref := &pb.ScaledObjectRef{Namespace: "shop", Name: "worker", ScalerMetadata: map[string]string{
		"connection": "payments", "consumerGroup": group, "topic": topic, "lagThreshold": "50",
	}}
	spec, err := served.GetMetricSpec(t.Context(), ref)
	must(t, err)
	if got := spec.GetMetricSpecs()[0]; got.GetMetricName() != "kafka-"+topic || got.GetTargetSizeFloat() != 50 {
		t.Errorf("the metric is %v", got)
	}
	eventually(t, patience, func() error { return served.tells(t, ref, 20, true) })

	stream, err := served.StreamIsActive(t.Context(), ref)
	must(t, err)
	pushed, err := stream.Recv()
	must(t, err)
	if !pushed.GetResult() {
		t.Error("the stream of an active trigger begins with inactive")
	}

	kafka.consume(t, group, topic, 20)
	eventually(t, patience, func() error { return served.tells(t, ref, 0, false) })
	kafka.produce(t, topic, 1, 7)
	if pushed, err = stream.Recv(); err != nil || !pushed.GetResult() {
		t.Errorf("the stream says %v, %v after a record", pushed, err)
	}
	eventually(t, patience, func() error { return served.tells(t, ref, 7, true) })

	metrics := served.page(t, "/metrics", http.StatusOK)
	for _, sample := range []string{
		"lagwise_ready 1",
		fmt.Sprintf("lagwise_kafka_consumer_group_topic_lag{connection=%q,group_id=%q,topic_name=%q} 7", "payments", group, topic),
		`lagwise_session_up{connection="payments",source="kafka"} 1`,
		fmt.Sprintf(`lagwise_trigger_value{connection="payments",metric="kafka-%s",name="worker",namespace="shop",scaler="kafka",trigger="1"} 7`, topic),
		`lagwise_streams{grpc_method="StreamIsActive"} 1`,
	} {
		if !strings.Contains(metrics, sample+"\n") {
			t.Errorf("not among the metrics: %s", sample)
		}
	}
	// Two were received; an active trigger's is said again every five seconds.
	if pushes := regexp.MustCompile(`(?m)^lagwise_pushes_total ([2-9]|\d\d+)$`); !pushes.MatchString(metrics) {
		t.Errorf("want two pushes or more among the metrics:\n%s", metrics)
	}
	logged := served.stop(t)
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v, want EOF", err)
	}
	if strings.Contains(logged, realkafka.Password(realkafka.Admin)) {
		t.Errorf("the password was logged:\n%s", logged)
	}
}

// Here refreshes are far apart, so the record itself is what wakes the trigger. No push takes longer than the test has waited.
func TestServeMeasuresHowLongAPushTakes(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, shared)
	topic, group := kafka.topic(t, 1), fresh(t)
	kafka.commit(t, group, topic, 0, 0)
	served := serve(t, "{listen: '127.0.0.1:0', refreshInterval: 1h, logFormat: json}")
	stream, err := served.StreamIsActive(t.Context(), &pb.ScaledObjectRef{Namespace: "shop", Name: "worker", ScalerMetadata: map[string]string{
		"bootstrapServers": shared.Address(), "consumerGroup": group, "topic": topic,
	}})
	must(t, err)
	eventually(t, patience, func() error {
		if metrics := served.page(t, "/metrics", http.StatusOK); !strings.Contains(metrics, fmt.Sprintf("lagwise_session_waits{connection=%q,source=\"kafka\",what=\"partitions\"} 1\n", shared.Address())) {
			return errors.New("nobody watches the partition")
		}
		return nil
	})
	produced := time.Now()
	kafka.produce(t, topic, 0, 1)
	if pushed, err := stream.Recv(); err != nil || !pushed.GetResult() {
		t.Fatalf("the stream says %v, %v after a record", pushed, err)
	}
	waited := time.Since(produced).Seconds()
	eventually(t, patience, func() error {
		metrics := served.page(t, "/metrics", http.StatusOK)
		sum := regexp.MustCompile(`\nlagwise_push_seconds_sum (\S+)\n`).FindStringSubmatch(metrics)
		if sum == nil || !strings.Contains(metrics, "\nlagwise_push_seconds_count 1\n") {
			return errors.New("the push was not measured")
		}
		if measured, err := strconv.ParseFloat(sum[1], 64); err != nil || measured <= 0 || measured > waited {
			return fmt.Errorf("the push is said to have taken %s s of %.3f s, %w", sum[1], waited, err)
		}
		return nil
	})
}

// An absent topic stays absent, whichever way KEDA asks about it.
func TestServeCreatesNoTopic(t *testing.T) {
	t.Parallel()
	kafka := operatorOf(t, tidy)
	topic, absent, group := kafka.topic(t, 1), fresh(t), fresh(t)
	served := serve(t, "{listen: '127.0.0.1:0', refreshInterval: 200ms, logFormat: json}")
	refTo := func(topic string) *pb.ScaledObjectRef {
		return &pb.ScaledObjectRef{Namespace: "shop", Name: "worker", ScalerMetadata: map[string]string{
			"bootstrapServers": tidy.Address(), "consumerGroup": group, "topic": topic,
		}}
	}
	_, err := served.GetMetricSpec(t.Context(), refTo(absent))
	must(t, err)
	_, err = served.StreamIsActive(t.Context(), refTo(absent))
	must(t, err)
	eventually(t, patience, func() error {
		_, err := served.IsActive(t.Context(), refTo(absent))
		if status.Code(err) != codes.NotFound || !strings.Contains(err.Error(), absent) {
			return fmt.Errorf("want NotFound with %s, got %w", absent, err)
		}
		return nil
	})
	if _, err := served.GetMetrics(t.Context(), &pb.GetMetricsRequest{ScaledObjectRef: refTo(absent)}); status.Code(err) != codes.NotFound {
		t.Errorf("want NotFound, got %v", err)
	}

	// A change that is seen tells that refreshes came and went since.
	for records := range 5 {
		kafka.commit(t, group, topic, 0, 0)
		eventually(t, patience, func() error { return served.tells(t, refTo(topic), float64(records), records > 0) })
		kafka.produce(t, topic, 0, 1)
	}
	if kafka.topics(t)[absent] {
		t.Errorf("topic %s was created", absent)
	}
}

// serving is `lagwise serve` and a client connected to it.
type serving struct {
	pb.ExternalScalerClient
	process *exec.Cmd
	logged  *bytesRead
	path    string // of the configuration
	http    string // where its metrics are
	health  string // where it answers probes
	status  string // where its status page is
}

// serve builds and starts lagwise with the configuration and returns once it listens.
func serve(t *testing.T, configuration string) *serving {
	t.Helper()
	folder := t.TempDir()
	path := filepath.Join(folder, "lagwise.yaml")
	must(t, os.WriteFile(path, []byte(configuration), 0o600))

	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(stop)
	process := exec.CommandContext(ctx, program(t), "serve", "--config", path, "--http.listen=127.0.0.1:0", "--health.listen=127.0.0.1:0", "--page.listen=127.0.0.1:0")
	stderr, err := process.StderrPipe()
	must(t, err)
	must(t, process.Start())
	s := &serving{process: process, path: path, logged: &bytesRead{ended: make(chan struct{})}}
	address, metrics, health, page := make(chan string, 1), make(chan string, 1), make(chan string, 1), make(chan string, 1)
	go s.logged.read(stderr, map[string]chan<- string{"lagwise answers KEDA": address, "metrics": metrics, "health": health, "status page": page})
	t.Cleanup(func() {
		stop()
		<-s.logged.ended
		_ = process.Wait()
		if t.Failed() {
			t.Log(s.logged.text())
		}
	})

	connection, err := grpc.NewClient(s.told(t, address), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	t.Cleanup(func() { _ = connection.Close() })
	s.ExternalScalerClient = pb.NewExternalScalerClient(connection)
	s.http = "http://" + s.told(t, metrics)
	s.health = "http://" + s.told(t, health)
	s.status = "http://" + s.told(t, page)
	return s
}

// told waits for an address.
func (s *serving) told(t *testing.T, address <-chan string) string {
	t.Helper()
	select {
	case listening := <-address:
		return listening
	case <-s.logged.ended:
		t.Fatal("lagwise ended before it listened")
	case <-time.After(patience):
		t.Fatal("lagwise does not listen")
	}
	panic("unreachable")
}

// tells says how the answers of GetMetrics and IsActive differ from what is wanted.
func (s *serving) tells(t *testing.T, ref *pb.ScaledObjectRef, value float64, active bool) error {
	t.Helper()
	metrics, err := s.GetMetrics(t.Context(), &pb.GetMetricsRequest{ScaledObjectRef: ref})
	if err != nil {
		return err
	}
	activity, err := s.IsActive(t.Context(), ref)
	if err != nil {
		return err
	}
	got := metrics.GetMetricValues()[0]
	if got.GetMetricValueFloat() != value || got.GetMetricValue() != int64(value) || activity.GetResult() != active {
		return fmt.Errorf("want %v, active %v, got %v, active %v", value, active, got, activity.GetResult())
	}
	return nil
}

// page is what lagwise answers over HTTP.
func (s *serving) page(t *testing.T, path string, code int) string {
	t.Helper()
	return get(t, s.http+path, code)
}

func get(t *testing.T, url string, code int) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != code {
		t.Errorf("%s answers %d, want %d: %s", url, answer.StatusCode, code, text)
	}
	return string(text)
}

// firstEvent is what a browser hears first that follows a page.
func (s *serving) firstEvent(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.status+path, nil)
	must(t, err)
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	event, err := bufio.NewReader(answer.Body).ReadString('\n')
	must(t, err)
	return event
}

// says waits until the log has a line with the words.
func (s *serving) says(t *testing.T, words ...string) {
	t.Helper()
	eventually(t, patience, func() error {
		for line := range strings.Lines(s.logged.text()) {
			if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line, word) }) {
				return nil
			}
		}
		return fmt.Errorf("nobody logged %q", words)
	})
}

// stop ends lagwise as Kubernetes does, expects a clean end, and returns what was logged.
func (s *serving) stop(t *testing.T) (logged string) {
	t.Helper()
	must(t, s.process.Process.Signal(syscall.SIGTERM))
	<-s.logged.ended
	if err := s.process.Wait(); err != nil {
		t.Errorf("lagwise ended with %v", err)
	}
	return s.logged.text()
}

// bytesRead is what a process wrote so far.
type bytesRead struct {
	ended chan struct{}
	mu    sync.Mutex
	lines []string
}

// read sends the addresses of the lines that are waited for.
func (b *bytesRead) read(from io.Reader, waiting map[string]chan<- string) {
	defer close(b.ended)
	for scanner := bufio.NewScanner(from); scanner.Scan(); {
		b.mu.Lock()
		b.lines = append(b.lines, scanner.Text())
		b.mu.Unlock()
		var line struct{ Msg, Address string }
		if json.Unmarshal(scanner.Bytes(), &line) == nil && waiting[line.Msg] != nil {
			waiting[line.Msg] <- line.Address
		}
	}
}

func (b *bytesRead) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "\n")
}

// program builds lagwise.
func program(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lagwise")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "github.com/lagwise/lagwise/cmd/lagwise")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building lagwise: %v\n%s", err, output)
	}
	return path
}
