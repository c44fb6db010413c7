package config

import (
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Warnings lists what is allowed, and unsafe or about to fail: credentials that are sent in clear text, certificates that are not
// verified, and certificates that expire soon. Each names the setting and where it stands.
func (c Config) Warnings(now time.Time) []string {
	var found []error
	for _, certificate := range c.Certificates() {
		found = append(found, certificate.warning(now))
	}
	for _, shown := range c.connections {
		connection := c.Connections[shown.values.text(connectionName)]
		switch connection.Kind {
		case KindKafka:
			found = append(found, kafkaWarnings(connection.Kafka, shown.values)...)
		case KindRabbitMQ:
			found = append(found, rabbitWarnings(shown.values)...)
		case KindNewRelic:
			found = append(found, clearText(shown.values, newRelicURL, "http:", "the query key"))
		}
		if shown.values.flag(skipVerify) {
			found = append(found, shown.values.problem(skipVerify, " true: any certificate is accepted, also one of an attacker; give tls.caFile instead"))
		}
	}
	var warnings []string
	for _, warning := range found {
		if warning != nil {
			warnings = append(warnings, warning.Error())
		}
	}
	return warnings
}

func kafkaWarnings(connection cluster.Connection, v values) []error {
	found := []error{clearText(v, tokenURL, "http:", "the client secret")}
	if connection.SASL == nil || connection.TLS != nil {
		return found
	}
	switch connection.SASL.Mechanism {
	case cluster.Plain:
		found = append(found, v.problem(mechanism, " PLAIN without tls: the password is sent in clear text; add tls, or use SCRAM-SHA-512"))
	case cluster.OAuthBearer:
		found = append(found, v.problem(mechanism, " %s without tls: the token is sent in clear text; add tls", strings.ToUpper(v.text(mechanism))))
	case cluster.ScramSHA256, cluster.ScramSHA512: // send no password
	}
	return found
}

func rabbitWarnings(v values) []error {
	if v.text(rabbitUsername) == "" {
		return nil
	}
	return []error{clearText(v, rabbitAMQP, "amqp:", "the password"), clearText(v, rabbitManagement, "http:", "the password")}
}

// clearText is a warning about a setting whose URL has a scheme that does not encrypt.
func clearText(v values, setting, scheme, secret string) error {
	if !strings.HasPrefix(strings.ToLower(v.text(setting)), scheme) {
		return nil
	}
	return v.problem(setting, " %q: %s is sent in clear text; use %s", v.text(setting), secret, strings.Replace(scheme, ":", "s:", 1))
}
