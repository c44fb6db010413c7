package config_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/youmark/pkcs8"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/test/certificates"
)

func TestConnectionsToRabbitMQ(t *testing.T) {
	t.Parallel()
	password := write(t, "password", "hunter2\n")
	settings, err := read(t, `
connections:
  - {name: both, type: rabbitmq, amqp: "amqps://rabbit", management: "https://rabbit/admin/", vhost: shop, username: me, passwordFile: `+password+`, tls: {skipVerify: true}}
  - {name: bare, type: rabbitmq, amqp: "amqp://[::1]:5673"}
`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]rabbitmq.Connection{
		"both": {
			Name: "both", AMQP: "rabbit:5671", Encrypted: true, Management: "https://rabbit/admin", Vhost: "shop",
			Username: "me", Password: "hunter2", TLS: broker.TLS{SkipVerify: true},
		},
		"bare": {Name: "bare", AMQP: "[::1]:5673", Vhost: "/"},
	} {
		got := settings.Connections[name]
		if got.RabbitMQ != want || got.Kind != config.KindRabbitMQ {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// The key of a certificate may be encrypted, as KEDA takes it; what lagwise keeps is the key in clear.
func TestEncryptedKeyForRabbitMQ(t *testing.T) {
	t.Parallel()
	authority, err := certificates.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Identify(certificates.Subject{Name: "lagwise"})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(identity.Key)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := pkcs8.MarshalPrivateKey(key, []byte("key secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	certificate := write(t, "tls.crt", string(identity.Certificate))
	keyFile := write(t, "tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: encrypted})))
	with := func(password string) (config.Config, error) {
		return read(t, fmt.Sprintf("connections: [{name: r, type: rabbitmq, amqp: 'amqps://rabbit', tls: {certificateFile: %s, keyFile: %s%s}}]",
			certificate, keyFile, password))
	}
	settings, err := with(", keyPasswordFile: " + write(t, "password", "key secret\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := settings.Connections["r"].RabbitMQ.TLS; got.Certificate != string(identity.Certificate) || string(got.Key) != string(identity.Key) {
		t.Errorf("not the key that was encrypted: %+v", got)
	}
	for words, password := range map[string]string{
		"tls.keyPasswordFile (or tls.keyPasswordEnv): missing; the private key is encrypted": "",
		"wrong\": does not open the private key":                                             ", keyPasswordFile: " + write(t, "wrong", "guess"),
	} {
		if _, err := with(password); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %q, got %v", words, err)
		}
	}
}

// Sessions of RabbitMQ are carried over to another password, and to nothing else.
func TestAnotherPasswordForRabbitMQRotatesTheConnection(t *testing.T) {
	t.Parallel()
	with := func(user, password string) config.Config {
		settings, err := read(t, "connections: [{name: r, type: rabbitmq, amqp: 'amqp://rabbit', username: "+user+", passwordFile: "+write(t, "password", password)+"}]")
		if err != nil {
			t.Fatal(err)
		}
		return settings
	}
	if change := config.Compare(with("me", "old"), with("me", "new")); len(change.Altered) != 0 || len(change.Rotated) != 1 {
		t.Errorf("%+v", change)
	}
	if change := config.Compare(with("me", "old"), with("you", "new")); len(change.Altered) != 1 || len(change.Rotated) != 0 {
		t.Errorf("%+v", change)
	}
}

func TestSecretsInMetadata(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"": false, "never": false, "encrypted": false, "always": true} {
		text := ""
		if value != "" {
			text = "secretsInMetadata: " + value
		}
		if settings, err := read(t, text); err != nil || settings.TakesSecrets() != want {
			t.Errorf("%q: %t, %v", value, settings.TakesSecrets(), err)
		}
		settings := config.Config{SecretsInMetadata: value, TLS: &config.TLS{}}
		if want := value == "encrypted" || value == "always"; settings.TakesSecrets() != want {
			t.Errorf("%q with TLS: %t", value, settings.TakesSecrets())
		}
	}
}
