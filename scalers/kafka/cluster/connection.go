package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Secret is text that no log, error or page may show. Only this package reads what is inside.
type Secret string

// String hides the secret from everybody who asks for text.
func (Secret) String() string { return "(hidden)" }

// Format hides the secret from every verb of fmt, those that no String method is asked for included.
func (s Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.String()) }

// MarshalText hides the secret from encoders, slog's among them.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Mechanism is a SASL mechanism by Kafka's own name.
type Mechanism string

// The mechanisms that lagwise can use.
const (
	Plain       Mechanism = "PLAIN"
	ScramSHA256 Mechanism = "SCRAM-SHA-256"
	ScramSHA512 Mechanism = "SCRAM-SHA-512"
)

// SASL is how a connection says who it is.
type SASL struct {
	Mechanism Mechanism
	Username  string
	Password  Secret
}

// TLS is how a connection is encrypted. All fields may be empty: then the system's authorities are trusted and no client
// certificate is shown.
type TLS struct {
	// CA, Certificate and Key are PEM.
	CA          string
	Certificate string
	Key         Secret
	KeyPassword Secret
	// SkipVerify accepts any broker certificate.
	SkipVerify bool
}

// Connection is a Kafka cluster and the identity to use there. Connections that are equal share one session.
type Connection struct {
	// Name is for people: a configured connection's name, or the bootstrap servers.
	Name             string
	BootstrapServers []string
	TLS              *TLS
	SASL             *SASL
}

// String is the connection's name alone: behind a pointer inside a struct, fmt's %s would show secrets after all.
func (c Connection) String() string { return c.Name }

// Limits on waiting inside librdkafka. A dead broker must be noticed well before an observation grows too old to serve.
const (
	socketTimeout  = 10 * time.Second
	connectTimeout = 3 * time.Second
	firstReconnect = 100 * time.Millisecond
	lastReconnect  = 2 * time.Second
	sessionGroup   = "lagwise"
	metadataMaxAge = 5 * time.Minute
)

// config is the librdkafka configuration of the client that all admin requests of a session go through. It joins no
// group and commits nothing; the group's name is there because librdkafka wants one.
func (c Connection) config() *kafka.ConfigMap {
	config := kafka.ConfigMap{
		"client.id":                          "lagwise",
		"group.id":                           sessionGroup,
		"bootstrap.servers":                  strings.Join(c.BootstrapServers, ","),
		"enable.auto.commit":                 false,
		"allow.auto.create.topics":           false,
		"socket.timeout.ms":                  int(socketTimeout.Milliseconds()),
		"socket.connection.setup.timeout.ms": int(connectTimeout.Milliseconds()),
		"reconnect.backoff.ms":               int(firstReconnect.Milliseconds()),
		"reconnect.backoff.max.ms":           int(lastReconnect.Milliseconds()),
		"metadata.max.age.ms":                int(metadataMaxAge.Milliseconds()),
		"log.connection.close":               false,
		"security.protocol":                  c.protocol(),
		// librdkafka's own log lines would go to stderr unstructured; what matters arrives as error events.
		"log_level": 0,
	}
	if c.TLS != nil {
		c.TLS.configure(config)
	}
	if c.SASL != nil {
		config["sasl.mechanisms"] = string(c.SASL.Mechanism)
		config["sasl.username"] = c.SASL.Username
		config["sasl.password"] = string(c.SASL.Password)
	}
	return &config
}

func (c Connection) protocol() string {
	switch {
	case c.SASL != nil && c.TLS != nil:
		return "SASL_SSL"
	case c.SASL != nil:
		return "SASL_PLAINTEXT"
	case c.TLS != nil:
		return "SSL"
	default:
		return "PLAINTEXT"
	}
}

func (t TLS) configure(config kafka.ConfigMap) {
	if t.CA != "" {
		config["ssl.ca.pem"] = t.CA
	}
	if t.Certificate != "" {
		config["ssl.certificate.pem"] = t.Certificate
		config["ssl.key.pem"] = string(t.Key)
	}
	if t.KeyPassword != "" {
		config["ssl.key.password"] = string(t.KeyPassword)
	}
	if t.SkipVerify {
		config["enable.ssl.certificate.verification"] = false
	}
}

// fingerprint is equal for connections that may share a session. It is a hash because it stands for secrets as well.
func (c Connection) fingerprint() [sha256.Size]byte {
	servers := slices.Clone(c.BootstrapServers)
	slices.Sort(servers)
	words := []string{c.Name, strings.Join(servers, ","), c.protocol()}
	if c.TLS != nil {
		words = append(words, c.TLS.CA, c.TLS.Certificate, string(c.TLS.Key), string(c.TLS.KeyPassword), fmt.Sprint(c.TLS.SkipVerify))
	}
	if c.SASL != nil {
		words = append(words, string(c.SASL.Mechanism), c.SASL.Username, string(c.SASL.Password))
	}
	var text []byte
	for _, word := range words {
		text = binary.AppendUvarint(text, uint64(len(word)))
		text = append(text, word...)
	}
	return sha256.Sum256(text)
}
