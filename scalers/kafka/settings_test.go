package kafka_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

func TestMetricsAreNamedAsKEDANamesThem(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		metadata map[string]string
		want     scalers.Metric
	}{
		{with(), scalers.Metric{Name: "kafka-orders", Target: 10}},
		{with("topic", "shop.orders_v1", "lagThreshold", "5"), scalers.Metric{Name: "kafka-shop-orders_v1", Target: 5}},
		{with("topic", " a , b.c "), scalers.Metric{Name: "kafka-a,b-c", Target: 10}},
		{with("topic", "", "consumerGroup", "my.group"), scalers.Metric{Name: "kafka-my-group-topics", Target: 10}},
		{with("topic", "", "topicFromEnv", "payments"), scalers.Metric{Name: "kafka-payments", Target: 10}},
	} {
		var fake fakeKafka
		if got := fake.build(test.metadata).Metric(); got != test.want {
			t.Errorf("%v: got %+v, want %+v", test.metadata, got, test.want)
		}
	}
}

func TestTopicsOfAListCountOnce(t *testing.T) {
	t.Parallel()
	var fake fakeKafka
	fake.build(with("topic", "a, b,a"))
	if !slices.Equal(fake.want.Topics, []string{"a", "b"}) {
		t.Errorf("got %v", fake.want.Topics)
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		metadata map[string]string
		want     func(cluster.Connection) bool
	}{
		"own servers, no credentials": {with("bootstrapServers", "a:1, b:2"), func(c cluster.Connection) bool {
			return reflect.DeepEqual(c, cluster.Connection{Name: "a:1,b:2", BootstrapServers: []string{"a:1", "b:2"}, Namespace: "shop"})
		}},
		"the same servers in another order": {with("bootstrapServers", "b:2,a:1"), func(c cluster.Connection) bool { return c.Name == "a:1,b:2" }},
		"a comma over": {with("bootstrapServers", "a:1,"), func(c cluster.Connection) bool {
			return slices.Equal(c.BootstrapServers, []string{"a:1"})
		}},
		"tls":                     {with("tls", "enable"), func(c cluster.Connection) bool { return c.TLS != nil && !c.TLS.SkipVerify }},
		"tls, unsafeSsl":          {with("tls", "enable", "unsafeSsl", "true"), func(c cluster.Connection) bool { return c.TLS.SkipVerify }},
		"tls, brokerUnsafeSsl":    {with("tls", "enable", "brokerUnsafeSsl", "true"), func(c cluster.Connection) bool { return c.TLS.SkipVerify }},
		"brokerUnsafeSsl decides": {with("tls", "enable", "unsafeSsl", "true", "brokerUnsafeSsl", "false"), func(c cluster.Connection) bool { return !c.TLS.SkipVerify }},
		"unsafeSsl without tls":   {with("unsafeSsl", "true"), func(c cluster.Connection) bool { return c.TLS == nil }},
		"named": {with("connection", "prod", "bootstrapServers", ""), func(c cluster.Connection) bool {
			return c.Name == "prod" && c.SASL.Password == "hunter2"
		}},
		"named, keys of the built-in trigger kept": {
			with("connection", "prod", "bootstrapServers", "kafka-1:9092", "sasl", "scram_sha512", "tls", "enable"),
			func(c cluster.Connection) bool { return c.Name == "prod" },
		},
		"no sasl said plainly": {with("sasl", "none", "tls", "disable"), func(c cluster.Connection) bool { return c.SASL == nil && c.TLS == nil }},
	} {
		var fake fakeKafka
		fake.build(test.metadata)
		if fake.want.Group == "" || !test.want(fake.connection) {
			t.Errorf("%s: got %+v", name, fake.connection)
		}
	}
}

