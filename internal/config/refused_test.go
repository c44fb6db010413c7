package config_test

import (
	"fmt"
	"strings"
	"testing"
)

// What is wrong must be called by its name: the reader of the message sees a crashed Pod and nothing else.
func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	const payments = "connections: [{name: payments, bootstrapServers: ['kafka:9092'], %s}]"
	empty := write(t, "empty", "")
	for name, test := range map[string]struct {
		text  string
		words []string
	}{
		"no YAML":                 {"listen: [", []string{"yaml"}},
		"unknown key":             {"refreshIntervall: 5s", []string{"lagwise.yaml:1: ", `"refreshIntervall"`, "did you mean refreshInterval?"}},
		"unknown key below":       {fmt.Sprintf(payments, "saslMechanism: PLAIN"), []string{"connections[0]", "saslMechanism", "did you mean sasl.mechanism?"}},
		"password in the file":    {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me, password: hunter2}"), []string{"connections[0]", "sasl.password", "never stand in the configuration", "sasl.passwordFile or sasl.passwordEnv"}},
		"no duration":             {"refreshInterval: often", []string{"refreshInterval", "often", "30s"}},
		"refreshInterval low":     {"refreshInterval: 50ms", []string{`refreshInterval "50ms"`, "at least 100ms"}},
		"refreshInterval below 0": {"refreshInterval: -1s", []string{`refreshInterval "-1s"`, "at least 100ms"}},
		"maxSnapshotAge low":      {"{refreshInterval: 5s, maxSnapshotAge: 4s}", []string{"maxSnapshotAge 4s", "refreshInterval", "5s"}},
		"idleAfter low":           {"idleAfter: 10ms", []string{`idleAfter "10ms"`, "at least 1s"}},
		"logLevel":                {"logLevel: loud", []string{"logLevel", "loud", "debug, info, warn, error"}},
		"logFormat":               {"logFormat: xml", []string{"logFormat", "xml", "text, json"}},
		"a document too many":     {"listen: ':1'\n---\nlisten: ':2'", []string{"second document"}},
		"a setting twice":         {"listen: ':1'\nlisten: ':2'", []string{"lagwise.yaml:2: ", "listen", "line 1"}},
		"a list for a value":      {"listen: [':1']", []string{"lagwise.yaml:1: ", "listen", "single value"}},
		"a value for a list":      {"connections: [{name: payments, bootstrapServers: 'kafka:9092'}]", []string{"bootstrapServers", "a list"}},
		"a value for a group":     {"limits: 5", []string{"lagwise.yaml:1: ", "limits", "settings below it"}},
		"no group":                {"connections: [{name: payments, bootstrapServers: ['kafka:9092'], tls: }]", []string{"payments", "tls: {}"}},
		"a limit of none":         {"limits: {\n triggers: 0}", []string{"lagwise.yaml:2: ", "limits.triggers", "at least 1"}},
		"too many looks":          {"limits: {rabbitmqLooksPerSecond: 100001}", []string{`limits.rabbitmqLooksPerSecond "100001"`, "from 1 to 100000"}},
		"connections as settings": {"connections: {name: payments}", []string{"connections", "a list"}},
		"a connection as text":    {"connections: [payments]", []string{"connections[0]", "NAME: VALUE"}},
		"a kind of connection":    {"connections: [{name: payments, type: carrier-pigeon}]", []string{`"payments"`, `type "carrier-pigeon"`, "kafka"}},
		"a name with a colon":     {"connections: [{name: 'a:1', bootstrapServers: ['kafka:9092']}]", []string{"connections[0]", "name", "colons"}},
		"two secrets for one":     {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me, passwordFile: x, passwordEnv: Y}"), []string{"sasl.passwordFile and sasl.passwordEnv exclude"}},
		"no such variable":        {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me, passwordEnv: NO_SUCH}"), []string{"sasl.passwordEnv", "NO_SUCH"}},
		"no name":                 {"connections: [{bootstrapServers: ['kafka:9092']}]", []string{"connections[0]", "name: missing"}},
		"no brokers":              {"connections: [{name: payments}]", []string{"connections[0]", "payments", "bootstrapServers: missing", "host:port"}},
		"brokers without a port":  {"connections: [{name: payments, bootstrapServers: [kafka]}]", []string{"connections[0]", "payments", "bootstrapServers", `"kafka"`, "host:port"}},
		"an empty broker":         {"connections: [{name: payments, bootstrapServers: ['']}]", []string{"connections[0]", "payments", "bootstrapServers", "host:port"}},
		"brokers with a password": {"connections: [{name: payments, bootstrapServers: ['me:hunter2@kafka:9092']}]", []string{"payments", "bootstrapServers (hidden)", "without user and password", "sasl.passwordFile"}},
		"a broker with a user":    {"connections: [{name: payments, bootstrapServers: ['me@kafka:9092']}]", []string{"bootstrapServers (hidden)", "without user and password"}},
		"brokers in one text":     {"connections: [{name: payments, bootstrapServers: ['a:9092, b:9092']}]", []string{"connections[0]", "payments", "a:9092, b:9092", "host:port"}},
		"RabbitMQ nowhere":        {"connections: [{name: r, type: rabbitmq}]", []string{`"r"`, "amqp: missing", "management"}},
		"RabbitMQ with a user":    {"connections: [{name: r, type: rabbitmq, amqp: 'amqp://me:hunter2@rabbit'}]", []string{`"r"`, "amqp (hidden)", "without user"}},
		"RabbitMQ with a vhost":   {"connections: [{name: r, type: rabbitmq, amqp: 'amqp://rabbit/shop'}]", []string{`"r"`, "amqp://rabbit/shop", "without user and vhost"}},
		"RabbitMQ by HTTP":        {"connections: [{name: r, type: rabbitmq, amqp: 'http://rabbit:15672'}]", []string{"amqp", "want a URL such as amqp://"}},
		"RabbitMQ, no password":   {"connections: [{name: r, type: rabbitmq, amqp: 'amqp://rabbit', username: me}]", []string{`"r"`, "username", "passwordFile"}},
		"RabbitMQ, no user":       {"connections: [{name: r, type: rabbitmq, amqp: 'amqp://rabbit', passwordFile: " + empty + "}]", []string{`"r"`, "username", "passwordFile"}},
		"RabbitMQ, a bad CA":      {"connections: [{name: r, type: rabbitmq, amqp: 'amqps://rabbit', tls: {caFile: " + write(t, "ca", "x") + "}}]", []string{`"r"`, "tls.caFile", "PEM"}},
		"RabbitMQ, half a pair":   {"connections: [{name: r, type: rabbitmq, amqp: 'amqps://rabbit', tls: {certificateFile: x}}]", []string{`"r"`, "tls.keyFile"}},
		"RabbitMQ in clear, a CA": {"connections: [{name: r, type: rabbitmq, amqp: 'amqp://rabbit', management: 'http://rabbit', tls: {caFile: x}}]", []string{`"r"`, "tls", "say amqps or https"}},
		"RabbitMQ, not EXTERNAL":  {"connections: [{name: r, type: rabbitmq, amqp: 'amqp://rabbit', management: 'https://rabbit', tls: {certificateFile: x, keyFile: y}}]", []string{`"r"`, "tls.certificateFile", "say amqps"}},
		"a collector's scheme":    {"traces: {endpoint: 'htps://collector:4318'}", []string{"lagwise.yaml:1: ", "traces.endpoint", "want a URL"}},
		"a collector with a user": {"traces: {endpoint: 'http://me:hunter2@collector'}", []string{"traces.endpoint (hidden)", "without a user"}},
		"a name twice": {
			"connections: [{name: payments, bootstrapServers: ['kafka:9092']}, {name: payments, bootstrapServers: ['other:9092']}]",
			[]string{"connections[1]", "payments", "taken"},
		},
		"certificate without key": {fmt.Sprintf(payments, "tls: {certificateFile: cert.pem}"), []string{"payments", "tls", "certificateFile", "keyFile"}},
		"key without certificate": {fmt.Sprintf(payments, "tls: {keyFile: key.pem}"), []string{"payments", "tls", "certificateFile", "keyFile"}},
		"CA that is not there":    {fmt.Sprintf(payments, "tls: {caFile: /no/such/ca.pem}"), []string{"payments", "tls", "caFile", "/no/such/ca.pem", "no such file"}},
		"CA without content":      {fmt.Sprintf(payments, "tls: {caFile: "+empty+"}"), []string{"payments", "tls", "caFile", "is empty"}},
		"no mechanism":            {fmt.Sprintf(payments, "sasl: {username: me, passwordFile: x}"), []string{"payments", "sasl", "mechanism", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM"}},
		"unknown mechanism":       {fmt.Sprintf(payments, "sasl: {mechanism: MAGIC, username: me, passwordFile: x}"), []string{"payments", "sasl", "MAGIC", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM"}},
		"Kerberos":                {fmt.Sprintf(payments, "sasl: {mechanism: gssapi, username: me, passwordFile: x}"), []string{"payments", "gssapi", "without Kerberos"}},
		"no token URL":            {fmt.Sprintf(payments, "sasl: {mechanism: OAUTHBEARER, clientId: me, clientSecretFile: x}"), []string{"sasl.mechanism OAUTHBEARER needs sasl.tokenUrl"}},
		"a URL without a host":    {fmt.Sprintf(payments, "sasl: {mechanism: OAUTHBEARER, tokenUrl: login/token}"), []string{"sasl.tokenUrl", "want a URL"}},
		"a URL with a user":       {fmt.Sprintf(payments, "sasl: {mechanism: OAUTHBEARER, tokenUrl: 'https://me:hunter2@login/token'}"), []string{"sasl.tokenUrl", "without a user"}},
		"an extension by itself":  {fmt.Sprintf(payments, "sasl: {mechanism: OAUTHBEARER, extensions: [logicalCluster]}"), []string{"sasl.extensions", "NAME=VALUE"}},
		"no role":                 {fmt.Sprintf(payments, "sasl: {mechanism: aws_msk_iam, awsRegion: eu-west-3, awsRoleArn: lagwise}"), []string{"payments", `sasl.awsRoleArn "lagwise"`, "such as arn:aws:iam::123456789012:role/lagwise"}},
		"a user's ARN":            {fmt.Sprintf(payments, "sasl: {mechanism: aws_msk_iam, awsRegion: eu-west-3, awsRoleArn: 'arn:aws:iam::123456789012:user/me'}"), []string{"sasl.awsRoleArn", "the ARN of an IAM role"}},
		"a role for a password":   {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me, passwordFile: x, awsRoleArn: 'arn:aws:iam::123456789012:role/r'}"), []string{`sasl.awsRoleArn "arn:aws:iam::123456789012:role/r"`, "needs sasl.mechanism AWS_MSK_IAM, got PLAIN"}},
		"an ID without a role":    {fmt.Sprintf(payments, "sasl: {mechanism: aws_msk_iam, awsRegion: eu-west-3, awsExternalId: me}"), []string{`sasl.awsExternalId "me"`, "needs sasl.awsRoleArn"}},
		"no region":               {fmt.Sprintf(payments, "sasl: {mechanism: aws_msk_iam}"), []string{"sasl.mechanism AWS_MSK_IAM needs sasl.awsRegion"}},
		"no user":                 {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, passwordFile: x}"), []string{"payments", "sasl.username and sasl.passwordFile"}},
		"no password":             {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me}"), []string{"payments", "sasl.username and sasl.passwordFile"}},
		"password that is not there": {
			fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me, passwordFile: /no/such/password}"),
			[]string{"payments", "sasl", "passwordFile", "/no/such/password", "no such file"},
		},
		"password without content": {
			fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me, passwordFile: "+empty+"}"),
			[]string{"payments", "sasl", "passwordFile", "is empty"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(t, test.text)
			if err == nil {
				t.Fatal("nothing is refused")
			}
			for _, word := range test.words {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%q is not in: %v", word, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the message repeats a secret: %v", err)
			}
		})
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	if _, err := readPath(t, "/no/such/lagwise.yaml"); err == nil || !strings.Contains(err.Error(), "/no/such/lagwise.yaml") {
		t.Errorf("want an error that names the file, got %v", err)
	}
}

// All mistakes are told at once, each with its place.
func TestEveryMistakeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	_, err := read(t, "refreshIntervall: 2s\nidleAfter: soon\nconnections:\n- name: prod\n  bootstrapServers: [kafka]\n", "--maxSnapshotAge=never")
	if err == nil {
		t.Fatal("nothing is refused")
	}
	for _, words := range []string{"lagwise.yaml:1: ", "lagwise.yaml:2: idleAfter", `lagwise.yaml:5: connections[0] "prod": bootstrapServers`, "--maxSnapshotAge: "} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in: %v", words, err)
		}
	}
}

