package rabbitmq_test

import (
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/scalers/secret"
	"github.com/lagwise/lagwise/test/certificates"
)

// logIn builds a trigger that names a TriggerAuthentication which says pairs of parameters and values, and tells what it asked for.
func logIn(metadata map[string]string, pairs ...string) (scalers.Scaler, asked) {
	delete(metadata, "connection")
	metadata["authenticationRefName"] = "login"
	credentials := map[string]secret.Text{}
	for i := 0; i < len(pairs); i += 2 {
		credentials[pairs[i]] = secret.Text(pairs[i+1])
	}
	var seen asked
	subscribe := func(name, _ string, endpoint broker.Endpoint, want broker.Want) (rabbitmq.Subscription, error) {
		seen = asked{name, endpoint, want}
		return nil, errors.New("nobody here")
	}
	connections := rabbitmq.NewConnections(nil, false, "rabbit")
	scaler := rabbitmq.New(subscribe, connections, slog.New(slog.DiscardHandler))(
		scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata, Credentials: credentials})
	return scaler, seen
}

func TestLoggingInAsKEDADoes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		metadata map[string]string
		pairs    []string
		want     broker.Endpoint
	}{
		"a host with all in it": {
			with(),
			[]string{"host", "amqp://me:hunter2@rabbit:5673/shop"},
			broker.Endpoint{Protocol: broker.AMQP, Address: "rabbit:5673", Vhost: "shop", Username: "me", Password: "hunter2"},
		},
		"a user beside the host": {
			with("host", "amqp://rabbit"),
			[]string{"username", "me", "password", "hunter2", "vhostName", "bank"},
			broker.Endpoint{Protocol: broker.AMQP, Address: "rabbit:5672", Vhost: "bank", Username: "me", Password: "hunter2"},
		},
		"metadata's host counts": {
			with("host", "amqp://rabbit/one"),
			[]string{"host", "amqp://me:hunter2@rabbit/two"},
			broker.Endpoint{Protocol: broker.AMQP, Address: "rabbit:5672", Vhost: "one", Username: "guest", Password: "guest"},
		},
		"the management API": {
			with(),
			[]string{"host", "http://me:hunter2@rabbit:15672/shop", "protocol", "http"},
			broker.Endpoint{Protocol: broker.HTTP, Address: "http://rabbit:15672", Username: "me", Password: "hunter2"},
		},
		"tls that is not enabled": {
			with(),
			[]string{"host", "amqps://rabbit", "ca", "none"},
			broker.Endpoint{Protocol: broker.AMQP, Address: "rabbit:5671", Vhost: "/", Username: "guest", Password: "guest", Encrypted: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scaler, seen := logIn(test.metadata, test.pairs...)
			if refused, is := scaler.(*scalers.Refused); is {
				t.Fatal(refused.Reason())
			}
			if !reflect.DeepEqual(seen.endpoint, test.want) {
				t.Errorf("asked %+v", seen.endpoint)
			}
		})
	}
}

func TestLoginsThatAreRefused(t *testing.T) {
	t.Parallel()
	for words, pairs := range map[string][]string{
		"host: missing":                           {"username", "hunter2", "password", "hunter2"},
		"username and password of the Trigger":    {"host", "amqp://rabbit", "password", "hunter2"},
		"clientSecret of the TriggerAuthenticat":  {"host", "amqp://rabbit", "clientSecret", "hunter2"},
		"workloadIdentityResource of the Trigger": {"host", "amqp://rabbit", "workloadIdentityResource", "hunter2"},
		"the TriggerAuthentication: ca: is not P": {"host", "amqps://rabbit", "tls", "enable", "ca", "hunter2"},
		"the TriggerAuthentication: cert: is not": {"host", "amqps://rabbit", "tls", "enable", "cert", "hunter2", "key", "hunter2"},
		"cert and key of the TriggerAuthenticati": {"host", "amqps://rabbit", "tls", "enable", "cert", "hunter2"},
		"keyPassword of the TriggerAuthenticatio": {"host", "amqps://rabbit", "tls", "enable", "key", "hunter2", "keyPassword", "hunter2"},
		"tls of the TriggerAuthentication: want ": {"host", "amqps://rabbit", "tls", "hunter2"},
		"is not among allowedBrokers":             {"host", "amqp://me:hunter2@evil"},
		"protocol of the TriggerAuthentication":   {"host", "amqp://rabbit", "protocol", "hunter2"},
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			scaler, _ := logIn(with(), pairs...)
			refused, is := scaler.(*scalers.Refused)
			if !is || !strings.Contains(refused.Reason().Error(), words) || strings.Contains(refused.Reason().Error(), "hunter2") {
				t.Errorf("%+v", scaler)
			}
		})
	}
	for _, host := range []string{"amqp://rabbit", "amqp://me:hunter2@rabbit"} {
		if scaler, _ := logIn(with("host", "amqp://me:hunter2@rabbit"), "host", host); !isRefused(scaler) {
			t.Error("a password in metadata is taken because there is a TriggerAuthentication")
		}
	}
}

