package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/lagwise/lagwise/scalers/secret"
)

// Secret is text that no log, error or page may show. Only this package reads what is inside.
type Secret = secret.Text

// Mechanism is a SASL mechanism by Kafka's own name.
type Mechanism string

// The mechanisms that lagwise can use.
const (
	Plain       Mechanism = "PLAIN"
	ScramSHA256 Mechanism = "SCRAM-SHA-256"
	ScramSHA512 Mechanism = "SCRAM-SHA-512"
	OAuthBearer Mechanism = "OAUTHBEARER"
)

// SASL is how a connection says who it is.
type SASL struct {
	Mechanism Mechanism
	Username  string
	Password  Secret
	// OAuth stands in the place of user and password for OAuthBearer; so does AWSRegion, where Amazon MSK checks tokens that
	// AWS's credentials sign.
	OAuth     *OAuth
	AWSRegion string
	// AWSRoleARN is the IAM role whose credentials sign, empty for those that the AWS SDK finds; AWSExternalID is what the role's
	// trust policy asks for, empty for nothing.
	AWSRoleARN, AWSExternalID string
}

// bears says that the broker is shown tokens.
func (s SASL) bears() bool { return s.OAuth != nil || s.AWSRegion != "" }

// TLS is how a connection is encrypted. All fields may be empty: then the system's authorities are trusted and no client
// certificate is shown.
type TLS struct {
	// CA, Certificate and Key are PEM.
	CA          string
	Certificate string
	Key         Secret
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
	// Namespace is that of the trigger that brings the connection, empty for a configured one. It decides nothing but whose share of
	// the sessions is taken.
	Namespace string
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

// config is the librdkafka configuration of the consumer that reads records. It joins no group and commits nothing; the group's name is there
// because librdkafka requires one.
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
		c.SASL.configure(config)
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

func (s SASL) configure(config kafka.ConfigMap) {
	config["sasl.mechanisms"] = string(s.Mechanism)
	if !s.bears() { // a token is given when librdkafka asks for it
		config["sasl.username"] = s.Username
		config["sasl.password"] = string(s.Password)
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
		words = append(words, c.TLS.CA, c.TLS.Certificate, string(c.TLS.Key), fmt.Sprint(c.TLS.SkipVerify))
	}
	if c.SASL != nil {
		words = append(words, string(c.SASL.Mechanism), c.SASL.Username, string(c.SASL.Password), c.SASL.AWSRegion, c.SASL.AWSRoleARN, c.SASL.AWSExternalID)
		words = append(words, c.SASL.OAuth.words()...)
	}
	var text []byte
	for _, word := range words {
		text = binary.AppendUvarint(text, uint64(len(word)))
		text = append(text, word...)
	}
	return sha256.Sum256(text)
}

// LooksLike says that two connections differ at most in what they prove themselves with: a session can be carried over
// from one to the other, and no trigger can tell.
func (c Connection) LooksLike(other Connection) bool {
	return c.Name == other.Name && slices.Equal(c.BootstrapServers, other.BootstrapServers) &&
		c.protocol() == other.protocol() && c.mechanism() == other.mechanism() && c.region() == other.region()
}

func (c Connection) region() string {
	if c.SASL == nil {
		return ""
	}
	return c.SASL.AWSRegion
}

func (c Connection) mechanism() Mechanism {
	if c.SASL == nil {
		return ""
	}
	return c.SASL.Mechanism
}
