package kafka

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// settings is a Kafka trigger, decoded and checked.
type settings struct {
	policy     *lag.Policy
	want       cluster.Want
	connection cluster.Connection
	// named says that the connection is one of the configuration's, and not the trigger's own; listed, that it is, or that
	// allowedBrokers lists its hosts.
	named, listed bool
}

// judged is what of a view the rules are told: nothing that was observed to be shown alone.
func (s settings) judged(view lag.View) lag.View {
	if s.want.Needs.Shown {
		view.Latest = view.Latest.Only(s.policy.Needs())
	}
	return view
}

// decode reads a trigger's metadata. The metric is valid even when the settings are not; ignored are the keys that
// nobody knows.
func decode(trigger scalers.Trigger, connections *Connections) (s settings, metric scalers.Metric, ignored []string, err error) {
	values, ignored, err := Keys().DecodeWith(trigger.Metadata, trigger.Credentials)
	metric = metricOf(values)
	if err != nil {
		return settings{}, metric, ignored, err
	}
	if err := checkTogether(values); err != nil {
		return settings{}, metric, ignored, err
	}
	s.connection, s.listed, err = connectionOf(values, trigger, connections)
	if err != nil {
		return settings{}, metric, ignored, err
	}
	s.named = values.Given(keyConnection)
	s.policy, err = policyOf(values)
	if err != nil {
		return settings{}, metric, ignored, err
	}
	s.want = cluster.Want{Group: values.Text(keyConsumerGroup), Topics: topicsOf(values), Counts: s.policy.Select.Counts, Needs: s.policy.Needs()}
	if values.Text(keyTopicPattern) != "" {
		if s.want.Pattern, err = parsed(values, keyTopicPattern, wholeNames); err != nil {
			return settings{}, metric, ignored, err
		}
	}
	return s, metric, ignored, nil
}

// metricOf names the metric as KEDA does (kafka_scaler.go and apache_kafka_scaler.go, GetMetricSpecForScaling).
func metricOf(values scalers.Values) scalers.Metric {
	name := "kafka-" + strings.Join(values.List(keyTopic), ",")
	if len(values.List(keyTopic)) == 0 {
		name = fmt.Sprintf("kafka-%s-topics", values.Text(keyConsumerGroup))
	}
	return scalers.Metric{Name: scalers.MetricName(name), Target: float64(values.Integer(keyLagThreshold))}
}

// topicsOf leaves out repetitions: a topic named twice counts once.
func topicsOf(values scalers.Values) []string {
	var topics []string
	seen := map[string]bool{} // a list may name thousands
	for _, topic := range values.List(keyTopic) {
		if !seen[topic] {
			seen[topic] = true
			topics = append(topics, topic)
		}
	}
	return topics
}

// checkTogether holds the rules that concern several keys (KEDA: kafka_scaler.go, Validate).
func checkTogether(values scalers.Values) error {
	if namesTopics(values) {
		return nil
	}
	for _, flag := range []string{keyLimitToLagging, keyEven, keyEvenShares} {
		if values.Flag(flag) {
			return scalers.Errorf(scalers.CauseRefused, "%s needs topic: name the topic or leave %s out", flag, flag)
		}
	}
	if !values.Flag(keyFullMetadata) {
		return scalers.Errorf(scalers.CauseRefused, "fullMetadata \"false\" needs topic: name the topic or leave fullMetadata out")
	}
	return nil
}

func policyOf(values scalers.Values) (*lag.Policy, error) {
	rules := lag.Rules{
		Target:                     values.Integer(keyLagThreshold),
		ResetEarliest:              values.Text(keyResetPolicy) == earliest,
		ScaleToZeroOnInvalidOffset: values.Flag(keyScaleToZero),
		ClampToLogStart:            values.Flag(keyClampToLogStart),
		ExcludePersistentLag:       values.Flag(keyExcludePersistent),
		PersistentLagInterval:      values.Duration(keyPersistentInterval),
	}
	addLimits(&rules, values)
	addRecords(&rules, values)
	for _, add := range []func(*lag.Rules, scalers.Values) error{addTopics, addActivation, addAge, addDrain, addStall, addHold, addWindow} {
		if err := add(&rules, values); err != nil {
			return nil, err
		}
	}
	return rules.Policy(), nil
}

// connectionOf finds the cluster to ask and the identity to use. Credentials come from a named connection alone, and go
// to that connection's own brokers alone.
func connectionOf(values scalers.Values, trigger scalers.Trigger, connections *Connections) (connection cluster.Connection, listed bool, err error) {
	name := values.Text(keyConnection)
	if name == "" {
		connection, err = own(values, trigger, connections.named.Assumed())
		if err != nil {
			return cluster.Connection{}, false, err
		}
		listed, err = connections.reachable(connection)
		return connection, listed, err
	}
	connection, err = connections.named.Named(name, trigger.Namespace)
	if err != nil || connections.named.Assumed() {
		return connection, true, err
	}
	return connection, true, agree(values, connection)
}

