package kafka_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// refusal is why a trigger of the namespace shop is refused; empty when it is not.
func refusal(t *testing.T, connections *kafka.Connections, metadata map[string]string) string {
	t.Helper()
	refused, is := (&fakeKafka{}).buildWith(connections, metadata).(*scalers.Refused)
	if !is {
		return ""
	}
	_, err := refused.Evaluate(t.Context())
	if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused {
		t.Errorf("cause %d", cause)
	}
	return err.Error()
}

func TestConnectionsAreForTheirNamespaces(t *testing.T) {
	t.Parallel()
	byName := with("connection", "prod", "bootstrapServers", "")
	for name, test := range map[string]struct {
		namespaces []string
		words      string // of the refusal
	}{
		"for all":         {nil, ""},
		"by name":         {[]string{"store", "shop"}, ""},
		"by pattern":      {[]string{"sh*"}, ""},
		"for others":      {[]string{"store", "shop-*", "sho"}, `connection "prod" is not for namespace "shop"`},
		"for nobody":      {[]string{}, `connection "prod" is not for namespace "shop"`},
		"for the rest":    {[]string{"[^s]*"}, `connection "prod" is not for namespace "shop"`},
		"for all, by a *": {[]string{"*"}, ""},
	} {
		connections := kafka.NewConnections(map[string]kafka.Grant{"prod": {Connection: prod(), Namespaces: test.namespaces}}, "*")
		if got := refusal(t, connections, byName); test.words == "" && got != "" || !strings.Contains(got, test.words) {
			t.Errorf("%s: refused with %q, want %q", name, got, test.words)
		}
	}
}

// A caller cannot find out which connections there are for others; the operator can.
func TestMissingAndOthersConnectionsReadAlike(t *testing.T) {
	t.Parallel()
	connections := kafka.NewConnections(map[string]kafka.Grant{
		"mine": {Connection: prod(), Namespaces: []string{"shop"}}, "theirs": {Connection: prod(), Namespaces: []string{"bank"}},
	}, "*")
	read := func(name string) (operator, caller string) {
		refused, is := (&fakeKafka{}).buildWith(connections, with("connection", name, "bootstrapServers", "")).(*scalers.Refused)
		if !is {
			t.Fatalf("%s is not refused", name)
		}
		shown := scalers.ForCaller(refused.Reason())
		if cause, _ := scalers.CauseOf(shown); cause != scalers.CauseRefused {
			t.Errorf("cause %s", cause)
		}
		return refused.Reason().Error(), strings.ReplaceAll(shown.Error(), name, "NAME")
	}
	missing, missingShown := read("absent")
	others, othersShown := read("theirs")
	if !strings.Contains(missing, "is not configured") || !strings.Contains(others, "is not for namespace") {
		t.Errorf("the operator reads %q and %q", missing, others)
	}
	if missingShown != othersShown || !strings.Contains(missingShown, "want one of mine") {
		t.Errorf("the caller reads %q and %q", missingShown, othersShown)
	}
}

// Whoever asks for a connection that is not there is told of those that it may use, and of no others.
func TestOtherNamespacesConnectionsAreNotNamed(t *testing.T) {
	t.Parallel()
	connections := kafka.NewConnections(map[string]kafka.Grant{
		"mine": {Connection: prod(), Namespaces: []string{"shop"}}, "theirs": {Connection: prod(), Namespaces: []string{"bank"}},
	}, "*")
	got := refusal(t, connections, with("connection", "prod", "bootstrapServers", ""))
	if !strings.Contains(got, "want one of mine") || strings.Contains(got, "theirs") {
		t.Errorf("refused with %q", got)
	}
}

func TestAllowedBrokers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		patterns []string
		servers  string
		allowed  bool
	}{
		"any":                       {[]string{"*"}, "kafka.example.com:9092", true},
		"none":                      {nil, "kafka:9092", false},
		"in the cluster":            {[]string{"*.svc"}, "kafka-0.kafka.shop.svc:9092", true},
		"elsewhere":                 {[]string{"*.svc"}, "kafka.svc.example.com:9092", false},
		"in capitals":               {[]string{"*.SVC"}, "Kafka.Shop.svc:9092", true},
		"one of two":                {[]string{"*.svc"}, "kafka.shop.svc:9092,example.com:9092", false},
		"an address":                {[]string{"10.*"}, "10.0.0.1:9092", true},
		"an address of version six": {[]string{"::1"}, "[::1]:9092", true},
		"in brackets":               {[]string{"[::1]"}, "[::1]:9092", true},
		"in brackets, with a port":  {[]string{"[::1]:9092"}, "[0:0::1]:9092", true},
		"another port":              {[]string{"[::1]:9092"}, "[::1]:9093", false},
		"with a zone":               {[]string{"fe80::1"}, "[fe80::1%eth0]:9092", false},
		"by the port":               {[]string{"*.svc"}, "example.com:9092.svc:9092", false},
		"a Service":                 {[]string{scalers.InCluster}, "kafka-0.kafka:9092,kafka.payments.svc.cluster.local:9092", true},
		"an address by itself":      {[]string{scalers.InCluster}, "10.0.0.1:9092", false},
	} {
		got := refusal(t, kafka.NewConnections(nil, test.patterns...), with("bootstrapServers", test.servers))
		if (got == "") != test.allowed {
			t.Errorf("%s: refused with %q", name, got)
		}
	}
	named := kafka.NewConnections(map[string]kafka.Grant{"prod": {Connection: prod()}})
	if got := refusal(t, named, with("connection", "prod", "bootstrapServers", "kafka-0:9092")); got != "" {
		t.Errorf("a connection is bound by it: %q", got)
	}
}

