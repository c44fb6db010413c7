// Command kedapeer runs KEDA's own kafka or rabbitmq scaler many times in one process, as KEDA's operator does, and nothing else of
// KEDA. It is what the benchmarks compare lagwise with.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/go-logr/logr"
	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	settings := settings{}
	flag.StringVar(&settings.bootstrap, "bootstrap", "", "Kafka's bootstrap address")
	flag.StringVar(&settings.rabbit, "rabbit", "", "RabbitMQ's URL, or its management API's, instead of Kafka")
	flag.IntVar(&settings.triggers, "triggers", 0, "number of scalers; trigger i is group g-i on topic t-(i mod topics), or queue q-i")
	flag.IntVar(&settings.topics, "topics", 1, "number of topics")
	flag.DurationVar(&settings.interval, "interval", 30*time.Second, "KEDA's pollingInterval")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, settings)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "kedapeer:", err)
		os.Exit(1)
	}
}

type settings struct {
	bootstrap        string
	rabbit           string
	triggers, topics int
	interval         time.Duration
}

// run opens the scalers, asks each once, says "ready", and then asks each once an interval, as KEDA's scale loops do.
func run(ctx context.Context, s settings) error {
	log.SetLogger(logr.Discard())
	scalers := make([]keda.Scaler, s.triggers)
	for i := range scalers {
		scaler, err := s.open(ctx, i)
		if err != nil {
			return fmt.Errorf("scaler %d: %w", i, err)
		}
		if err := ask(ctx, scaler); err != nil {
			return fmt.Errorf("scaler %d: %w", i, err)
		}
		scalers[i] = scaler
	}
	fmt.Println("ready")

	var loops sync.WaitGroup
	for i, scaler := range scalers {
		loops.Go(func() {
			// ScaledObjects that were made one after the other are asked one after the other.
			time.Sleep(s.interval * time.Duration(i) / time.Duration(s.triggers))
			for ticker := time.NewTicker(s.interval); ; {
				if err := ask(ctx, scaler); err != nil && ctx.Err() == nil {
					fmt.Fprintln(os.Stderr, "kedapeer:", err)
				}
				select {
				case <-ctx.Done():
					ticker.Stop()
					return
				case <-ticker.C:
				}
			}
		})
	}
	loops.Wait()
	<-ctx.Done()
	return nil
}

func ask(ctx context.Context, scaler keda.Scaler) error {
	for _, spec := range scaler.GetMetricSpecForScaling(ctx) {
		if _, _, err := scaler.GetMetricsAndActivity(ctx, spec.External.Metric.Name); err != nil {
			return fmt.Errorf("asking a scaler: %w", err)
		}
	}
	return nil
}

func (s settings) open(ctx context.Context, i int) (keda.Scaler, error) { //nolint:ireturn // as KEDA has it
	config := &scalersconfig.ScalerConfig{
		ScalableObjectName: fmt.Sprintf("worker-%d", i), ScalableObjectNamespace: "bench", ScalableObjectType: "ScaledObject",
		ResolvedEnv: map[string]string{}, AuthParams: map[string]string{}, TriggerIndex: 0,
		GlobalHTTPTimeout: 3 * time.Second, // KEDA's own
	}
	if s.rabbit != "" {
		config.AuthParams["host"] = s.rabbit
		config.TriggerMetadata = map[string]string{"queueName": fmt.Sprintf("q-%04d", i), "mode": "QueueLength", "value": "10"}
		return keda.NewRabbitMQScaler(config) //nolint:wrapcheck // the caller says it
	}
	config.TriggerMetadata = map[string]string{
		"bootstrapServers": s.bootstrap, "consumerGroup": fmt.Sprintf("g-%05d", i),
		"topic": fmt.Sprintf("t-%04d", i%s.topics), "lagThreshold": "10",
	}
	return keda.NewKafkaScaler(ctx, config) //nolint:wrapcheck // the caller says it
}