func TestNeedsFollowTheKeys(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		metadata map[string]string
		want     string
	}{
		{with(), "{}"},
		{with("offsetResetPolicy", "earliest"), "{LogStartWithoutCommit:true}"},
		{with("offsetResetPolicy", "earliest", "scaleToZeroOnInvalidOffset", "true"), "{}"},
		{with("clampToLogStart", "true"), "{LogStart:true}"},
		{with("excludePersistentLag", "true", "persistentLagInterval", "90"), "{History:1m30s}"},
		{with("quietPeriod", "5m", "holdReplicas", "2"), "{Since:[5m0s] History:5m0s}"},
		{with("drainWithin", "5m", "recordsPerSecondPerReplica", "3"), "{Since:[18.75s 1m15s 2m30s 5m0s] History:5m0s Consumers:true}"},
		{with("drainWithin", "5m"), "{Since:[18.75s 1m15s 2m30s 5m0s] History:5m0s Pace:true Consumers:true}"},
		{with("onStall", "report"), "{Standing:10m0s}"},
		{with("onStall", "hold", "stallAfter", "20m"), "{Standing:20m0s}"},
		{with("sustainedFor", "30"), "{Since:[30s] History:30s}"},
		{with("isolationLevel", "read_committed"), "{ReadCommitted:true}"},
		{with("isolationLevel", "read_uncommitted"), "{}"},
		{with("ignorePhantomLag", "true"), "{LogStart:true Phantom:true}"},
		{with("lagTimeThreshold", "60"), "{LogStart:true OldestRecord:true Consumers:true}"},
		{with("activationLagTimeThreshold", "30s"), "{LogStart:true Since:[30s] History:30s}"},
		{with("minActive", "55m"), "{Since:[55m0s] History:55m0s}"},
		{with("holdUntilCommitsStop", "true"), "{History:30s}"},
		{with("activateOn", "newRecords"), "{Since:[1m0s] History:1m0s}"},
		{with("activateOn", "newRecords", "newRecordsWithin", "10"), "{Since:[10s] History:10s}"},
	} {
		var fake fakeKafka
		fake.build(test.metadata)
		if got := needsText(fake.want.Needs); got != test.want {
			t.Errorf("%v: got %s, want %s", test.metadata, got, test.want)
		}
	}
}

// needsText shows only what is needed.
func needsText(needs lag.Needs) string {
	var shown []string
	for field, value := range reflect.ValueOf(needs).Fields() {
		if !value.IsZero() {
			shown = append(shown, fmt.Sprintf("%s:%v", field.Name, value))
		}
	}
	return "{" + strings.Join(shown, " ") + "}"
}

func TestManyTopicsFollowTheKeys(t *testing.T) {
	t.Parallel()
	at := time.Unix(1, 0)
	view := lag.View{Now: at, Latest: lag.Observation{At: at}}
	for _, topic := range []string{"orders", "refunds"} {
		for id := range int32(4) {
			view.Latest.Partitions = append(view.Latest.Partitions, lag.Partition{Topic: topic, ID: id, End: 25, HasCommitted: true})
		}
	}
	for _, test := range []struct {
		metadata map[string]string
		want     float64
	}{
		{with("topic", "orders,refunds", "lagThreshold", "50"), 200},
		{with("topic", "orders,refunds", "lagThreshold", "50", "lagThresholdByTopic", " orders = 100 "), 150},
		{with("topic", "orders,refunds", "lagThreshold", "50", "lagThresholdByTopic", "orders=20,refunds=20"), 400},
		{with("topic", "orders,refunds", "lagThreshold", "50", "partitionLimitationByTopic", "orders=0;refunds=1,2"), 75},
		{with("topic", "orders,refunds", "lagThreshold", "50", "partitionLimitation", "0-2", "partitionLimitationByTopic", "orders=0"), 100},
		{with("topic", "", "topicPattern", "orders|refunds", "lagThreshold", "50", "lagThresholdByTopic", "orders=100"), 150},
		{with("topic", "", "topicPattern", ".*", "lagThreshold", "50", "partitionLimitation", "3"), 50},
		{with("topic", "", "topicPattern", ".*", "lagThreshold", "50", "limitToPartitionsWithLag", "true"), 200},
	} {
		fake := fakeKafka{view: func(context.Context) (lag.View, error) { return view, nil }}
		got, err := fake.build(test.metadata).Evaluate(t.Context())
		if err != nil || got.Value != test.want {
			t.Errorf("%v: got %+v, %v, want %v", test.metadata, got, err, test.want)
		}
	}
}

func TestAPatternMatchesWholeNames(t *testing.T) {
	t.Parallel()
	var fake fakeKafka
	fake.build(with("topic", "", "topicPattern", "orders|a.b"))
	for name, want := range map[string]bool{"orders": true, "a.b": true, "axb": true, "orders-eu": false, "my-orders": false} {
		if got := fake.want.Pattern.MatchString(name); got != want {
			t.Errorf("%s: matches %v", name, got)
		}
	}
	if len(fake.want.Topics) > 0 {
		t.Errorf("topics %v are asked for as well", fake.want.Topics)
	}
}

