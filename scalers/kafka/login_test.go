package kafka_test

import (
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/youmark/pkcs8"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/secret"
	"github.com/lagwise/lagwise/test/certificates"
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
	certificate, key := identity(t)
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
			[]string{"tls", "enable", "cert", certificate, "key", key, "ca", certificate},
			nil,
			&cluster.TLS{Certificate: certificate, Key: cluster.Secret(key), CA: certificate},
		},
		"a certificate with an encrypted key": {
			with(),
			[]string{"tls", "enable", "cert", certificate, "key", encrypted(t, key, "P"), "keyPassword", "P"},
			nil,
			&cluster.TLS{Certificate: certificate, Key: cluster.Secret(key + "\n")},
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
			want := cluster.Connection{Name: "kafka:9092", BootstrapServers: []string{"kafka:9092"}, Namespace: "shop", SASL: test.sasl, TLS: test.tls}
			if !reflect.DeepEqual(fake.connection, want) {
				t.Errorf("asked %#v %#v", fake.connection.SASL, fake.connection.TLS)
			}
		})
	}
}

// identity is a certificate and its key, without the line break at the end, which is not kept.
func identity(t *testing.T) (certificate, key string) {
	t.Helper()
	authority, err := certificates.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	worker, err := authority.Identify(certificates.Subject{Name: "worker"})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(worker.Certificate)), strings.TrimSpace(string(worker.Key))
}

func encrypted(t *testing.T, key, password string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := pkcs8.MarshalPrivateKey(parsed, []byte(password), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: bytes}))
}

func TestLoginsThatAreRefused(t *testing.T) {
	t.Parallel()
	certificate, key := identity(t)
	_, other := identity(t)
	for words, pairs := range map[string][]string{
		`sasl "plaintext": the TriggerAuthentication must give username and password`:  {"sasl", "plaintext", "username", "hunter2"},
		`sasl "gssapi": and lagwise's Kafka client`:                                    {"sasl", "gssapi", "username", "me", "password", "hunter2"},
		`sasl "aws_msk_iam": it signs with lagwise's AWS identity`:                     {"sasl", "oauthbearer", "saslTokenProvider", "aws_msk_iam", "tls", "enable"},
		`with sasl.awsRoleArn for awsRoleArn`:                                          {"sasl", "aws_msk_iam", "awsRoleArn", "arn:aws:iam::123456789012:role/hunter2", "tls", "enable"},
		"sasl of the TriggerAuthentication: want one of":                               {"sasl", "hunter2"},
		"the TriggerAuthentication: ca: is not PEM; must hold certificates":            {"tls", "enable", "ca", "hunter2"},
		"cert and key belong together":                                                 {"tls", "enable", "cert", "hunter2"},
		"the TriggerAuthentication: cert: is not PEM; must be a certificate in PEM":    {"tls", "enable", "cert", "hunter2", "key", "hunter2"},
		"the TriggerAuthentication: key: is not PEM; must be a private key in PEM":     {"tls", "enable", "cert", certificate, "key", "hunter2"},
		"the TriggerAuthentication: key: does not belong to the certificate":           {"tls", "enable", "cert", certificate, "key", other},
		"the TriggerAuthentication: keyPassword: missing; the private key is encrypt":  {"tls", "enable", "cert", certificate, "key", encrypted(t, key, "P")},
		"the TriggerAuthentication: keyPassword: does not open the private key":        {"tls", "enable", "cert", certificate, "key", encrypted(t, key, "P"), "keyPassword", "hunter2"},
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
