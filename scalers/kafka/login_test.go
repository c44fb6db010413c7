package kafka_test

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/secret"
)

// logIn builds a trigger that names a TriggerAuthentication which says pairs of parameters and values.
func logIn(f *fakeKafka, metadata map[string]string, pairs ...string) scalers.Scaler {
	metadata["authenticationRefName"] = "login"
	credentials := map[string]secret.Text{}
	for i := 0; i < len(pairs); i += 2 {
		credentials[pairs[i]] = secret.Text(pairs[i+1])
	}
	connections := kafka.NewConnections(nil, "kafka", "login.example")
	return kafka.New(f.subscribe, connections, slog.New(slog.DiscardHandler))(
		scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata, Credentials: credentials})
}

func TestLoggingInAsKEDADoes(t *testing.T) {
	t.Parallel()
	oauth := []string{
		"sasl", "oauthbearer", "username", "me", "password", "hunter2", "oauthTokenEndpointUri", "https://login.example/token",
		"scopes", "a,b c", "oauthExtensions", "logicalCluster=lkc-1,x=y",
	}
	for name, test := range map[string]struct {
		metadata map[string]string
		pairs    []string
		sasl     *cluster.SASL
		tls      *cluster.TLS
	}{
		"nothing": {with(), nil, nil, nil},
		"plain": {
			with(),
			[]string{"sasl", "plaintext", "username", "me", "password", "hunter2"},
			&cluster.SASL{Mechanism: cluster.Plain, Username: "me", Password: "hunter2"}, nil,
		},
		"scram, as metadata says": {
			with("sasl", "scram_sha512", "tls", "enable"),
			[]string{"sasl", "plaintext", "username", "me", "password", "hunter2"},
			&cluster.SASL{Mechanism: cluster.ScramSHA512, Username: "me", Password: "hunter2"}, &cluster.TLS{},
		},
		"scram 256": {
			with(),
			[]string{"sasl", "scram_sha256", "username", "me", "password", "hunter2"},
			&cluster.SASL{Mechanism: cluster.ScramSHA256, Username: "me", Password: "hunter2"}, nil,
		},
		"tokens": {with(), oauth, &cluster.SASL{Mechanism: cluster.OAuthBearer, OAuth: &cluster.OAuth{
			TokenURL: "https://login.example/token", ClientID: "me", ClientSecret: "hunter2", Scopes: []string{"a", "b", "c"},
			Extensions: map[string]string{"logicalCluster": "lkc-1", "x": "y"},
		}}, nil},
		"encrypted": {with("brokerUnsafeSsl", "true"), []string{"tls", "enable"}, nil, &cluster.TLS{SkipVerify: true}},
		"a certificate": {
			with(),
			[]string{"tls", "enable", "cert", "C", "key", "K", "keyPassword", "P"},
			nil,
			&cluster.TLS{Certificate: "C", Key: "K", KeyPassword: "P"},
		},
		"a certificate, and no tls": {with(), []string{"cert", "C"}, nil, nil}, // KEDA does not look at it either
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fake fakeKafka
			refused, _ := logIn(&fake, test.metadata, test.pairs...).(*scalers.Refused)
			if refused != nil {
				t.Fatal(refused.Reason())
			}
			want := cluster.Connection{Name: "kafka:9092", BootstrapServers: []string{"kafka:9092"}, SASL: test.sasl, TLS: test.tls}
			if !reflect.DeepEqual(fake.connection, want) {
				t.Errorf("asked %#v %#v", fake.connection.SASL, fake.connection.TLS)
			}
		})
	}
}

func TestLoginsThatAreRefused(t *testing.T) {
	t.Parallel()
	for words, pairs := range map[string][]string{
		`sasl "plaintext": the TriggerAuthentication must give username and password`:  {"sasl", "plaintext", "username", "hunter2"},
		`sasl "gssapi": and lagwise's Kafka client`:                                    {"sasl", "gssapi", "username", "me", "password", "hunter2"},
		`sasl "aws_msk_iam": it signs with the AWS identity`:                           {"sasl", "oauthbearer", "saslTokenProvider", "aws_msk_iam", "tls", "enable"},
		"sasl of the TriggerAuthentication: want one of":                               {"sasl", "hunter2"},
		"the TriggerAuthentication: ca has no certificate in PEM":                      {"tls", "enable", "ca", "hunter2"},
		"cert and key belong together":                                                 {"tls", "enable", "cert", "hunter2"},
		"cert and key do not belong together, or are no PEM":                           {"tls", "enable", "cert", "hunter2", "key", "hunter2"},
		"must give oauthTokenEndpointUri":                                              {"sasl", "oauthbearer", "username", "me", "password", "hunter2"},
		"oauthExtensions of the TriggerAuthentication: want NAME=VALUE":                {"sasl", "oauthbearer", "username", "me", "password", "hunter2", "oauthTokenEndpointUri", "https://login.example", "oauthExtensions", "hunter2"},
		`the host of oauthTokenEndpointUri "evil.example" is not among allowedBrokers`: {"sasl", "oauthbearer", "username", "me", "password", "hunter2", "oauthTokenEndpointUri", "https://evil.example/token"},
		`oauthTokenEndpointUri, a URL`:                                                 {"sasl", "oauthbearer", "username", "me", "password", "hunter2", "oauthTokenEndpointUri", "file:///hunter2"},
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			var fake fakeKafka
			refused, is := logIn(&fake, with(), pairs...).(*scalers.Refused)
			if !is || !strings.Contains(refused.Reason().Error(), words) || strings.Contains(refused.Reason().Error(), "hunter2") {
				t.Errorf("%+v", refused)
			}
		})
	}
	var fake fakeKafka
	refused, is := logIn(&fake, with("bootstrapServers", "evil:9092"), "sasl", "plaintext", "username", "me", "password", "hunter2").(*scalers.Refused)
	if !is || !strings.Contains(refused.Reason().Error(), `bootstrapServers "evil:9092" is not among allowedBrokers`) {
		t.Errorf("credentials go to any broker: %+v", refused)
	}
}

func TestAnAuthenticationIsAssumedWhereNothingIsKnown(t *testing.T) {
	t.Parallel()
	var fake fakeKafka
	scaler := fake.buildWith(kafka.AssumedConnections(), with("authenticationRefName", "login", "sasl", "scram_sha512", "tls", "enable"))
	if refused, is := scaler.(*scalers.Refused); is {
		t.Error(refused.Reason())
	}
	scaler = fake.buildWith(kafka.AssumedConnections(), with("authenticationRefName", "login", "connection", "prod"))
	if refused, is := scaler.(*scalers.Refused); !is || !strings.Contains(refused.Reason().Error(), "authenticationRefName and connection exclude each other") {
		t.Errorf("both: %v", scaler)
	}
}
