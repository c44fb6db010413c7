package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/lagwise/lagwise/scalers/secret"
)

// Protocol is how a broker is asked.
type Protocol string

// The protocols, by KEDA's names.
const (
	AMQP Protocol = "amqp"
	HTTP Protocol = "http"
)

// Endpoint is one way to one broker, and who lagwise is there. Equal endpoints share a session.
type Endpoint struct {
	// Connection names whose credentials these are, which may be exchanged (Pool.Renew); empty for a trigger's own.
	Connection string
	Protocol   Protocol
	// Address is host:port for AMQP; for HTTP it is what stands before /api, such as http://rabbit:15672.
	Address string
	// Management is the broker's management API, which is asked what AMQP does not tell; empty where there is none.
	Management string
	// Vhost is the one that an AMQP connection belongs to. By HTTP each Want names its own.
	Vhost string
	// Username is empty where a certificate says who lagwise is, or nobody has to.
	Username string
	Password secret.Text
	// Encrypted says that AMQP is spoken over TLS; HTTP says so in Address.
	Encrypted bool
	TLS       TLS
}

// identity is what makes a session: all of the endpoint, but for what a named connection proves itself with.
func (e Endpoint) identity() Endpoint {
	if e.Connection != "" {
		e.Password, e.TLS = "", e.TLS.WithoutProof()
	}
	return e
}

// management is the same broker and user by HTTP.
func (e Endpoint) management() Endpoint {
	e.Protocol, e.Address = HTTP, e.Management
	return e
}

// everywhere is the endpoint's identity on any vhost.
func (e Endpoint) everywhere() Endpoint {
	e = e.identity()
	e.Vhost = ""
	return e
}

// as is the endpoint with the credentials of another.
func (e Endpoint) as(other Endpoint) Endpoint {
	e.Password, e.TLS = other.Password, other.TLS
	return e
}

// TLS is how broker and lagwise prove themselves to each other. The zero value trusts the system's authorities.
type TLS struct {
	// CA, Certificate and Key are PEM, or empty.
	CA, Certificate string
	Key             secret.Text
	// SkipVerify accepts any certificate of the broker.
	SkipVerify bool
}

// WithoutProof leaves out what is exchanged from time to time.
func (t TLS) WithoutProof() TLS { return TLS{SkipVerify: t.SkipVerify} }

// Config is the TLS as Go takes it, to speak to a host.
func (t TLS) Config(host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, InsecureSkipVerify: t.SkipVerify} //nolint:gosec // the operator's choice
	if t.CA != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM([]byte(t.CA)) {
			return nil, errors.New("the authorities: no certificate in PEM")
		}
	}
	if t.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("the certificate and its key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
