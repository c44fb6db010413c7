package config

import (
	"slices"
	"strings"

	"github.com/lagwise/lagwise/internal/kubernetes"
	"github.com/lagwise/lagwise/scalers"
)

// Setting describes one setting of the configuration. The tables of settings are the only place where one is described: the
// flags, the environment's variables, the strict check of the file and docs/configuration.md are made from them.
type Setting struct {
	// Key's name has a dot for each level of the file, its default and bounds are as a user would write them.
	scalers.Key
	// Live says that a change takes effect without a restart.
	Live bool
}

// Environment is the variable that the setting can be given by.
func (s Setting) Environment() string {
	var name strings.Builder
	name.WriteString(environmentPrefix)
	last := rune('_')
	for _, letter := range s.Name {
		if letter >= 'A' && letter <= 'Z' && (last < 'A' || last > 'Z') {
			name.WriteByte('_')
		}
		last = letter
		if letter == '.' {
			letter = '_'
		}
		name.WriteRune(letter)
	}
	return strings.ToUpper(name.String())
}

const environmentPrefix = "LAGWISE_"

// Names of settings that are read in more than one place.
const (
	listen            = "listen"
	refreshInterval   = "refreshInterval"
	maxSnapshotAge    = "maxSnapshotAge"
	idleAfter         = "idleAfter"
	logLevel          = "logLevel"
	logFormat         = "logFormat"
	allowedBrokers    = "allowedBrokers"
	secretsInMetadata = "secretsInMetadata"
	authentications   = "triggerAuthentications"
	clusterNamespace  = "clusterObjectNamespace"
	accountFolder     = "serviceAccountFolder"
	maxTriggers       = "limits.triggers"
	maxSessions       = "limits.sessions"
	httpListen        = "http.listen"
	healthListen      = "health.listen"
	pageListen        = "page.listen"
	metricsLag        = "metrics.lag"
	metricsLike       = "metrics.like"
	maxListed         = "limits.metrics"
	maxStreams        = "limits.streams"
	maxMessageBytes   = "limits.messageBytes"
	tracesEndpoint    = "traces.endpoint"
	tracesPercent     = "traces.percent"
	looksPerSecond    = "limits.rabbitmqLooksPerSecond"
	maxMetadata       = "limits.metadataBytes"
	maxConnections    = "limits.connections"
)

// The values of secretsInMetadata.
const never, encrypted, always = "never", "encrypted", "always"

// Settings is every setting but the connections, each of which may stand in the file, in the environment or be a flag.
func Settings() []Setting {
	return slices.Concat(ownSettings(), limitSettings(), metricSettings(), tlsSettings())
}

func ownSettings() []Setting {
	return []Setting{
		{Key: scalers.Key{
			Name: listen, Kind: scalers.KindText, Default: "127.0.0.1:6000",
			Help: "Address of the gRPC server; :6000 for clients on other machines, such as KEDA. Without TLS it answers every client.",
		}},
		{Key: scalers.Key{
			Name: refreshInterval, Kind: scalers.KindDuration, Default: "5s", Bounds: scalers.AtLeast(100e6), Help: "How often Kafka is observed.",
		}},
		{Key: scalers.Key{
			Name: maxSnapshotAge, Kind: scalers.KindDuration,
			Help: "How old an observation may grow before it is an error; three times refreshInterval unless given.",
		}},
		{Key: scalers.Key{
			Name: idleAfter, Kind: scalers.KindDuration, Default: "10m", Bounds: scalers.AtLeast(1e9),
			Help: "How long a trigger is observed after the last question about it.",
		}},
		{Live: true, Key: scalers.Key{
			Name: logLevel, Kind: scalers.KindChoice, Default: "info", Choices: []string{"debug", "info", "warn", "error"},
			Help: "What is logged: lines of this level and above.",
		}},
		{Key: scalers.Key{
			Name: logFormat, Kind: scalers.KindChoice, Default: "text", Choices: []string{"text", "json"}, Help: "How it is logged.",
		}},
		{Live: true, Key: scalers.Key{
			Name: allowedBrokers, Kind: scalers.KindList, Default: scalers.InCluster, Check: checkHosts,
			Help: `Hosts that a trigger's own bootstrapServers or host may name, with or without a port, such as "*.kafka.svc" or "[::1]:9092". in-cluster stands for loopback and Services (NAME.NAMESPACE, NAME.NAMESPACE.svc, NAME.NAMESPACE.svc.DOMAIN), "*" for any host; an empty list refuses them all. Connections are not bound by it.`,
		}},
		{Key: scalers.Key{
			Name: secretsInMetadata, Kind: scalers.KindChoice, Default: encrypted, Choices: []string{never, encrypted, always},
			Help: "Whether triggers may bring a password in a variable of their workload (hostFromEnv of RabbitMQ), which KEDA reads and sends to lagwise. encrypted: where lagwise serves TLS; always: something else encrypts that link, such as a service mesh.",
		}},
		{Key: scalers.Key{
			Name: authentications, Kind: scalers.KindFlag, Default: "false",
			Help: "Whether triggers may log in by a TriggerAuthentication that they name (authenticationRefName). Needs tls.clientCAFile and tls.clientNames, and a Role for lagwise's service account.",
		}},
		{Key: scalers.Key{
			Name: accountFolder, Kind: scalers.KindText, Default: kubernetes.Mounted,
			Help: "Folder with the token and ca.crt by which lagwise asks Kubernetes for them.",
		}},
		{Key: scalers.Key{
			Name: clusterNamespace, Kind: scalers.KindText, Default: "keda",
			Help: "Namespace of the Secrets of ClusterTriggerAuthentications: KEDA's own, unless its KEDA_CLUSTER_OBJECT_NAMESPACE says otherwise.",
		}},
	}
}

