package parity_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
	amqp "github.com/rabbitmq/amqp091-go"
	v2 "k8s.io/api/autoscaling/v2"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/test/realrabbit"
)

const (
	rabbitQueues = 60
	rabbitCases  = 300
	// rabbitAttempts is how often a case is tried whose rates change while it is looked at.
	rabbitAttempts = 20
)

// Both are asked about random triggers on a broker's queues: with messages that wait, that are unacknowledged, and that come and go.
func TestRabbitMQAgreesWithKEDA(t *testing.T) {
	t.Parallel()
	rabbit, err := realrabbit.Start(t.Context(), realrabbit.Options{Settings: []string{"collect_statistics_interval = 1000"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rabbit.Stop(); err != nil {
			t.Error(err)
		}
	})
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	queues := fillQueues(t, rabbit, random)

	active, errors, above := 0, 0, 0
	for range rabbitCases {
		metadata := randomRabbit(random, queues)
		want, got := rabbitBoth(t, rabbit, metadata)
		if !want.agrees(got) {
			t.Errorf("seed %d: %v:\nKEDA    %+v\nlagwise %+v", seed, metadata, want, got)
		}
		if want.err != nil {
			errors++
		}
		if want.active {
			active++
		}
		if want.value > 0 {
			above++
		}
	}
	t.Logf("%d cases: %d active, %d above 0, %d errors", rabbitCases, active, above, errors)
	if active < rabbitCases/10 || above < rabbitCases/10 || errors < rabbitCases/50 || errors > rabbitCases/2 {
		t.Error("the cases are too much alike")
	}
}

// fillQueues makes queues with random states, on some of which messages come and go until the test ends.
func fillQueues(t *testing.T, rabbit *realrabbit.Broker, random *rand.Rand) []string {
	t.Helper()
	connection, err := amqp.Dial(rabbit.URL("/"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	if err != nil {
		t.Fatal(err)
	}
	var names, moving []string
	for i := range rabbitQueues {
		name := fmt.Sprintf("%s-%d", []string{"orders", "grading.omr-request", "eu/pay:ments", "100%(beta)"}[random.IntN(4)], i)
		if _, err := channel.QueueDeclare(name, true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		ready := []int{0, 1, random.IntN(100)}[random.IntN(3)]
		for range ready {
			if err := channel.PublishWithContext(t.Context(), "", name, false, false, amqp.Publishing{Body: []byte("message")}); err != nil {
				t.Fatal(err)
			}
		}
		for range min(ready, []int{0, 0, random.IntN(10)}[random.IntN(3)]) {
			if _, _, err := channel.Get(name, false); err != nil {
				t.Fatal(err)
			}
		}
		if random.IntN(3) == 0 {
			moving = append(moving, name)
		}
	}
	move(t, connection, moving)
	for tick := time.NewTicker(100 * time.Millisecond); !knowsAll(t, rabbit, len(names), len(moving) > 0); {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the broker's statistics never know of all queues")
		}
	}
	return names
}

// knowsAll says whether the management API has figures of all queues, and rates of those that move. Without figures a queue is empty to
// KEDA, and unknown to lagwise.
func knowsAll(t *testing.T, rabbit *realrabbit.Broker, queues int, moving bool) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, rabbit.ManagementURL()+"/api/queues", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var seen []struct {
		Messages *int64 `json:"messages"`
		Stats    struct {
			Publish struct {
				Rate float64 `json:"rate"`
			} `json:"publish_details"`
		} `json:"message_stats"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&seen); err != nil {
		t.Fatal(err)
	}
	known, rates := 0, !moving
	for _, queue := range seen {
		if queue.Messages != nil {
			known++
		}
		rates = rates || queue.Stats.Publish.Rate > 0
	}
	return known == queues && rates
}

// move publishes to some queues, and takes as much or nothing from them, until the test ends. What waits does not change where both
// happen.
func move(t *testing.T, connection *amqp.Connection, queues []string) {
	t.Helper()
	channel, err := connection.Channel()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	t.Cleanup(func() { stop(); <-ended })
	go func() {
		defer close(ended)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			for i, queue := range queues {
				_, found, err := channel.Get(queue, true)
				if err == nil && (found || i%2 == 0) {
					err = channel.PublishWithContext(ctx, "", queue, false, false, amqp.Publishing{Body: []byte("message")})
				}
				if err != nil {
					return
				}
			}
		}
	}()
}

// rabbitAnswer is what either says of a trigger.
type rabbitAnswer struct {
	name          string
	target, value float64
	active        bool
	err           error
}

// agrees: that both fail is enough. A value of less than zero, which KEDA can have, is zero in lagwise.
func (a rabbitAnswer) agrees(other rabbitAnswer) bool {
	if a.err != nil || other.err != nil {
		return a.err != nil && other.err != nil
	}
	const thousandth = 0.001001
	return a.name == other.name && a.active == other.active && math.Abs(a.target-other.target) < thousandth &&
		math.Abs(max(0, a.value)-other.value) < thousandth
}

// rabbitBoth asks KEDA before and after lagwise, until both of its answers are the same: rates change.
func rabbitBoth(t *testing.T, rabbit *realrabbit.Broker, metadata map[string]string) (fromKEDA, fromLagwise rabbitAnswer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := rabbit.URL("/")
	if metadata["protocol"] == "http" {
		url = rabbit.ManagementURL()
	}
	for range rabbitAttempts {
		before := rabbitOfKEDA(ctx, metadata, url, nil)
		fromLagwise = rabbitOfLagwise(ctx, metadata, url)
		fromKEDA = rabbitOfKEDA(ctx, metadata, url, nil)
		if before.agrees(rabbitAnswer{fromKEDA.name, fromKEDA.target, max(0, fromKEDA.value), fromKEDA.active, fromKEDA.err}) && fromKEDA.agrees(fromLagwise) {
			break
		}
	}
	return fromKEDA, fromLagwise
}

// rabbitOfKEDA asks KEDA's scaler, with what a TriggerAuthentication holds.
func rabbitOfKEDA(ctx context.Context, metadata map[string]string, url string, authentication map[string]string) (answer rabbitAnswer) {
	metadata = maps.Clone(metadata)
	metadata["hostFromEnv"] = "RABBITMQ_URL"
	scaler, err := keda.NewRabbitMQScaler(&scalersconfig.ScalerConfig{
		TriggerMetadata: metadata, AuthParams: authentication, ResolvedEnv: map[string]string{"RABBITMQ_URL": url},
		GlobalHTTPTimeout: 3 * time.Second, MetricType: v2.AverageValueMetricType,
	})
	if err != nil {
		return rabbitAnswer{err: err}
	}
	defer func() { _ = scaler.Close(ctx) }()
	spec := scaler.GetMetricSpecForScaling(ctx)[0].External
	answer.name, answer.target = spec.Metric.Name, spec.Target.AverageValue.AsApproximateFloat64()
	values, active, err := scaler.GetMetricsAndActivity(ctx, answer.name)
	if err != nil {
		return rabbitAnswer{err: err}
	}
	answer.value, answer.active = values[0].Value.AsApproximateFloat64(), active
	return answer
}

func rabbitOfLagwise(ctx context.Context, metadata map[string]string, url string) (answer rabbitAnswer) {
	metadata = maps.Clone(metadata)
	metadata["hostFromEnv"] = url
	return rabbitBy(ctx, metadata, rabbitmq.NewConnections(nil, true, "*"))
}

// rabbitBy asks lagwise's scaler, which knows these connections.
func rabbitBy(ctx context.Context, metadata map[string]string, connections *rabbitmq.Connections) (answer rabbitAnswer) {
	pool := broker.NewPool(broker.Options{})
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = pool.Run(running) // it returns what ended its sessions, and nothing did
	}()
	defer func() { stop(); <-ended }()
	subscribe := func(name, namespace string, endpoint broker.Endpoint, want broker.Want) (rabbitmq.Subscription, error) {
		return pool.Subscribe(name, namespace, endpoint, want)
	}
	scaler := rabbitmq.New(subscribe, connections, slog.New(slog.DiscardHandler))(scalers.Trigger{Metadata: metadata})
	evaluation, err := scaler.Evaluate(ctx)
	if err != nil {
		return rabbitAnswer{err: err}
	}
	return rabbitAnswer{"s0-" + scaler.Metric().Name, scaler.Metric().Target, evaluation.Value, evaluation.Active, nil}
}

// randomRabbit is mostly a trigger that KEDA takes.
func randomRabbit(random *rand.Rand, queues []string) map[string]string {
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	metadata := map[string]string{"queueName": queues[random.IntN(len(queues))], "protocol": pick("amqp", "http", "http")}
	maybe := func(odds int, key string, values ...string) {
		if random.IntN(odds) == 0 {
			metadata[key] = pick(values...)
		}
	}
	byHTTP := metadata["protocol"] == "http"
	switch mode := pick("QueueLength", "MessageRate", "DeliverGetRate", "PublishedToDeliveredRatio", "ExpectedQueueConsumptionTime", "", "old"); {
	case mode == "":
	case mode == "old":
		metadata["queueLength"] = pick("1", "20", "2.5")
	case byHTTP || mode == "QueueLength" || random.IntN(10) == 0:
		metadata["mode"], metadata["value"] = mode, pick("1", "20", "0.5", "40", "1e2")
	}
	maybe(3, "activationValue", "0", "1", "5", "0.25", "50", "-1")
	maybe(4, "vhostName", "/")
	maybe(40, "vhostName", "none")
	maybe(40, "queueName", "nowhere")
	maybe(40, "value", "0", "many")
	maybe(40, "mode", "Length")
	maybe(60, "useRegex", "true")
	maybe(60, "excludeUnacknowledged", "true")
	maybe(40, "timeout", "3s", "2000")
	if !byHTTP {
		return metadata
	}
	maybe(3, "excludeUnacknowledged", "true", "1", "false")
	if random.IntN(3) == 0 {
		metadata["useRegex"], metadata["queueName"] = "true", pick("^orders", ".*", "^eu/", "[13579]$", "nothing", "grading.omr")
		maybe(2, "operation", "sum", "avg", "max")
		maybe(4, "pageSize", "5", "100", "500")
	}
	return metadata
}
