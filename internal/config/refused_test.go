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
		"unknown key":             {"refreshIntervall: 5s", []string{"refreshintervall"}},
		"unknown key below":       {fmt.Sprintf(payments, "saslMechanism: PLAIN"), []string{"connections[0]", "saslmechanism"}},
		"password in the file":    {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me, password: hunter2}"), []string{"connections[0]", "sasl", "password"}},
		"no duration":             {"refreshInterval: often", []string{"refreshInterval", "invalid duration"}},
		"refreshInterval low":     {"refreshInterval: 50ms", []string{"refreshInterval 50ms", "at least 100ms"}},
		"refreshInterval below 0": {"refreshInterval: -1s", []string{"refreshInterval -1s", "at least 100ms"}},
		"maxSnapshotAge low":      {"{refreshInterval: 5s, maxSnapshotAge: 4s}", []string{"maxSnapshotAge 4s", "refreshInterval", "5s"}},
		"idleAfter low":           {"idleAfter: 10ms", []string{"idleAfter 10ms", "at least 1s"}},
		"logLevel":                {"logLevel: loud", []string{"logLevel", "loud", "debug, info, warn, error"}},
		"logFormat":               {"logFormat: xml", []string{"logFormat", "xml", "text, json"}},
		"no name":                 {"connections: [{bootstrapServers: ['kafka:9092']}]", []string{"connections[0]", "name: missing"}},
		"no brokers":              {"connections: [{name: payments}]", []string{"connections[0]", "payments", "bootstrapServers: missing", "host:port"}},
		"brokers without a port":  {"connections: [{name: payments, bootstrapServers: [kafka]}]", []string{"connections[0]", "payments", "bootstrapServers", `"kafka"`, "host:port"}},
		"an empty broker":         {"connections: [{name: payments, bootstrapServers: ['']}]", []string{"connections[0]", "payments", "bootstrapServers", "host:port"}},
		"brokers in one text":     {"connections: [{name: payments, bootstrapServers: ['a:9092, b:9092']}]", []string{"connections[0]", "payments", "a:9092, b:9092", "host:port"}},
		"a name twice": {
			"connections: [{name: payments, bootstrapServers: ['kafka:9092']}, {name: payments, bootstrapServers: ['other:9092']}]",
			[]string{"connections[1]", "payments", "taken"},
		},
		"certificate without key": {fmt.Sprintf(payments, "tls: {certificateFile: cert.pem}"), []string{"payments", "tls", "certificateFile", "keyFile"}},
		"key without certificate": {fmt.Sprintf(payments, "tls: {keyFile: key.pem}"), []string{"payments", "tls", "certificateFile", "keyFile"}},
		"CA that is not there":    {fmt.Sprintf(payments, "tls: {caFile: /no/such/ca.pem}"), []string{"payments", "tls", "caFile", "/no/such/ca.pem", "no such file"}},
		"CA without content":      {fmt.Sprintf(payments, "tls: {caFile: "+empty+"}"), []string{"payments", "tls", "caFile", "is empty"}},
		"no mechanism":            {fmt.Sprintf(payments, "sasl: {username: me, passwordFile: x}"), []string{"payments", "sasl", "mechanism", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"}},
		"unknown mechanism":       {fmt.Sprintf(payments, "sasl: {mechanism: MAGIC, username: me, passwordFile: x}"), []string{"payments", "sasl", "MAGIC", "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"}},
		"Kerberos":                {fmt.Sprintf(payments, "sasl: {mechanism: gssapi, username: me, passwordFile: x}"), []string{"payments", "GSSAPI", "without Kerberos"}},
		"no user":                 {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, passwordFile: x}"), []string{"payments", "sasl", "username and passwordFile"}},
		"no password":             {fmt.Sprintf(payments, "sasl: {mechanism: PLAIN, username: me}"), []string{"payments", "sasl", "username and passwordFile"}},
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