func TestHoldingFollowsTheKeys(t *testing.T) {
	t.Parallel()
	view := viewOf(1, 0)
	view.Latest.Partitions[0].Facts = &lag.Facts{Since: []lag.Since{{Age: 5 * time.Minute, Found: true, Offset: 99, Timestamp: view.Now}}}
	for _, test := range []struct {
		metadata map[string]string
		want     float64
		active   bool
	}{
		{with(), 0, false},
		{with("quietPeriod", "5m"), 10, true},
		{with("quietPeriod", "300", "holdReplicas", "3"), 30, true},
		{with("quietPeriod", "1m"), 0, false},
		{with("minActive", "5m"), 0, true},
		{with("minActive", "1m"), 0, false},
		{with("holdUntilCommitsStop", "true"), 0, false},
	} {
		fake := fakeKafka{view: func(context.Context) (lag.View, error) { return view, nil }}
		got, err := fake.build(test.metadata).Evaluate(t.Context())
		if err != nil || got.Value != test.want || got.Active != test.active {
			t.Errorf("%v: got %+v, %v, want %v, %v", test.metadata, got, err, test.want, test.active)
		}
	}
}

func TestLimitsFollowTheKeys(t *testing.T) {
	t.Parallel()
	at := time.Unix(1, 0)
	view := lag.View{Now: at, Latest: lag.Observation{At: at}}
	for id := range int32(10) {
		view.Latest.Partitions = append(view.Latest.Partitions, lag.Partition{Topic: "orders", ID: id, End: 100, Committed: 100, HasCommitted: true})
	}
	view.Latest.Partitions[0].Committed, view.Latest.Partitions[1].Committed = 60, 75
	for _, test := range []struct {
		metadata map[string]string
		want     float64
	}{
		{with(), 65},
		{with("lagThreshold", "5"), 50},
		{with("aggregate", "sum"), 65},
		{with("aggregate", "max"), 40},
		{with("limitBy", "partitions", "lagThreshold", "6"), 60},
		{with("limitBy", "partitionsWithLag"), 20},
		{with("limitBy", "partitionsWithLag", "topic", ""), 20},
		{with("consumersPerReplica", "3"), 40},
		{with("consumersPerReplica", "1", "lagThreshold", "6"), 60},
		{with("evenShares", "true", "lagThreshold", "11"), 110},
		{with("drainWithin", "5", "recordsPerSecondPerReplica", "13"), 10},
		{with("drainWithin", "5", "recordsPerSecondPerReplica", "12.999"), 100}, // ranges leave the two to one consumer until then
		{with("drainWithin", "5", "recordsPerSecondPerReplica", "3", "maxRecordsPerSecond", "10"), 30},
		{with("drainWithin", "1s", "recordsPerSecondPerReplica", "0.5"), 100},
		{with("evenShares", "true", "consumersPerReplica", "2"), 50},
	} {
		fake := fakeKafka{view: func(context.Context) (lag.View, error) { return view, nil }}
		got, err := fake.build(test.metadata).Evaluate(t.Context())
		if err != nil || got.Value != test.want {
			t.Errorf("%v: got %+v, %v, want %v", test.metadata, got, err, test.want)
		}
	}
}

// The write-ups of users name every one of these keys in one trigger (with the mechanism left to the connection).
func TestEveryKeyOfABuiltInTriggerIsKnown(t *testing.T) {
	t.Parallel()
	var fake fakeKafka
	scaler := fake.build(with("lagThreshold", "5", "activationLagThreshold", "3", "offsetResetPolicy", "latest",
		"allowIdleConsumers", "false", "scaleToZeroOnInvalidOffset", "false", "excludePersistentLag", "false",
		"limitToPartitionsWithLag", "false", "ensureEvenDistributionOfPartitions", "false", "version", "1.0.0",
		"partitionLimitation", "1,2,10-20,31", "tls", "enable", "unsafeSsl", "false", "fullMetadata", "true",
		"awsRegion", "eu-west-1", "saslTokenProvider", "bearer", "sasl", "none", "scalerAddress", "lagwise:6000", "scaler", "kafka"))
	if _, refused := scaler.(*scalers.Refused); refused {
		_, err := scaler.Evaluate(t.Context())
		t.Fatal(err)
	}
}

func TestEveryDefaultIsAValueOfItsKey(t *testing.T) {
	t.Parallel()
	table := kafka.Keys()
	values, _, err := table.Decode(with())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, key := range table {
		if names[key.Name] {
			t.Errorf("%s stands twice in the table", key.Name)
		}
		names[key.Name] = true
		if key.Help == "" {
			t.Errorf("%s has no help", key.Name)
		}
		if key.Default == "" {
			continue
		}
		given, _, err := table.Decode(with(key.Name, key.Default))
		if err != nil {
			t.Errorf("%s: its default %q is refused: %v", key.Name, key.Default, err)
		}
		if fmt.Sprint(given.Text(key.Name), given.Integer(key.Name), given.Flag(key.Name), given.Duration(key.Name)) !=
			fmt.Sprint(values.Text(key.Name), values.Integer(key.Name), values.Flag(key.Name), values.Duration(key.Name)) {
			t.Errorf("%s: the default %q does not take effect", key.Name, key.Default)
		}
	}
}