func isRefused(scaler scalers.Scaler) bool {
	_, is := scaler.(*scalers.Refused)
	return is
}

func TestAnAuthenticationIsAssumedWhereNothingIsKnown(t *testing.T) {
	t.Parallel()
	subscribe := func(string, string, broker.Endpoint, broker.Want) (rabbitmq.Subscription, error) {
		return nil, errors.New("assumed")
	}
	factory := rabbitmq.New(subscribe, rabbitmq.AssumedConnections(), slog.New(slog.DiscardHandler))
	for _, more := range [][]string{nil, {"mode", "MessageRate", "value", "1"}, {"host", "amqp://rabbit"}} {
		metadata := with(append([]string{"connection", "", "authenticationRefName", "login"}, more...)...)
		if refused, is := factory(scalers.Trigger{Metadata: metadata}).(*scalers.Refused); is {
			t.Errorf("%v: %v", more, refused.Reason())
		}
	}
}

// A key without its certificate, or one that lagwise does not open, is refused before anybody connects.
func TestCertificatesThatCannotBeShownAreRefused(t *testing.T) {
	t.Parallel()
	var pairs [2]certificates.Identity
	for i := range pairs {
		authority, err := certificates.NewAuthority("authority")
		if err != nil {
			t.Fatal(err)
		}
		if pairs[i], err = authority.Identify(certificates.Subject{Name: "worker"}); err != nil {
			t.Fatal(err)
		}
	}
	certificate := string(pairs[0].Certificate)
	encrypted := strings.ReplaceAll(string(pairs[0].Key), "PRIVATE KEY", "ENCRYPTED PRIVATE KEY")
	for words, key := range map[string]string{
		"the TriggerAuthentication: key: does not belong to the certificate": string(pairs[1].Key),
		"the TriggerAuthentication: key: holds a block CERTIFICATE instead":  certificate,
		"the TriggerAuthentication: key: is encrypted; must be":              encrypted,
	} {
		scaler, _ := logIn(with(), "host", "amqps://rabbit", "tls", "enable", "cert", certificate, "key", key)
		if refused, is := scaler.(*scalers.Refused); !is || !strings.Contains(refused.Reason().Error(), words) {
			t.Errorf("want %q in %+v", words, scaler)
		}
	}
}

// KEDA asks for EXTERNAL where there is a certificate and nobody's password; its client's guest is for those who show none.
func TestACertificateIsALogin(t *testing.T) {
	t.Parallel()
	authority, err := certificates.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Identify(certificates.Subject{Name: "worker"})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{"tls", "enable", "cert", string(identity.Certificate), "key", string(identity.Key)}
	for name, test := range map[string]struct {
		pairs []string
		user  string
	}{
		"alone":                    {[]string{"host", "amqps://rabbit"}, ""},
		"and a user in the URL":    {[]string{"host", "amqps://me@rabbit"}, ""},
		"and a password there":     {[]string{"host", "amqps://me:hunter2@rabbit"}, "me"},
		"and guest's, written out": {[]string{"host", "amqps://guest:guest@rabbit"}, "guest"},
		"and a user beside it":     {[]string{"host", "amqps://rabbit", "username", "me", "password", "hunter2"}, "me"},
		"to the management API":    {[]string{"host", "https://me:hunter2@rabbit"}, "me"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scaler, seen := logIn(with(), append(test.pairs, shown...)...)
			if refused, is := scaler.(*scalers.Refused); is {
				t.Fatal(refused.Reason())
			}
			if seen.endpoint.Username != test.user || (seen.endpoint.Password == "") != (test.user == "") {
				t.Errorf("logs in as %q", seen.endpoint.Username)
			}
		})
	}
}
