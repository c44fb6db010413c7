package rabbitmq_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

// asked is what a scaler asked to be observed.
type asked struct {
	name     string
	endpoint broker.Endpoint
	want     broker.Want
}

func prod() rabbitmq.Connection {
	return rabbitmq.Connection{
		Name: "prod", AMQP: "rabbit:5672", Management: "http://rabbit:15672", Vhost: "/", Username: "lagwise", Password: "hunter2",
	}
}

// build makes the scaler of a trigger where prod is configured, and tells what it asked for.
func build(secrets bool, metadata map[string]string) (scalers.Scaler, *asked) {
	seen := &asked{}
	subscribe := func(name, _ string, endpoint broker.Endpoint, want broker.Want) (rabbitmq.Subscription, error) {
		*seen = asked{name, endpoint, want}
		return nil, errors.New("nobody here")
	}
	amqpOnly := prod()
	amqpOnly.Name, amqpOnly.Management = "amqponly", ""
	grants := map[string]rabbitmq.Grant{
		"prod": {Connection: prod()}, "amqponly": {Connection: amqpOnly}, "bank": {Connection: prod(), Namespaces: []string{"bank"}},
	}
	connections := rabbitmq.NewConnections(grants, secrets, "*.svc", "rabbit")
	return rabbitmq.New(subscribe, connections, slog.New(slog.DiscardHandler))(scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata}), seen
}

// with is metadata that is good, with pairs of keys and values; an empty value takes the key away.
func with(pairs ...string) map[string]string {
	metadata := map[string]string{"scaler": "rabbitmq", "queueName": "orders", "connection": "prod"}
	for i := 0; i < len(pairs); i += 2 {
		if metadata[pairs[i]] = pairs[i+1]; pairs[i+1] == "" {
			delete(metadata, pairs[i])
		}
	}
	return metadata
}