func TestMisspeltVariable(t *testing.T) {
	t.Setenv("LAGWISE_REFRESHINTERVAL", "3s")
	t.Setenv("LAGWISE_PORT", "tcp://10.0.0.1:6000") // Kubernetes sets it where a Service is called lagwise
	_, err := read(t, "")
	if err == nil || !strings.Contains(err.Error(), "LAGWISE_REFRESHINTERVAL is not a setting; did you mean LAGWISE_REFRESH_INTERVAL?") ||
		strings.Contains(err.Error(), "LAGWISE_PORT") {
		t.Errorf("want the misspelt variable alone: %v", err)
	}
}

func TestVariableIsNamed(t *testing.T) {
	t.Setenv("LAGWISE_LIMITS_TRIGGERS", "none")
	if _, err := read(t, ""); err == nil || !strings.HasPrefix(err.Error(), `LAGWISE_LIMITS_TRIGGERS: limits.triggers "none": want a whole number`) {
		t.Errorf("the error is %v", err)
	}
}

// The variable of a name with a brand in it is one that people would guess.
func TestLooksPerSecond(t *testing.T) {
	if settings, err := read(t, "limits: {rabbitmqLooksPerSecond: 7}"); err != nil || settings.LooksPerSecond != 7 {
		t.Errorf("%d looks, %v", settings.LooksPerSecond, err)
	}
	t.Setenv("LAGWISE_LIMITS_RABBITMQ_LOOKS_PER_SECOND", "8")
	if settings, err := read(t, ""); err != nil || settings.LooksPerSecond != 8 {
		t.Errorf("%d looks, %v", settings.LooksPerSecond, err)
	}
}

