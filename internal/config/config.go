// Package config reads lagwise's configuration: a YAML file, LAGWISE_* environment variables and flags, the later the
// stronger. It checks everything before anything starts, and reads secrets from the files and variables that the
// configuration names.
package config

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

// Config is a checked configuration, secrets included.
type Config struct {
	// Listen is the address of the gRPC server.
	Listen string
	// RefreshInterval is how often Kafka is observed, MaxSnapshotAge how old an observation may grow before it is an error.
	RefreshInterval time.Duration
	MaxSnapshotAge  time.Duration
	// IdleAfter is how long a trigger is observed after the last question about it.
	IdleAfter time.Duration
	// LogLevel and LogFormat are slog's: debug, info, warn, error; text, json.
	LogLevel  string
	LogFormat string
	// AllowedBrokers are patterns of the hosts that triggers may name by themselves.
	AllowedBrokers []string
	// SecretsInMetadata says when triggers may bring passwords in variables of their workload: never, encrypted, always.
	SecretsInMetadata string
	// TriggerAuthentications says that triggers may log in by one. They are read by the service account whose folder is
	// ServiceAccountFolder; the Secrets of those that are for the whole cluster are in ClusterObjectNamespace.
	TriggerAuthentications bool
	ServiceAccountFolder   string
	ClusterObjectNamespace string
	// MaxTriggers and MaxSessions bound what is alive at once; 0 for what the memory allows, as with MaxStreams and MaxMetadata.
	MaxTriggers int
	MaxSessions int
	// LooksPerSecond bounds what one RabbitMQ broker is asked for the sake of pushes.
	LooksPerSecond int
	// HTTPListen is the address of metrics, HealthListen that of probes; empty for none.
	HTTPListen, HealthListen string
	// PageListen is the address of the status page; empty for none.
	PageListen string
	// MetricsLag is how finely metrics list the lag of groups: none, topic, partition. MetricsLike is the exporter by whose names
	// they list it a second time: kminion, kafka_exporter; empty for none. MaxListed bounds what they list one by one.
	MetricsLag  string
	MetricsLike string
	MaxListed   int
	// MaxStreams bounds what is open on one connection of KEDA's, MaxMessageBytes one request.
	MaxStreams      int
	MaxMessageBytes int
	// MaxMetadata bounds the metadata of all triggers together, in bytes, MaxConnections what is connected to each address.
	MaxMetadata    int
	MaxConnections int
	// TLS is nil when lagwise serves unencrypted.
	TLS *TLS
	// TracesEndpoint is the URL of a collector of traces, empty for none; TracesPercent how many of all calls it is told of.
	TracesEndpoint string
	TracesPercent  int
	// Connections are the named connections, by name.
	Connections map[string]Connection

	// values are the settings behind the fields above, connections those of each connection in the file's order.
	values      values
	connections []shownConnection
	// traces are the certificates for the collector of traces.
	traces []Certificate
	// files are all that was read to get here, the configuration's own included.
	files []string
}

// Connection is a named connection of one kind, and who may use it.
type Connection struct {
	Name string
	// Kind says which of the fields below holds what it connects to.
	Kind string
	// Namespaces are patterns of the namespaces whose triggers may use the connection; nil stands for all.
	Namespaces []string
	Kafka      cluster.Connection
	RabbitMQ   rabbitmq.Connection
	NewRelic   nerdgraph.Connection
}

// Source is where a configuration is read from, again at each reload.
type Source struct {
	// Path is the file's; empty for none.
	Path string
	// Flags are those that Flags defined, parsed.
	Flags *pflag.FlagSet
}

// Flags defines every setting that may be given as a flag.
func Flags(flags *pflag.FlagSet) {
	for _, setting := range Settings() {
		flags.String(setting.Name, setting.Default, setting.Help)
	}
}

// Read reads the configuration. Its error names every mistake by setting and line.
func (s Source) Read() (Config, error) {
	config, _, err := s.read()
	return config, err
}

