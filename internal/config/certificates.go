package config

import (
	"maps"
	"os"
	"slices"
	"time"

	"github.com/lagwise/lagwise/scalers/clientcert"
)

// Certificate is the certificate of a setting that expires first.
type Certificate struct {
	// Connection is the connection's name; empty for a setting that belongs to none.
	Connection string
	// Setting is its name.
	Setting string
	clientcert.Validity

	section values
}

// Certificates lists those of every setting that names a file with certificates: lagwise's own, and what it accepts.
func (c Config) Certificates() []Certificate {
	var all []Certificate
	add := func(section values, connection, setting, content string) {
		if first, found := clientcert.FirstToExpire(content); found {
			all = append(all, Certificate{Connection: connection, Setting: setting, Validity: first, section: section})
		}
	}
	if c.TLS != nil {
		add(c.values, "", certificateFile, c.TLS.Certificate)
		add(c.values, "", clientCAFile, c.TLS.ClientCA)
	}
	for _, shown := range c.connections {
		connection := c.Connections[shown.values.text(connectionName)]
		files := connection.certificates()
		for _, setting := range slices.Sorted(maps.Keys(files)) {
			add(shown.values, connection.Name, setting, files[setting])
		}
	}
	return append(all, c.traces...)
}

// tracesVariables are those in which OpenTelemetry finds the files with the collector's authorities and lagwise's certificate.
func tracesVariables() []string {
	return []string{
		"OTEL_EXPORTER_OTLP_CERTIFICATE", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
		"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
	}
}

// tracesCertificates lists the certificates for a collector of traces. What cannot be read is left to OpenTelemetry to report.
func tracesCertificates(environment func(string) string) []Certificate {
	var all []Certificate
	for _, variable := range tracesVariables() {
		path := environment(variable)
		content, err := os.ReadFile(path) //nolint:gosec // the operator's own environment names the file
		if path == "" || err != nil {
			continue
		}
		if first, found := clientcert.FirstToExpire(string(content)); found {
			section := values{of: map[string]value{variable: {parsed: path, text: path, from: "the environment"}}}
			all = append(all, Certificate{Setting: variable, Validity: first, section: section})
		}
	}
	return all
}

// certificates returns the content of the connection's files that hold certificates, by setting.
func (c Connection) certificates() map[string]string {
	found := map[string]string{}
	if c.Kafka.TLS != nil {
		found[caFile], found[certificateFile] = c.Kafka.TLS.CA, c.Kafka.TLS.Certificate
	}
	if c.Kafka.SASL != nil && c.Kafka.SASL.OAuth != nil {
		found[tokenCAFile] = c.Kafka.SASL.OAuth.CA
	}
	if c.Kind == KindRabbitMQ {
		found[caFile], found[certificateFile] = c.RabbitMQ.TLS.CA, c.RabbitMQ.TLS.Certificate
	}
	return found
}

// warning is why the certificate is to be replaced; nil where it is not.
func (c Certificate) warning(now time.Time) error {
	if !c.ExpiresSoon(now) {
		return nil
	}
	const format = " %q: the certificate of %s %s at %s; replace it"
	verb := "expires"
	if c.NotAfter.Before(now) {
		verb = "expired"
	}
	return c.section.problem(c.Setting, format, c.section.text(c.Setting), c.Subject, verb, c.NotAfter.UTC().Format(time.RFC3339))
}
