package parity_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/spf13/pflag"
	"github.com/youmark/pkcs8"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/realrabbit"
)

const (
	// worker is a user of the broker's that only a certificate proves.
	worker      = "worker"
	keyPassword = "key secret"
)

// What a TriggerAuthentication says of TLS to KEDA, a connection says to lagwise, by the table in docs/rabbitmq.md. Both get the same
// number, or neither gets any. The broker lets nobody in without a certificate.
func TestEncryptedRabbitMQAgreesWithKEDA(t *testing.T) {
	t.Parallel()
	authority, other := newAuthority(t, "authority"), newAuthority(t, "other")
	rabbit, err := realrabbit.Start(t.Context(), realrabbit.Options{Encryption: &realrabbit.Encryption{Authority: authority, Demanding: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rabbit.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := rabbit.AddUser(t.Context(), worker); err != nil {
		t.Fatal(err)
	}
	const queue = "orders"
	fillQueue(t, rabbit, queue)

	certificate := map[string]string{"tls": "enable", "ca": string(authority.Certificate)}
	maps.Copy(certificate, shown(t, authority))
	with := func(more map[string]string) map[string]string {
		together := maps.Clone(certificate)
		maps.Copy(together, more)
		return together
	}
	user := map[string]string{"username": realrabbit.User, "password": realrabbit.Password}
	encrypted := map[string]string{"key": encryptedKey(t, certificate["key"]), "keyPassword": keyPassword}
	for name, test := range map[string]struct {
		authentication map[string]string
		amqp, http     bool // whether there is an answer
	}{
		"a certificate":             {certificate, true, false},
		"a certificate and a user":  {with(user), true, true},
		"an encrypted key":          {with(encrypted), true, false},
		"a wrong password of a key": {with(map[string]string{"key": encrypted["key"], "keyPassword": "guess"}), false, false},
		"no certificate":            {with(map[string]string{"username": realrabbit.User, "password": realrabbit.Password, "cert": "", "key": ""}), false, false},
		"a stranger's certificate":  {with(shown(t, other)), false, false},
		"another authority":         {with(map[string]string{"ca": string(other.Certificate)}), false, false},
		"a wrong password":          {with(map[string]string{"username": realrabbit.User, "password": "guess"}), false, false},
	} {
		for protocol, want := range map[string]bool{"amqp": test.amqp, "http": test.http} {
			t.Run(name+" by "+protocol, func(t *testing.T) {
				t.Parallel()
				compareEncrypted(t, rabbit, map[string]string{"queueName": queue, "protocol": protocol}, test.authentication, want)
			})
		}
	}
}

// compareEncrypted asks both, by HTTP until the broker has counted.
func compareEncrypted(t *testing.T, rabbit *realrabbit.Broker, metadata, authentication map[string]string, want bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	url := "amqps://" + rabbit.EncryptedAddress()
	if metadata["protocol"] == "http" {
		url = "https://" + rabbit.EncryptedManagementAddress()
	}
	var theirs, ours rabbitAnswer
	for range 10 {
		theirs = rabbitOfKEDA(ctx, metadata, url, authentication)
		ours = rabbitByConnection(ctx, t, rabbit, metadata, authentication)
		if !want || theirs.value > 0 && theirs.agrees(ours) {
			break
		}
		time.Sleep(time.Second) // the broker counts every five
	}
	if !theirs.agrees(ours) || (ours.err == nil) != want || want && ours.value != 3 {
		t.Errorf("KEDA says %+v, lagwise %+v", theirs, ours)
	}
}

// rabbitByConnection writes a connection of lagwise's configuration as the table says, and asks through it.
func rabbitByConnection(ctx context.Context, t *testing.T, rabbit *realrabbit.Broker, metadata, authentication map[string]string) rabbitAnswer {
	t.Helper()
	connection := fmt.Sprintf("{name: rabbit, type: rabbitmq, amqp: 'amqps://%s', management: 'https://%s'",
		rabbit.EncryptedAddress(), rabbit.EncryptedManagementAddress())
	folder := t.TempDir()
	file := func(setting, parameter string) string {
		if authentication[parameter] == "" {
			return ""
		}
		path := filepath.Join(folder, parameter)
		if err := os.WriteFile(path, []byte(authentication[parameter]), 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(", %s: %q", setting, path)
	}
	if user := authentication["username"]; user != "" {
		connection += ", username: " + user + file("passwordFile", "password")
	}
	tls := file("caFile", "ca") + file("certificateFile", "cert") + file("keyFile", "key") + file("keyPasswordFile", "keyPassword")
	path := filepath.Join(folder, "lagwise.yaml")
	text := "connections: [" + connection + ", tls: {" + strings.TrimPrefix(tls, ", ") + "}}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Flags(flags)
	read, err := config.Source{Path: path, Flags: flags}.Read()
	if err != nil {
		return rabbitAnswer{err: err}
	}
	metadata = maps.Clone(metadata)
	metadata["connection"] = "rabbit"
	return rabbitBy(ctx, metadata, rabbitmq.NewConnections(map[string]rabbitmq.Grant{"rabbit": {Connection: read.Connections["rabbit"].RabbitMQ}}, false))
}

// fillQueue makes a queue with three messages.
func fillQueue(t *testing.T, rabbit *realrabbit.Broker, queue string) {
	t.Helper()
	connection, err := amqp.Dial(rabbit.URL("/"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	channel, err := connection.Channel()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := channel.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := channel.PublishWithContext(t.Context(), "", queue, false, false, amqp.Publishing{Body: []byte("message")}); err != nil {
			t.Fatal(err)
		}
	}
}

func newAuthority(t *testing.T, name string) *certificates.Authority {
	t.Helper()
	authority, err := certificates.NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

// shown is a certificate in the worker's name, as parameters.
func shown(t *testing.T, by *certificates.Authority) map[string]string {
	t.Helper()
	identity, err := by.Identify(certificates.Subject{Name: worker})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"cert": string(identity.Certificate), "key": string(identity.Key)}
}

// encryptedKey is the same key, encrypted with keyPassword.
func encryptedKey(t *testing.T, key string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := pkcs8.MarshalPrivateKey(parsed, []byte(keyPassword), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: encrypted}))
}
