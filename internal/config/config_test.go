package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// write makes a file in the test's own folder and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read reads a configuration as `lagwise serve --config FILE ARGS` does; an empty text stands for no file.
func read(t *testing.T, text string, args ...string) (config.Config, error) {
	t.Helper()
	path := ""
	if text != "" {
		path = write(t, "lagwise.yaml", text)
	}
	return readPath(t, path, args...)
}

func readPath(t *testing.T, path string, args ...string) (config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Flags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Source{Path: path, Flags: flags}.Read()
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	got, err := read(t, "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:6000" || got.HTTPListen != "127.0.0.1:8080" || got.HealthListen != "127.0.0.1:8082" ||
		got.PageListen != "127.0.0.1:8081" || strings.Join(got.AllowedBrokers, " ") != "in-cluster" || got.RefreshInterval != 5*time.Second || got.MaxSnapshotAge != 15*time.Second ||
		got.IdleAfter != 10*time.Minute || got.LogLevel != "info" || got.LogFormat != "text" || len(got.Connections) != 0 {
		t.Errorf("the defaults are %+v", got)
	}
}

func TestWholeFile(t *testing.T) {
	t.Parallel()
	ca, certificate, key := identities(t)
	keyPassword := write(t, "key-password", "key secret\r\n")
	password := write(t, "password", " spaces stay \n")
	got, err := read(t, `
listen: 127.0.0.1:7000
refreshInterval: 2s
maxSnapshotAge: 30s
idleAfter: 1m
logLevel: debug
logFormat: json
connections:
  - name: payments
    bootstrapServers: ["kafka-0:9093", "kafka-1:9093"]
    tls:
      caFile: `+ca+`
      certificateFile: `+certificate+`
      keyFile: `+key+`
      keyPasswordFile: `+keyPassword+`
    sasl:
      mechanism: scram-sha-512
      username: lagwise
      passwordFile: `+password+`
  - name: lab
    type: kafka
    bootstrapServers: ["lab:9092"]
    tls: {skipVerify: true}
  - name: plain
    bootstrapServers: ["plain:9092"]
`)
	if err != nil {
		t.Fatal(err)
	}
	if got.Listen != "127.0.0.1:7000" || got.RefreshInterval != 2*time.Second || got.MaxSnapshotAge != 30*time.Second ||
		got.IdleAfter != time.Minute || got.LogLevel != "debug" || got.LogFormat != "json" || len(got.Connections) != 3 {
		t.Errorf("read %+v", got)
	}
	payments := got.Connections["payments"].Kafka
	if payments.Name != "payments" || strings.Join(payments.BootstrapServers, " ") != "kafka-0:9093 kafka-1:9093" {
		t.Errorf("read %+v", payments.BootstrapServers)
	}
	wantSASL := cluster.SASL{Mechanism: cluster.ScramSHA512, Username: "lagwise", Password: " spaces stay "}
	if payments.SASL == nil || *payments.SASL != wantSASL {
		t.Error("mechanism, user or password differ")
	}
	wantTLS := cluster.TLS{CA: content(t, ca), Certificate: content(t, certificate), Key: cluster.Secret(content(t, key))}
	if payments.TLS == nil || *payments.TLS != wantTLS {
		t.Error("authority, certificate or key differ")
	}
	if lab := got.Connections["lab"].Kafka; lab.TLS == nil || *lab.TLS != (cluster.TLS{SkipVerify: true}) || lab.SASL != nil {
		t.Error("the lab's connection differs")
	}
	if plain := got.Connections["plain"].Kafka; plain.TLS != nil || plain.SASL != nil {
		t.Error("the plain connection differs")
	}
}

// Flags win over the environment, which wins over the file, which wins over the defaults.
func TestTheLaterTheStronger(t *testing.T) {
	t.Setenv("LAGWISE_REFRESH_INTERVAL", "3s")
	t.Setenv("LAGWISE_LOG_LEVEL", "warn")
	t.Setenv("LAGWISE_LISTEN", ":7003")
	got, err := read(t, "{refreshInterval: 2s, logLevel: debug, logFormat: json}", "--refreshInterval=4s", "--listen=:7004")
	if err != nil {
		t.Fatal(err)
	}
	if got.RefreshInterval != 4*time.Second || got.Listen != ":7004" {
		t.Errorf("flags do not win: %+v", got)
	}
	if got.LogLevel != "warn" {
		t.Errorf("the environment does not win over the file: %+v", got)
	}
	if got.LogFormat != "json" {
		t.Errorf("the file does not win over the defaults: %+v", got)
	}
}

func TestARoleForMSK(t *testing.T) {
	t.Parallel()
	for _, arn := range []string{"arn:aws:iam::123456789012:role/lagwise", "arn:aws-cn:iam::123456789012:role/service/lagwise@x"} {
		got, err := read(t, "connections: [{name: msk, bootstrapServers: ['b:9098'], tls: {}, sasl: {mechanism: AWS_MSK_IAM, awsRegion: eu-west-3, awsRoleArn: '"+arn+"', awsExternalId: id}}]")
		if err != nil {
			t.Fatal(err)
		}
		want := cluster.SASL{Mechanism: cluster.OAuthBearer, AWSRegion: "eu-west-3", AWSRoleARN: arn, AWSExternalID: "id"}
		if sasl := got.Connections["msk"].Kafka.SASL; sasl == nil || *sasl != want {
			t.Errorf("read %+v", sasl)
		}
	}
}
