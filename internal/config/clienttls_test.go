package config_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/youmark/pkcs8"
)

// TestCertificatesThatCannotBeUsed holds, for every place that takes a certificate, that what cannot be used is refused with the
// setting, the file, what is wrong and what is valid.
func TestCertificatesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	ca, certificate, key := identities(t)
	_, _, otherKey := identities(t)
	encrypted, password, wrong := write(t, "tls.encrypted", encryptedKey(t, content(t, key))), write(t, "password", "key secret\n"), write(t, "password", "hunter2\n")
	certificateDER, keyDER := write(t, "tls.der", derOf(t, certificate)), write(t, "key.der", derOf(t, key))
	archive := write(t, "tls.p12", "\x30\x0b\x02\x01\x03\x30\x06\x06\x01\x2a\xa0\x01\x00")
	text := write(t, "text", "hunter2")
	client := map[string]string{
		"kafka":    "connections: [{name: c, bootstrapServers: ['kafka:9092'], tls: {%s}}]",
		"rabbitmq": "connections: [{name: c, type: rabbitmq, amqp: 'amqps://rabbit', tls: {%s}}]",
	}
	server := map[string]string{"serving": "tls: {%s}"}
	authority := map[string]string{
		"kafka":    "connections: [{name: c, bootstrapServers: ['kafka:9092'], tls: {caFile: %s}}]",
		"rabbitmq": "connections: [{name: c, type: rabbitmq, amqp: 'amqps://rabbit', tls: {caFile: %s}}]",
		"tokens":   "connections: [{name: c, bootstrapServers: ['kafka:9092'], sasl: {mechanism: OAUTHBEARER, tokenUrl: 'https://login', clientId: me, clientSecretFile: " + password + ", tokenCAFile: %s}}]",
		"clients":  fmt.Sprintf("tls: {certificateFile: %s, keyFile: %s, clientCAFile: %%s}", certificate, key),
	}
	pair := func(certificate, key string, more ...string) string {
		return fmt.Sprintf("certificateFile: %s, keyFile: %s%s", certificate, key, strings.Join(more, ""))
	}
	passwordIn := func(file string) string { return ", keyPasswordFile: " + file }
	for _, test := range []struct {
		places map[string]string
		given  string
		words  []string
	}{
		{client, pair(certificate, otherKey), []string{"tls.keyFile", otherKey, "does not belong to the certificate", "must be the private key that it was issued for"}},
		{server, pair(certificate, otherKey), []string{"tls.keyFile", otherKey, "does not belong to the certificate", "must be the private key that it was issued for"}},
		{client, pair(certificate, encrypted), []string{"tls.keyPasswordFile (or tls.keyPasswordEnv): missing; the private key is encrypted"}},
		{server, pair(certificate, encrypted), []string{"tls.keyFile", encrypted, "is encrypted; must be a private key in the clear"}},
		{client, pair(certificate, encrypted, passwordIn(wrong)), []string{"tls.keyPasswordFile", wrong, "does not open the private key; must be the password"}},
		{client, pair(certificate, archive, passwordIn(password)), []string{"tls.keyFile", archive, "is a PKCS #12 archive", "must be a private key in PEM"}},
		{client, pair(archive, archive), []string{"tls.certificateFile", archive, "is a PKCS #12 archive", "must be a certificate in PEM"}},
		{server, pair(archive, archive), []string{"tls.certificateFile", archive, "is a PKCS #12 archive", "must be a certificate in PEM"}},
		{client, pair(certificateDER, key), []string{"tls.certificateFile", certificateDER, "is DER", "must be a certificate in PEM"}},
		{client, pair(certificate, keyDER), []string{"tls.keyFile", keyDER, "is DER", "must be a private key in PEM"}},
		{server, pair(certificate, keyDER), []string{"tls.keyFile", keyDER, "is DER", "must be a private key in PEM"}},
		{client, pair(text, key), []string{"tls.certificateFile", text, "is not PEM; must be a certificate in PEM"}},
		{authority, key, []string{"CAFile", key, "holds a block PRIVATE KEY instead; must hold certificates in PEM"}},
		{authority, certificateDER, []string{"CAFile", certificateDER, "is DER", "must hold certificates in PEM"}},
		{authority, archive, []string{"CAFile", archive, "is a PKCS #12 archive", "must hold certificates in PEM"}},
		{authority, text, []string{"CAFile", text, "is not PEM; must hold certificates in PEM"}},
	} {
		for place, format := range test.places {
			_, err := read(t, fmt.Sprintf(format, test.given))
			if err == nil {
				t.Errorf("%s, %s: not refused", place, test.given)
				continue
			}
			for _, word := range test.words {
				if !strings.Contains(strings.ReplaceAll(err.Error(), "caFile", "CAFile"), word) {
					t.Errorf("%s, %s: %q is not in: %v", place, test.given, word, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the message repeats a secret: %v", place, err)
			}
		}
	}
	for place, format := range client {
		for _, good := range []string{pair(certificate, key), pair(certificate, key, passwordIn(wrong)), pair(certificate, encrypted, passwordIn(password), ", caFile: "+ca)} {
			if _, err := read(t, fmt.Sprintf(format, good)); err != nil {
				t.Errorf("%s: %v", place, err)
			}
		}
	}
}

// A secret that the environment gives is named by the setting that names the variable.
func TestAKeyInTheEnvironmentIsNamed(t *testing.T) {
	_, certificate, _ := identities(t)
	t.Setenv("THE_KEY", "hunter2")
	_, err := read(t, fmt.Sprintf("connections: [{name: c, bootstrapServers: ['kafka:9092'], tls: {certificateFile: %s, keyEnv: THE_KEY}}]", certificate))
	if err == nil || !strings.Contains(err.Error(), `tls.keyEnv "THE_KEY": is not PEM`) || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func derOf(t *testing.T, file string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(content(t, file)))
	return string(block.Bytes)
}

// encryptedKey is a key in PEM with the password "key secret".
func encryptedKey(t *testing.T, key string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := pkcs8.MarshalPrivateKey(parsed, []byte("key secret"), nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: encrypted}))
}
