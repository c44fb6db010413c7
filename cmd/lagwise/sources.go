package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/lagwise/lagwise/internal/authentication"
	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/internal/kubernetes"
	"github.com/lagwise/lagwise/internal/telemetry"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// sources are what triggers are answered from: for each kind of connection what keeps its sessions, and who may use which.
type sources struct {
	pool        *cluster.Pool
	connections *kafka.Connections

	newRelic            *nerdgraph.Pool
	newRelicConnections *newrelic.Connections

	rabbitMQ            *broker.Pool
	rabbitMQConnections *rabbitmq.Connections

	// authentications is nil where no trigger may log in by a TriggerAuthentication.
	authentications *authentication.Ring
}

func openSources(settings config.Config, options cluster.Options, log *slog.Logger) sources {
	options.RefreshInterval, options.MaxSnapshotAge = settings.RefreshInterval, settings.MaxSnapshotAge
	options.MaxSessions = limitsOf(settings).Sessions
	return sources{
		pool:        cluster.NewPool(options),
		connections: kafka.NewConnections(kafkaGrants(settings), settings.AllowedBrokers...),

		newRelic:            nerdgraph.NewPool(nerdgraph.Options{MaxSnapshotAge: settings.MaxSnapshotAge, Log: log}),
		newRelicConnections: scalers.NewConnections(newRelicGrants(settings)),

		rabbitMQ:            broker.NewPool(rabbitMQOptions(settings, log)),
		rabbitMQConnections: rabbitmq.NewConnections(rabbitMQGrants(settings), settings.TakesSecrets(), settings.AllowedBrokers...),
	}
}

func rabbitMQOptions(settings config.Config, log *slog.Logger) broker.Options {
	return broker.Options{
		RefreshInterval: settings.RefreshInterval, MaxSnapshotAge: settings.MaxSnapshotAge, MaxSessions: limitsOf(settings).Sessions,
		LooksPerSecond: settings.LooksPerSecond, Log: log,
	}
}

// assumedSources are for reading triggers where no configuration is at hand. Nothing is ever asked.
func assumedSources() sources {
	return sources{
		pool: cluster.NewPool(cluster.Options{}), connections: kafka.AssumedConnections(),
		newRelic: nerdgraph.NewPool(nerdgraph.Options{}), newRelicConnections: scalers.AssumedConnections[nerdgraph.Connection](),
		rabbitMQ: broker.NewPool(broker.Options{}), rabbitMQConnections: rabbitmq.AssumedConnections(),
	}
}

// factories is every scaler that a trigger can name with its "scaler" key.
func (s sources) factories(log *slog.Logger) map[string]scalers.Factory {
	return map[string]scalers.Factory{
		"cron":      cron.New(log),
		"kafka":     s.authenticated(kafka.New(s.observe, s.connections, log)),
		"new-relic": s.authenticated(newrelic.New(s.ask, s.newRelicConnections, log)),
		"rabbitmq":  s.authenticated(rabbitmq.New(s.listen, s.rabbitMQConnections, log)),
	}
}

// authenticated has triggers wait for the TriggerAuthentication that they name, where that is read.
func (s sources) authenticated(factory scalers.Factory) scalers.Factory {
	if s.authentications == nil {
		return factory
	}
	return scalers.Authenticated(factory, s.authentications.Follow)
}

// openAuthentications is nil where the configuration does not ask for them.
func openAuthentications(settings config.Config, log *slog.Logger) (*authentication.Ring, error) {
	if !settings.TriggerAuthentications {
		return nil, nil //nolint:nilnil // nothing is to be read, and nothing is wrong
	}
	objects, err := kubernetes.InPod(os.Getenv, settings.ServiceAccountFolder)
	if err != nil {
		return nil, fmt.Errorf("triggerAuthentications: %w", err)
	}
	reader := authentication.Reader{Objects: objects, ClusterNamespace: settings.ClusterObjectNamespace}
	return authentication.NewRing(reader, authentication.Every, log), nil
}

func (s sources) observe(connection cluster.Connection, want cluster.Want) (kafka.Subscription, error) { //nolint:ireturn // a kafka.Subscribe
	return s.pool.Subscribe(connection, want)
}

func (s sources) ask(connection nerdgraph.Connection, want nerdgraph.Want) newrelic.Subscription { //nolint:ireturn // a newrelic.Subscribe
	return s.newRelic.Subscribe(connection, want)
}

func (s sources) listen(name, namespace string, endpoint broker.Endpoint, want broker.Want) (rabbitmq.Subscription, error) { //nolint:ireturn // a rabbitmq.Subscribe
	return s.rabbitMQ.Subscribe(name, namespace, endpoint, want)
}

// runs are all that has to go on for answers to come.
func (s sources) runs() []func(context.Context) error {
	runs := []func(context.Context) error{s.pool.Run, s.newRelic.Run, s.rabbitMQ.Run}
	if s.authentications != nil {
		runs = append(runs, s.authentications.Run)
	}
	return runs
}

// pools are those of every source that has sessions, for whoever watches them.
func (s sources) pools() []telemetry.Sessions {
	return []telemetry.Sessions{s.pool, s.newRelic, s.rabbitMQ}
}

// apply has sessions go on with new credentials, and grants what is configured now.
func (s sources) apply(settings config.Config, change config.Change) {
	sessions := limitsOf(settings).Sessions
	s.pool.SetMaxSessions(sessions)
	s.rabbitMQ.SetMaxSessions(sessions)
	for _, name := range slices.Concat(change.Rotated, change.Altered) { // before triggers can ask for it
		switch connection := settings.Connections[name]; connection.Kind {
		case config.KindKafka:
			s.pool.Renew(connection.Kafka)
		case config.KindNewRelic:
			s.newRelic.Renew(connection.NewRelic)
		case config.KindRabbitMQ:
			s.rabbitMQ.Renew(connection.RabbitMQ.Endpoints()...)
		}
	}
	s.connections.Replace(kafkaGrants(settings), settings.AllowedBrokers...)
	s.newRelicConnections.Replace(newRelicGrants(settings))
	s.rabbitMQConnections.Replace(rabbitMQGrants(settings), settings.AllowedBrokers...)
}

func kafkaGrants(settings config.Config) map[string]kafka.Grant {
	return grants(settings, config.KindKafka, func(connection config.Connection) cluster.Connection { return connection.Kafka })
}

func newRelicGrants(settings config.Config) map[string]scalers.Grant[nerdgraph.Connection] {
	return grants(settings, config.KindNewRelic, func(connection config.Connection) nerdgraph.Connection { return connection.NewRelic })
}

func rabbitMQGrants(settings config.Config) map[string]rabbitmq.Grant {
	return grants(settings, config.KindRabbitMQ, func(connection config.Connection) rabbitmq.Connection { return connection.RabbitMQ })
}

// grants are the connections of one kind, and who may use them.
func grants[Connection any](settings config.Config, kind string, of func(config.Connection) Connection) map[string]scalers.Grant[Connection] {
	grants := map[string]scalers.Grant[Connection]{}
	for name, connection := range settings.Connections {
		if connection.Kind == kind {
			grants[name] = scalers.Grant[Connection]{Connection: of(connection), Namespaces: connection.Namespaces}
		}
	}
	return grants
}