// TestMatrix: what is refused of one setting is told with the setting, the value and what would be valid, whatever the value.
func TestMatrix(t *testing.T) {
	t.Parallel()
	const msk = "connections: [{name: msk, bootstrapServers: ['b:9098'], tls: {}, sasl: {mechanism: AWS_MSK_IAM, awsRegion: eu-west-3, %s: %q}}]"
	for setting, test := range map[string]struct {
		format string
		values []string
		valid  string
	}{
		"allowedBrokers": {
			"%s: [%q]",
			[]string{"in cluster", "[::g]", "[::1]:0", "[::1]:65536", "[::1]9092", "[fe80::1%eth0]", "fe80::1%eth0", "[::1", "[a", "kafka:port", ":9092", "::1::"},
			`want a host or address, in which * stands for any letters, with or without a port, such as "*.kafka.svc", "kafka-0:9092", "::1" or "[::1]:9092"`,
		},
		"listen": {
			"health: {%s: %q}",
			[]string{"8082", "localhost", "localhost:", "::1"},
			`want an address with a port, such as ":8082" or "127.0.0.1:8082"`,
		},
		"awsRoleArn": {
			msk,
			[]string{"lagwise", "arn:aws:iam::123456789012:user/me", "arn:aws:iam::1234:role/me", "arn:aws:sts::123456789012:role/me", "arn:aws:iam::123456789012:role/", "arn:aws:iam::123456789012:role/a b"},
			"want the ARN of an IAM role, such as arn:aws:iam::123456789012:role/lagwise",
		},
		"awsExternalId": {msk, []string{"id"}, "needs sasl.awsRoleArn, the role to assume"},
	} {
		for _, value := range test.values {
			_, err := read(t, fmt.Sprintf(test.format, setting, value))
			if err == nil {
				t.Errorf("%s %s: not refused", setting, value)
				continue
			}
			for _, word := range []string{"lagwise.yaml:1: ", setting, value, test.valid} {
				if !strings.Contains(err.Error(), word) {
					t.Errorf("%s %s: %q is not in: %v", setting, value, word, err)
				}
			}
		}
	}
}