// A refusal says how to allow the brokers, all of them at once.
func TestARefusalSaysWhatToAdd(t *testing.T) {
	t.Parallel()
	got := refusal(t, kafka.NewConnections(nil, scalers.InCluster),
		with("bootstrapServers", "b-1.msk.amazonaws.com:9092,kafka.payments.svc:9092,b-2.msk.amazonaws.com:9092,[fd00::1]:9092,10.0.0.1:9092"))
	const want = `bootstrapServers "10.0.0.1:9092" is not among allowedBrokers of lagwise's configuration: ` +
		`add "10.0.0.1", "fd00::1", "b-1.msk.amazonaws.com" and 1 more to allowedBrokers there, or name a connection`
	if got != want {
		t.Errorf("refused with %q", got)
	}
	if got = refusal(t, kafka.NewConnections(nil, scalers.InCluster), with("bootstrapServers", "kafka.dev:9092")); !strings.Contains(got, "a Service is NAME.NAMESPACE.svc") {
		t.Errorf("refused with %q", got)
	}
}

func TestReplacedConnectionsCountForNewTriggers(t *testing.T) {
	t.Parallel()
	connections, byName := kafka.NewConnections(nil), with("connection", "prod", "bootstrapServers", "")
	if refusal(t, connections, byName) == "" {
		t.Error("nothing is configured, and nothing refused")
	}
	connections.Replace(map[string]kafka.Grant{"prod": {Connection: prod()}}, "*")
	if got := refusal(t, connections, byName); got != "" {
		t.Error(got)
	}
	for metadata, want := range map[*map[string]string]string{&byName: "prod", {}: ""} {
		scaler, is := (&fakeKafka{}).buildWith(connections, with(flat(*metadata)...)).(*kafka.Scaler)
		if !is || !scaler.Uses(want) || scaler.Uses("other") || scaler.Uses("prod") != (want == "prod") {
			t.Errorf("want the connection %q to be used", want)
		}
	}
}

func flat(metadata map[string]string) []string {
	var words []string
	for key, value := range metadata {
		words = append(words, key, value)
	}
	return words
}

// Streams hold scalers. One that is closed below them, because its connection is another one now, ends them.
func TestAClosedScalerIsWatchedNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake := &fakeKafka{view: func(context.Context) (lag.View, error) { return lag.View{}, nil }}
		scaler := fake.build(with()).(*kafka.Scaler)
		ended := make(chan error)
		go func() { ended <- scaler.Watch(t.Context(), func(scalers.Evaluation) error { return nil }) }()
		synctest.Wait()
		for range 2 {
			if err := scaler.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-ended; err != nil {
			t.Errorf("the watch ended with %v", err)
		}
	})
}

// KEDA's kafka and apache-kafka spell Amazon's tokens differently; both mean the connection that has them.
func TestTriggersAgreeWithAConnectionToMSK(t *testing.T) {
	t.Parallel()
	msk := prod()
	msk.SASL = &cluster.SASL{Mechanism: cluster.OAuthBearer, AWSRegion: "eu-west-3"}
	connections := kafka.NewConnections(map[string]kafka.Grant{"msk": {Connection: msk}})
	for words, keys := range map[string][]string{
		"":                             {"sasl", "aws_msk_iam", "awsRegion", "eu-west-3"},
		" ":                            {"sasl", "oauthbearer", "saslTokenProvider", "aws_msk_iam"},
		`sasl "oauthbearer" is not`:    {"sasl", "oauthbearer"},
		`awsRegion "us-east-1" is not`: {"sasl", "aws_msk_iam", "awsRegion", "us-east-1"},
	} {
		got := refusal(t, connections, with(append([]string{"connection", "msk", "bootstrapServers", ""}, keys...)...))
		if wanted := strings.TrimSpace(words); (wanted == "") != (got == "") || !strings.Contains(got, wanted) {
			t.Errorf("%q: refused with %q, want %q", keys, got, wanted)
		}
	}
}