func limitSettings() []Setting {
	return []Setting{
		{Live: true, Key: scalers.Key{
			Name: maxTriggers, Kind: scalers.KindInteger, Bounds: scalers.AtLeast(1),
			Help: "Triggers observed at once. Unless given it follows from the memory limit (docs/scaling.md), and is 50000 without one. One namespace has half of it at most, three quarters where no other has any.",
		}},
		{Live: true, Key: scalers.Key{
			Name: maxSessions, Kind: scalers.KindInteger, Bounds: scalers.AtLeast(1),
			Help: "Kafka clusters and identities connected to at once, and as many of RabbitMQ. Unless given it follows from the memory limit, and is 256 without one. Triggers' own brokers have three quarters of it, divided among namespaces as limits.triggers is.",
		}},
		{Key: scalers.Key{
			Name: looksPerSecond, Kind: scalers.KindInteger, Default: "5000", Bounds: &scalers.Bounds{Min: 1, Max: 100_000},
			Help: "Looks a second by AMQP at the queues of a RabbitMQ broker that inactive push triggers wait for. Fewer cost the broker less, and a message is noticed later: with 1,000 such queues 5,000 mean each queue every 200 ms.",
		}},
		{Key: scalers.Key{
			Name: maxStreams, Kind: scalers.KindInteger, Bounds: &scalers.Bounds{Min: 1, Max: 1 << 31},
			Help: "Streams and calls open at once on one connection, and half as many again on all together, whose streams are divided among namespaces as limits.triggers is. KEDA has one connection, and two streams for each trigger. Unless given it follows from the memory limit, and is 110000 without one.",
		}},
		{Key: scalers.Key{
			Name: maxMessageBytes, Kind: scalers.KindInteger, Default: "262144", Bounds: &scalers.Bounds{Min: 4096, Max: 1 << 30},
			Help: "Size of one request. Metadata of more than 65536 bytes is refused anyway.",
		}},
		{Key: scalers.Key{
			Name: maxMetadata, Kind: scalers.KindInteger, Bounds: &scalers.Bounds{Min: 65536, Max: 1 << 40},
			Help: "Size of the metadata of all triggers together, divided among namespaces as limits.triggers is. Unless given it follows from the memory limit, and is 67108864 without one.",
		}},
		{Key: scalers.Key{
			Name: maxConnections, Kind: scalers.KindInteger, Default: "1000", Bounds: &scalers.Bounds{Min: 8, Max: 1 << 20},
			Help: "Connections open at once to each address, a quarter of them from one client's address.",
		}},
	}
}

func metricSettings() []Setting {
	return []Setting{
		{Key: scalers.Key{
			Name: httpListen, Kind: scalers.KindText, Default: "127.0.0.1:8080", Help: "Address of metrics (docs/metrics.md); empty for none.",
		}},
		{Key: scalers.Key{
			Name: healthListen, Kind: scalers.KindText, Default: "127.0.0.1:8082", Check: checkAddress,
			Help: "Address of /livez and /readyz for the kubelet's probes (docs/metrics.md); empty for none.",
		}},
		{Key: scalers.Key{
			Name: pageListen, Kind: scalers.KindText, Default: "127.0.0.1:8081",
			Help: "Address of the status page (docs/page.md); empty for none. Whoever reaches it may look.",
		}},
		{Key: scalers.Key{
			Name: metricsLag, Kind: scalers.KindChoice, Default: "topic", Choices: []string{"none", "topic", "partition"},
			Help: "How finely metrics list the lag of consumer groups.",
		}},
		{Key: scalers.Key{
			Name: metricsLike, Kind: scalers.KindChoice, Choices: []string{"kminion", "kafka_exporter"},
			Help: "List that lag a second time by the names of this exporter, for its dashboards.",
		}},
		{Key: scalers.Key{
			Name: maxListed, Kind: scalers.KindInteger, Default: "2000", Bounds: scalers.AtLeast(0),
			Help: "Triggers, topics of groups, and their partitions that metrics list one by one, so many of each; the others are counted.",
		}},
		{Key: scalers.Key{
			Name: tracesEndpoint, Kind: scalers.KindText, Check: checkURL,
			Help: "OpenTelemetry collector that is told of KEDA's questions, by OTLP over HTTP, such as http://collector:4318; empty for none.",
		}},
		{Key: scalers.Key{
			Name: tracesPercent, Kind: scalers.KindInteger, Default: "1", Bounds: &scalers.Bounds{Min: 0, Max: 100},
			Help: "Share of the questions that it is told of, in percent.",
		}},
	}
}

// table is a list of settings as the keys that the decoder of metadata has been using all along.
func table(settings []Setting) scalers.KeyTable {
	keys := make(scalers.KeyTable, len(settings))
	for i, setting := range settings {
		keys[i] = setting.Key
	}
	return keys
}
