package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/certificates"
)

// expiring writes an authority that is valid for a day, and a certificate of it that is valid so long with its key.
func expiring(t *testing.T, valid time.Duration) (ca, certificate, key string) {
	t.Helper()
	authority, err := certificates.NewAuthority("ours")
	if err != nil {
		t.Fatal(err)
	}
	lagwise, err := authority.Identify(certificates.Subject{Name: "lagwise", Expires: time.Now().Add(valid)})
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "ca.crt", string(authority.Certificate)), write(t, "tls.crt", string(lagwise.Certificate)), write(t, "tls.key", string(lagwise.Key))
}

// encryptedEverywhere has certificates in every setting that takes one.
func encryptedEverywhere(ca, certificate, key, secret string) string {
	return fmt.Sprintf(`
tls: {certificateFile: %[2]s, keyFile: %[3]s, clientCAFile: %[1]s}
connections:
  - name: payments
    bootstrapServers: ["kafka:9093"]
    tls: {caFile: %[1]s, certificateFile: %[2]s, keyFile: %[3]s}
    sasl: {mechanism: OAUTHBEARER, tokenUrl: "https://login/token", clientId: me, clientSecretFile: %[4]s, tokenCAFile: %[1]s}
  - name: rabbit
    type: rabbitmq
    amqp: amqps://rabbit
    tls: {caFile: %[1]s, certificateFile: %[2]s, keyFile: %[3]s}
  - name: plain
    bootstrapServers: ["plain:9092"]
  - {name: nr, type: new-relic, queryKeyFile: %[4]s}
`, ca, certificate, key, secret)
}

func TestEveryCertificateIsListed(t *testing.T) {
	t.Parallel()
	ca, certificate, key := identities(t)
	settings, err := read(t, encryptedEverywhere(ca, certificate, key, write(t, "secret", "x")))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range settings.Certificates() {
		got = append(got, strings.TrimSpace(one.Connection+" "+one.Setting+" "+one.Subject))
		if time.Until(one.NotAfter) < 23*time.Hour {
			t.Errorf("%+v", one)
		}
	}
	slices.Sort(got)
	want := []string{
		"payments sasl.tokenCAFile CN=ours", "payments tls.caFile CN=ours", "payments tls.certificateFile CN=lagwise",
		"rabbit tls.caFile CN=ours", "rabbit tls.certificateFile CN=lagwise",
		"tls.certificateFile CN=lagwise", "tls.clientCAFile CN=ours",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if plain, err := read(t, ""); err != nil || len(plain.Certificates()) > 0 {
		t.Errorf("%v, %v", plain.Certificates(), err)
	}
}

func TestCertificatesForACollectorOfTracesAreListed(t *testing.T) {
	ca, certificate, _ := identities(t)
	t.Setenv("OTEL_EXPORTER_OTLP_CERTIFICATE", ca)
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", certificate)
	t.Setenv("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/nowhere")
	for text, want := range map[string]int{"": 0, "traces: {endpoint: 'https://collector:4318'}": 2} {
		settings, err := read(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := settings.Certificates(); len(got) != want {
			t.Errorf("%q: %+v", text, got)
		}
		warnings := settings.Warnings(time.Now().Add(25 * time.Hour))
		if len(warnings) != want || want > 0 && !strings.HasPrefix(warnings[0], fmt.Sprintf("the environment: OTEL_EXPORTER_OTLP_CERTIFICATE %q: the certificate of CN=ours expired", ca)) {
			t.Errorf("%q: warned %q", text, warnings)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	secret := write(t, "secret", "hunter2")
	ca, certificate, key := identities(t)
	kafka := func(more string) string {
		return "connections: [{name: k, bootstrapServers: ['kafka:9092'], " + more + "}]"
	}
	rabbit := func(more string) string { return "connections: [{name: r, type: rabbitmq, " + more + "}]" }
	login := "username: me, passwordFile: " + secret
	oauth := "tokenUrl: '%s://login/token', clientId: me, clientSecretFile: " + secret
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                 {"", nil},
		"encrypted everywhere":    {encryptedEverywhere(ca, certificate, key, secret), nil},
		"PLAIN in clear":          {kafka("sasl: {mechanism: plain, " + login + "}"), []string{`lagwise.yaml:1: connections[0] "k": sasl.mechanism PLAIN without tls`}},
		"PLAIN, encrypted":        {kafka("tls: {}, sasl: {mechanism: PLAIN, " + login + "}"), nil},
		"SCRAM in clear":          {kafka("sasl: {mechanism: SCRAM-SHA-256, " + login + "}"), nil},
		"token in clear":          {kafka("sasl: {mechanism: OAUTHBEARER, " + fmt.Sprintf(oauth, "https") + "}"), []string{"sasl.mechanism OAUTHBEARER without tls: the token"}},
		"secret for tokens":       {kafka("tls: {}, sasl: {mechanism: OAUTHBEARER, " + fmt.Sprintf(oauth, "HTTP") + "}"), []string{`sasl.tokenUrl "HTTP://login/token": the client secret is sent in clear text`}},
		"any broker":              {kafka("tls: {skipVerify: true}"), []string{`"k": tls.skipVerify true: any certificate is accepted`}},
		"password by AMQP":        {rabbit("amqp: 'amqp://rabbit', " + login), []string{`"r": amqp "amqp://rabbit": the password is sent in clear text; use amqps:`}},
		"nobody by AMQP":          {rabbit("amqp: 'amqp://rabbit'"), nil},
		"password by HTTP":        {rabbit("amqp: 'amqps://rabbit', management: 'http://rabbit:15672', " + login), []string{`management "http://rabbit:15672": the password is sent in clear text`}},
		"any certificate":         {rabbit("amqp: 'amqps://rabbit', tls: {skipVerify: true}, " + login), []string{"tls.skipVerify true"}},
		"New Relic's query key":   {"connections: [{name: n, type: new-relic, url: 'http://proxy', queryKeyFile: " + secret + "}]", []string{`"n": url "http://proxy": the query key is sent`}},
		"New Relic by encryption": {"connections: [{name: n, type: new-relic, url: 'https://proxy', queryKeyFile: " + secret + "}]", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings, err := read(t, test.text)
			if err != nil {
				t.Fatal(err)
			}
			wantWarnings(t, settings.Warnings(time.Now()), test.want)
		})
	}
}

func TestWarningsOfCertificatesThatExpire(t *testing.T) {
	t.Parallel()
	ca, certificate, key := expiring(t, time.Minute)
	settings, err := read(t, encryptedEverywhere(ca, certificate, key, write(t, "secret", "x")))
	if err != nil {
		t.Fatal(err)
	}
	soon := fmt.Sprintf("tls.certificateFile %q: the certificate of CN=lagwise expires at ", certificate)
	wantWarnings(t, settings.Warnings(time.Now()), []string{
		"lagwise.yaml:2: " + soon, `lagwise.yaml:6: connections[0] "payments": ` + soon, `lagwise.yaml:11: connections[1] "rabbit": ` + soon,
	})
	tomorrow := settings.Warnings(time.Now().Add(25 * time.Hour))
	if len(tomorrow) != 7 || !strings.Contains(tomorrow[0], "the certificate of CN=lagwise expired at ") {
		t.Errorf("tomorrow %q", tomorrow)
	}
}

func wantWarnings(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	for i, words := range want {
		if !strings.Contains(got[i], words) || strings.Contains(got[i], "hunter2") {
			t.Errorf("got %q, want %q", got[i], words)
		}
	}
}