// read gives the files that were looked at as well, also where something is wrong with them.
func (s Source) read() (config Config, files []string, err error) {
	reader := &secrets{}
	var doc document
	if s.Path != "" {
		reader.files = append(reader.files, s.Path)
		if doc, err = readDocument(s.Path); err != nil {
			return Config{}, reader.files, err
		}
	}
	given, err := strongest(doc, s.Flags)
	if err != nil {
		return Config{}, reader.files, err
	}
	all, err := understand(Settings(), "", byDefault, given)
	config = configOf(all)
	if err == nil {
		err = config.check()
	}
	var tlsErr error
	config.TLS, tlsErr = tlsOfServer(all, reader)
	err = errors.Join(errors.Join(doc.problems...), misspelt(os.Environ()), err, tlsErr)
	if config.TriggerAuthentications && !config.TLS.KnowsItsClients() {
		err = errors.Join(err, all.problem(authentications, ": a trigger's namespace is what the client says it is, and whose Secrets it may use hangs on that; "+
			"set tls.clientCAFile and tls.clientNames, so that KEDA's operator alone can say it"))
	}
	err = errors.Join(err, config.connect(doc, reader))
	if config.TracesEndpoint != "" {
		config.traces = tracesCertificates(os.Getenv)
	}
	config.files = reader.files
	if err != nil {
		return Config{}, reader.files, err
	}
	return config, reader.files, nil
}

func configOf(v values) Config {
	config := Config{
		Listen: v.text(listen), RefreshInterval: v.duration(refreshInterval), MaxSnapshotAge: v.duration(maxSnapshotAge),
		IdleAfter: v.duration(idleAfter), LogLevel: v.text(logLevel), LogFormat: v.text(logFormat),
		AllowedBrokers: v.list(allowedBrokers), SecretsInMetadata: v.text(secretsInMetadata),
		TriggerAuthentications: v.flag(authentications), ServiceAccountFolder: v.text(accountFolder), ClusterObjectNamespace: v.text(clusterNamespace),
		MaxTriggers: v.integer(maxTriggers), MaxSessions: v.integer(maxSessions), LooksPerSecond: v.integer(looksPerSecond),
		HTTPListen: v.text(httpListen), HealthListen: v.text(healthListen), PageListen: v.text(pageListen), MetricsLag: v.text(metricsLag), MetricsLike: v.text(metricsLike), MaxListed: v.integer(maxListed),
		MaxStreams: v.integer(maxStreams), MaxMessageBytes: v.integer(maxMessageBytes),
		MaxMetadata: v.integer(maxMetadata), MaxConnections: v.integer(maxConnections),
		TracesEndpoint: v.text(tracesEndpoint), TracesPercent: v.integer(tracesPercent),
		values: v,
	}
	if _, given := v.of[maxSnapshotAge]; !given {
		config.MaxSnapshotAge = 3 * config.RefreshInterval
	}
	return config
}

// TakesSecrets says whether triggers may bring passwords in variables of their workload, as things are.
func (c Config) TakesSecrets() bool {
	return c.SecretsInMetadata == always || c.SecretsInMetadata == encrypted && c.TLS != nil
}

// check holds the rules that concern several settings.
func (c Config) check() error {
	if c.Listen == "" {
		return c.values.problem(listen, ": empty; want an address such as :6000")
	}
	if c.MaxSnapshotAge < c.RefreshInterval {
		return c.values.problem(maxSnapshotAge, " %s: want at least refreshInterval, %s", c.MaxSnapshotAge, c.RefreshInterval)
	}
	return nil
}

// connect adds the connections of the file.
func (c *Config) connect(doc document, reader *secrets) error {
	c.Connections = map[string]Connection{}
	var problems []error
	for _, section := range doc.connections {
		v, err := understandConnection(doc.path, section)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		connection, err := connectionOf(v, section.groups, reader)
		if err == nil && connection.Namespaces != nil && !c.TLS.KnowsItsClients() {
			err = v.problem(connectionNamespaces, ": a trigger's namespace is what the client says it is; "+
				"set tls.clientCAFile and tls.clientNames, so that KEDA's operator alone can say it")
		}
		if _, twice := c.Connections[connection.Name]; twice && err == nil {
			err = v.problem(connectionName, ": taken by an earlier connection")
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		c.Connections[connection.Name] = connection
		c.connections = append(c.connections, shownConnection{v, section.groups})
	}
	return errors.Join(problems...)
}
