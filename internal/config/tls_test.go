package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/test/certificates"
)

// identities writes an authority, and a certificate of it with its key, and returns the paths.
func identities(t *testing.T) (ca, certificate, key string) {
	t.Helper()
	authority, err := certificates.NewAuthority("ours")
	if err != nil {
		t.Fatal(err)
	}
	lagwise, err := authority.Identify(certificates.Subject{Name: "lagwise"})
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "ca.crt", string(authority.Certificate)), write(t, "tls.crt", string(lagwise.Certificate)), write(t, "tls.key", string(lagwise.Key))
}

func TestTLSOfTheServer(t *testing.T) {
	t.Parallel()
	ca, certificate, key := identities(t)
	got, err := read(t, fmt.Sprintf(`
triggerAuthentications: true
clusterObjectNamespace: keda-system
tls: {certificateFile: %s, keyFile: %s, clientCAFile: %s, clientNames: [keda-operator]}
connections: [{name: prod, bootstrapServers: ['kafka:9092'], namespaces: [shop, 'team-*']}]`, certificate, key, ca))
	if err != nil {
		t.Fatal(err)
	}
	if _, clients, err := got.TLS.Parse(); err != nil || clients == nil || !slices.Equal(got.TLS.ClientNames, []string{"keda-operator"}) {
		t.Errorf("clients %v of names %v: %v", clients, got.TLS.ClientNames, err)
	}
	if !slices.Equal(got.Connections["prod"].Namespaces, []string{"shop", "team-*"}) {
		t.Errorf("namespaces %q", got.Connections["prod"].Namespaces)
	}
	if !got.TriggerAuthentications || got.ClusterObjectNamespace != "keda-system" || got.ServiceAccountFolder != "/var/run/secrets/kubernetes.io/serviceaccount" {
		t.Errorf("authentications %t, %s, %s", got.TriggerAuthentications, got.ClusterObjectNamespace, got.ServiceAccountFolder)
	}
	if plain, err := read(t, ""); err != nil || plain.TLS != nil || plain.TriggerAuthentications {
		t.Errorf("TLS by default: %v, %v", plain.TLS, err)
	}
}

func TestTLSThatCannotBe(t *testing.T) {
	t.Parallel()
	ca, certificate, key := identities(t)
	_, otherCertificate, _ := identities(t)
	const namespaces = "\nconnections: [{name: prod, bootstrapServers: ['kafka:9092'], namespaces: %s}]"
	encrypted := fmt.Sprintf("certificateFile: %s, keyFile: %s", certificate, key)
	for name, test := range map[string]struct{ text, words string }{
		"no key":                       {"tls: {certificateFile: " + certificate + "}", "tls.certificateFile and tls.keyFile belong together"},
		"another's key":                {fmt.Sprintf("tls: {certificateFile: %s, keyFile: %s}", otherCertificate, key), "tls.key\": does not belong to the certificate"},
		"no certificate":               {fmt.Sprintf("tls: {certificateFile: %s, keyFile: %s}", key, key), "holds a block PRIVATE KEY instead; must be a certificate in PEM"},
		"authority in no PEM":          {fmt.Sprintf("tls: {%s, clientCAFile: %s}", encrypted, key), "must hold certificates in PEM"},
		"authority without encryption": {"tls: {clientCAFile: " + ca + "}", "tls.clientCAFile needs tls.certificateFile"},
		"names without authority":      {fmt.Sprintf("tls: {%s, clientNames: [keda]}", encrypted), "tls.clientNames needs tls.clientCAFile"},
		"no pattern":                   {fmt.Sprintf("tls: {%s, clientCAFile: %s, clientNames: ['[a']}", encrypted, ca), `"[a" is no pattern`},
		"namespaces, unencrypted":      {strings.TrimSpace(fmt.Sprintf(namespaces, "[shop]")), `connections[0] "prod": namespaces: a trigger's namespace is what the client says`},
		"namespaces, any client":       {fmt.Sprintf("tls: {%s}", encrypted) + fmt.Sprintf(namespaces, "[shop]"), "tls.clientCAFile and tls.clientNames"},
		"authentications, unencrypted": {"triggerAuthentications: true", "triggerAuthentications: a trigger's namespace is what the client says"},
		"authentications, any of ours": {fmt.Sprintf("triggerAuthentications: true\ntls: {%s, clientCAFile: %s}", encrypted, ca), "tls.clientNames"},
		"namespaces, any of ours":      {fmt.Sprintf("tls: {%s, clientCAFile: %s}", encrypted, ca) + fmt.Sprintf(namespaces, "[]"), "tls.clientNames"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := read(t, test.text); err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("want %q in: %v", test.words, err)
			}
		})
	}
}