// own is a connection to the trigger's own brokers: with the credentials of its TriggerAuthentication, or with none.
func own(values scalers.Values, trigger scalers.Trigger, assumed bool) (cluster.Connection, error) {
	servers := values.List(keyBootstrapServers)
	if len(servers) == 0 {
		return cluster.Connection{}, scalers.Errorf(scalers.CauseRefused, "bootstrapServers: missing; give the brokers as host:port, or a connection")
	}
	servers = slices.Sorted(slices.Values(servers)) // the same brokers in another order are the same connection
	connection := cluster.Connection{Name: strings.Join(servers, ","), BootstrapServers: servers, Namespace: trigger.Namespace}
	if values.Text(keyTLS) == enable {
		connection.TLS = &cluster.TLS{SkipVerify: skipVerify(values)}
	}
	sasl := values.Text(keySASL)
	_, authenticated := scalers.AuthenticationOf(trigger)
	switch {
	case authenticated && assumed:
		return connection, nil
	case authenticated:
		if err := scalers.Unread(trigger); err != nil {
			return cluster.Connection{}, err
		}
		err := logIn(&connection, values)
		return connection, err
	case sasl != noSASL:
		return cluster.Connection{}, scalers.Errorf(scalers.CauseRefused,
			"sasl %q needs credentials, which KEDA does not pass on to an external scaler: %s", sasl, remedyFor(sasl))
	default:
		return connection, nil
	}
}

// remedyFor says what to do about a SASL mechanism that was asked for.
func remedyFor(sasl string) string {
	switch sasl {
	case "gssapi":
		return "and lagwise's Kafka client is built without Kerberos; use SCRAM, PLAIN or mutual TLS by a named connection"
	default:
		return "name a connection of lagwise's configuration (connection: NAME), or authenticationRefName"
	}
}

// skipVerify: unsafeSsl keeps its meaning for a trigger that is moved over; brokerUnsafeSsl decides when both are set.
func skipVerify(values scalers.Values) bool {
	if values.Given(keyBrokerUnsafeSSL) {
		return values.Flag(keyBrokerUnsafeSSL)
	}
	return values.Flag(keyUnsafeSSL)
}

// agree compares what the trigger still says about its connection with the connection it names. What it says elsewhere
// in KEDA must not be silently something else here.
func agree(values scalers.Values, connection cluster.Connection) error {
	for _, server := range values.List(keyBootstrapServers) {
		if !slices.Contains(connection.BootstrapServers, server) {
			return scalers.Errorf(scalers.CauseRefused, "bootstrapServers %s is not part of connection %q: leave bootstrapServers out, or name the connection of that cluster",
				scalers.Quote(server), connection.Name)
		}
	}
	if asked := askedSASL(values); values.Given(keySASL) && asked != saslOf(connection) {
		return scalers.Errorf(scalers.CauseRefused, "sasl %q is not what connection %q uses, %q: leave sasl out, or name another connection",
			asked, connection.Name, saslOf(connection))
	}
	if region := values.Text(keyAWSRegion); region != "" && (connection.SASL == nil || connection.SASL.AWSRegion != region) {
		return scalers.Errorf(scalers.CauseRefused, "awsRegion %s is not that of connection %q: leave awsRegion out, or name another connection",
			scalers.Quote(region), connection.Name)
	}
	if values.Given(keyTLS) && (values.Text(keyTLS) == enable) != (connection.TLS != nil) {
		return scalers.Errorf(scalers.CauseRefused, "tls %q is not what connection %q uses: leave tls out, or name another connection",
			values.Text(keyTLS), connection.Name)
	}
	return nil
}

// askedSASL is the trigger's mechanism; KEDA's kafka and apache-kafka spell that of Amazon MSK differently.
func askedSASL(values scalers.Values) string {
	if values.Text(keySASL) == "oauthbearer" && values.Text(keyTokenProvider) == mskIAM {
		return mskIAM
	}
	return values.Text(keySASL)
}

// saslOf is a connection's mechanism by KEDA's word for it.
func saslOf(connection cluster.Connection) string {
	if connection.SASL == nil {
		return noSASL
	}
	if connection.SASL.AWSRegion != "" {
		return mskIAM
	}
	switch connection.SASL.Mechanism {
	case cluster.Plain:
		return "plaintext"
	case cluster.ScramSHA256:
		return "scram_sha256"
	case cluster.ScramSHA512:
		return "scram_sha512"
	case cluster.OAuthBearer:
		return "oauthbearer"
	default:
		return string(connection.SASL.Mechanism)
	}
}