// Patterns may name a port; one that the URL leaves out is its scheme's.
func TestAllowedHostsAndPorts(t *testing.T) {
	t.Parallel()
	for pattern, hosts := range map[string]map[string]bool{
		"[::1]:5671":  {"amqps://[::1]": true, "amqps://[0::1]:5671": true, "amqps://[::1]:5673": false, "amqp://[::1]": false},
		"[::1]":       {"amqp://[::1]": true, "http://[::1]:15672": true, "amqp://[::2]": false},
		"rabbit:443":  {"https://rabbit": true, "https://rabbit:15671": false, "http://rabbit": false},
		"rabbit:5672": {"amqp://rabbit": true, "amqps://rabbit": false},
	} {
		for host, allowed := range hosts {
			subscribe := func(string, string, broker.Endpoint, broker.Want) (rabbitmq.Subscription, error) {
				return nil, errors.New("allowed")
			}
			connections := rabbitmq.NewConnections(nil, false, pattern)
			scaler := rabbitmq.New(subscribe, connections, slog.New(slog.DiscardHandler))(scalers.Trigger{Metadata: with("connection", "", "host", host)})
			if refused, is := scaler.(*scalers.Refused); is == allowed || is && !strings.Contains(refused.Reason().Error(), "is not among allowedBrokers") {
				t.Errorf("%s by %s: %+v", host, pattern, scaler)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	own := func(pairs ...string) map[string]string { return with(append([]string{"connection", ""}, pairs...)...) }
	for words, metadata := range map[string]map[string]string{
		"queueName: missing":                                      with("queueName", ""),
		"at most 255 bytes":                                       with("queueName", strings.Repeat("q", 256)),
		"mode: missing":                                           with("value", "40"),
		"value: missing":                                          with("mode", "QueueLength"),
		`mode "Length": want one of`:                              with("mode", "Length", "value", "1"),
		`value "-1": want a number above 0`:                       with("mode", "QueueLength", "value", "-1"),
		`value "many": want a number`:                             with("mode", "QueueLength", "value", "many"),
		"queueLength excludes mode and value":                     with("queueLength", "5", "value", "5"),
		"queueLength excludes mode":                               with("queueLength", "5", "mode", "MessageRate"),
		`operation "median": want one of sum, avg, max`:           with("operation", "median", "useRegex", "true"),
		`pageSize "0"`:                                            with("pageSize", "0"),
		`protocol "stomp"`:                                        with("protocol", "stomp"),
		`mode "MessageRate" needs the management API`:             with("protocol", "amqp", "mode", "MessageRate", "value", "5"),
		"useRegex needs the management API":                       with("protocol", "amqp", "useRegex", "true"),
		"excludeUnacknowledged needs the management API":          with("protocol", "amqp", "excludeUnacknowledged", "true"),
		"timeout needs the management API":                        with("protocol", "amqp", "timeout", "3s", "mode", "QueueLength", "value", "5"),
		`timeout "soon"`:                                          with("timeout", "soon"),
		`protocol "http" is not what connection "amqponly"`:       with("connection", "amqponly", "protocol", "http"),
		`connection "none" is not configured: want one of amqpon`: with("connection", "none"),
		`connection "bank" is not for namespace`:                  with("connection", "bank"),
		"connection and host exclude":                             with("host", "amqp://rabbit"),
		"connection and hostFromEnv exclude":                      with("hostFromEnv", "amqp://rabbit"),
		"host: missing; name a connection":                        own(),
		"host: want a URL such as http":                           own("host", "rabbit:5672"),
		"host: want a URL such as amqp":                           own("host", "amqp://rab bit:5672"),
		"hostFromEnv: want a URL such as amqp":                    own("hostFromEnv", "http://rabbit:15672", "protocol", "amqp"),
		"hostFromEnv: want a URL such as http":                    own("hostFromEnv", "amqp://rabbit", "protocol", "http"),
		`"elsewhere" is not among allowedBrokers`:                 own("host", "amqp://elsewhere"),
		`"10.0.0.1" is not among allowedBrokers`:                  own("host", "http://10.0.0.1:15672"),
		"usernameFromEnv and passwordFromEnv belong together":     own("host", "amqp://rabbit", "usernameFromEnv", "me"),
		"cacertfile name files":                                   own("host", "amqps://rabbit/?cacertfile=/etc/passwd"),
		"password: credentials never stand in metadata":           own("host", "amqp://rabbit", "password", "hunter2"),
		"host: credentials never stand in metadata":               own("host", "amqp://me:hunter2@rabbit"),
		"tls: credentials never stand in metadata":                with("tls", "enable"),
		"scope: credentials never stand in metadata":              with("scope", "rabbit"),
		`authModes "bearer": want basic, tls or oauth`:            with("authModes", "bearer"),
		"authModes: lagwise has no OAuth for RabbitMQ":            with("authModes", "tls, oauth"),
		"authMode: lagwise has no OAuth for RabbitMQ":             with("authMode", "oauth"),
		`"queuename" is not a key; did you mean queueName?`:       with("queuename", "x"),
		`"vhost" is not a key; did you mean vhostName?`:           with("vhost", "shop"),
		`"management" is not a key; did you mean host?`:           own("management", "http://rabbit:15672"),
		`"passwordFile" is not a key; did you mean connection?`:   own("passwordFile", "/etc/password"),
		`"tls.caFile" is not a key; did you mean connection?`:     with("tls.caFile", "/etc/ca.crt"),
		`"skipVerify" is not a key; did you mean brokerUnsafeSsl`: with("skipVerify", "true"),
	} {
		scaler, _ := build(true, metadata)
		_, err := scaler.Evaluate(t.Context())
		if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused || !strings.Contains(err.Error(), words) {
			t.Errorf("%v: want %q, got %v", metadata, words, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a password is repeated: %v", err)
		}
		if metric := scaler.Metric(); metric.Name == "" || metric.Target <= 0 {
			t.Errorf("%v: metric %+v", metadata, metric)
		}
	}
}

// Passwords from the workload's environment are taken where nobody can read them on their way, and never repeated.
func TestSecretsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	for name, pairs := range map[string][]string{
		"in the URL":       {"hostFromEnv", "amqp://me:hunter2@rabbit:5671/shop"},
		"in the API's URL": {"hostFromEnv", "https://me:hunter2@rabbit/shop"},
		"beside it":        {"host", "amqp://rabbit:5671/shop", "usernameFromEnv", "me", "passwordFromEnv", "hunter2"},
	} {
		metadata := with(append([]string{"connection", ""}, pairs...)...)
		scaler, _ := build(false, maps.Clone(metadata))
		_, err := scaler.Evaluate(t.Context())
		if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused || !strings.Contains(err.Error(), "not encrypted") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s, in clear: %v", name, err)
		}
		_, seen := build(true, metadata)
		if e := seen.endpoint; e.Username != "me" || string(e.Password) != "hunter2" || seen.want.Vhost != "shop" && e.Vhost != "shop" {
			t.Errorf("%s, encrypted: %s is asked as %q at %q, %q", name, e.Address, e.Username, seen.want.Vhost, e.Vhost)
		}
		if text := fmt.Sprintf("%v %+v %#v", seen.endpoint, seen.endpoint, seen.endpoint); strings.Contains(text, "hunter2") {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestWhatIsAsked(t *testing.T) {
	t.Parallel()
	amqp := broker.Endpoint{Connection: "prod", Protocol: broker.AMQP, Address: "rabbit:5672", Management: "http://rabbit:15672", Vhost: "/", Username: "lagwise", Password: "hunter2"}
	http := broker.Endpoint{Connection: "prod", Protocol: broker.HTTP, Address: "http://rabbit:15672", Username: "lagwise", Password: "hunter2"}
	alone := amqp
	alone.Connection, alone.Management = "amqponly", ""
	shop := amqp
	shop.Vhost = "shop"
	guest := broker.Endpoint{Protocol: broker.AMQP, Address: "rabbit:5672", Vhost: "/", Username: "guest", Password: "guest"}
	for name, test := range map[string]struct {
		metadata map[string]string
		endpoint broker.Endpoint
		want     broker.Want
	}{
		"http where it is":        {with(), http, broker.Want{Queue: "orders", Vhost: "/"}},
		"amqp where it is alone":  {with("connection", "amqponly"), alone, broker.Want{Queue: "orders"}},
		"amqp where it is wanted": {with("protocol", "amqp"), amqp, broker.Want{Queue: "orders"}},
		"a mode of KEDA's":        {with("authModes", "basic,tls"), http, broker.Want{Queue: "orders", Vhost: "/"}},
		"a rate":                  {with("mode", "MessageRate", "value", "1"), http, broker.Want{Queue: "orders", Vhost: "/", Rates: true}},
		"http where it is wanted": {with("protocol", "http", "timeout", "3000"), http, broker.Want{Queue: "orders", Vhost: "/", Timeout: 3e9}},
		"several":                 {with("useRegex", "true"), http, broker.Want{Queue: "orders", Vhost: "/", Pattern: true, PageSize: 100}},
		"a vhost by amqp":         {with("vhostName", "shop", "protocol", "amqp"), shop, broker.Want{Queue: "orders"}},
		"a vhost by http":         {with("vhostName", "shop", "protocol", "http"), http, broker.Want{Queue: "orders", Vhost: "shop"}},
		"a host":                  {with("connection", "", "host", "amqp://rabbit"), guest, broker.Want{Queue: "orders"}},
		"an API behind a path": {
			with("connection", "", "host", "http://rabbit.svc/admin/a%2Fb"),
			broker.Endpoint{Protocol: broker.HTTP, Address: "http://rabbit.svc/admin"},
			broker.Want{Queue: "orders", Vhost: "a/b"},
		},
	} {
		_, seen := build(false, test.metadata)
		if seen.endpoint != test.endpoint || seen.want != test.want {
			t.Errorf("%s: asked %+v at %+v", name, seen.want, seen.endpoint)
		}
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		metadata map[string]string
		want     scalers.Metric
	}{
		{with("queueName", "grading.omr-request"), scalers.Metric{Name: "rabbitmq-grading-omr-request", Target: 20}},
		{with("queueName", "a/b c", "mode", "MessageRate", "value", "0.5"), scalers.Metric{Name: "rabbitmq-a-2Fb+c", Target: 0.5}},
		{with("queueName", "orders", "value", "0"), scalers.Metric{Name: "rabbitmq-orders", Target: 20}},
		{with("queueLength", "7"), scalers.Metric{Name: "rabbitmq-orders", Target: 7}},
	} {
		if scaler, _ := build(false, test.metadata); scaler.Metric() != test.want {
			t.Errorf("%v: %+v", test.metadata, scaler.Metric())
		}
	}
}

// No configuration is at hand where manifests are read: what they name is taken to be there.
func TestAssumedConnections(t *testing.T) {
	t.Parallel()
	subscribe := func(string, string, broker.Endpoint, broker.Want) (rabbitmq.Subscription, error) {
		return nil, context.Canceled
	}
	factory := rabbitmq.New(subscribe, rabbitmq.AssumedConnections(), slog.New(slog.DiscardHandler))
	for _, metadata := range []map[string]string{
		with("connection", "any"), with("connection", "any", "mode", "MessageRate", "value", "1"),
		with("connection", "", "hostFromEnv", "RABBITMQ_URL"), with("connection", "", "hostFromEnv", "RABBITMQ_URL", "useRegex", "true"),
	} {
		if _, err := factory(scalers.Trigger{Metadata: metadata}).Evaluate(t.Context()); !errors.Is(err, context.Canceled) {
			t.Errorf("%v: %v", metadata, err)
		}
	}
}
