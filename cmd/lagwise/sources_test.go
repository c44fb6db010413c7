package main

import (
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

func TestRabbitMQIsAskedAsConfigured(t *testing.T) {
	t.Parallel()
	settings := config.Config{RefreshInterval: time.Second, MaxSnapshotAge: time.Minute, MaxSessions: 3, LooksPerSecond: 7}
	log := slog.New(slog.DiscardHandler)
	want := broker.Options{RefreshInterval: time.Second, MaxSnapshotAge: time.Minute, MaxSessions: 3, LooksPerSecond: 7, Log: log}
	if got := rabbitMQOptions(settings, log); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Metrics list a trigger by the connection that its session has.
func TestEveryTriggerSaysWhichConnectionItUses(t *testing.T) {
	t.Parallel()
	settings := config.Config{AllowedBrokers: []string{"*"}, Connections: map[string]config.Connection{
		"prod":   {Name: "prod", Kind: config.KindKafka, Kafka: cluster.Connection{Name: "prod", BootstrapServers: []string{"kafka:9092"}}},
		"rabbit": {Name: "rabbit", Kind: config.KindRabbitMQ, RabbitMQ: rabbitmq.Connection{Name: "rabbit", AMQP: "rabbit:5672"}},
		"nr":     {Name: "nr", Kind: config.KindNewRelic, NewRelic: nerdgraph.Connection{Name: "nr", Account: 1, HasAccount: true}},
	}}
	log := slog.New(slog.DiscardHandler)
	sources := openSources(settings, cluster.Options{}, log)
	registry := scalers.NewRegistry(sources.factories(log), scalers.RegistryOptions{Log: log})
	group := map[string]string{"consumerGroup": "g", "topic": "orders"}
	queue := map[string]string{"scaler": "rabbitmq", "queueName": "orders", "queueLength": "5"}
	query := map[string]string{"scaler": "new-relic", "nrql": "SELECT 1", "threshold": "5"}
	for want, metadata := range map[string][]map[string]string{
		"prod":        {group, {"connection": "prod"}},
		"b:2,kafka:1": {group, {"bootstrapServers": "kafka:1,b:2"}},
		"rabbit":      {queue, {"connection": "rabbit"}},
		"mq.svc":      {queue, {"host": "amqp://mq.svc:5672"}},
		"nr":          {query, {"connection": "nr"}},
		"":            {{"scaler": "cron", "timezone": "UTC", "start": "0 1 * * *", "end": "0 2 * * *", "desiredReplicas": "2"}},
	} {
		trigger := scalers.Trigger{Namespace: "shop", Name: "orders " + want, Metadata: map[string]string{}}
		for _, part := range metadata {
			maps.Copy(trigger.Metadata, part)
		}
		_, release, err := registry.Acquire(trigger)
		if err != nil {
			t.Fatal(err)
		}
		release()
		standings := registry.Named("shop", trigger.Name)
		if len(standings) != 1 || standings[0].Connection != want || standings[0].Trouble != "" {
			t.Errorf("%q: %+v", want, standings)
		}
	}
}
