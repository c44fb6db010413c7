package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/lagwise/lagwise/scalers/clientcert"
)

// securityOf makes the options of a connection's TLS and SASL.
func securityOf(connection Connection, bearers *bearers) ([]kgo.Opt, error) {
	var options []kgo.Opt
	if connection.TLS != nil {
		config, err := connection.TLS.clientConfig()
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(config))
	}
	if connection.SASL != nil {
		mechanism, err := connection.mechanismFor(bearers)
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.SASL(mechanism))
	}
	return options, nil
}

func (t TLS) clientConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: t.SkipVerify} //nolint:gosec // the user's own choice, skipVerify
	if t.CA != "" {
		if err := clientcert.CheckAuthorities(t.CA); err != nil {
			return nil, fmt.Errorf("tls: ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM([]byte(t.CA))
	}
	if t.Certificate != "" {
		pair, err := tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key))
		if err != nil {
			return nil, fmt.Errorf("tls: client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

func (c Connection) mechanismFor(bearers *bearers) (sasl.Mechanism, error) { //nolint:ireturn // one of several of the library
	password := plain.Auth{User: c.SASL.Username, Pass: string(c.SASL.Password)}
	switch c.SASL.Mechanism {
	case Plain:
		return password.AsMechanism(), nil
	case ScramSHA256:
		return scram.Auth{User: password.User, Pass: password.Pass}.AsSha256Mechanism(), nil
	case ScramSHA512:
		return scram.Auth{User: password.User, Pass: password.Pass}.AsSha512Mechanism(), nil
	case OAuthBearer:
		return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
			ctx, cancel := context.WithTimeout(ctx, tokenTimeout)
			defer cancel()
			token, err := bearers.token(ctx, c)
			if err != nil {
				return oauth.Auth{}, &tokenError{err}
			}
			return oauth.Auth{Token: token.value, Extensions: token.extensions}, nil
		}), nil
	default:
		return nil, fmt.Errorf("unknown SASL mechanism %q", c.SASL.Mechanism)
	}
}

// tokenError is why there is no token to log in with.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return e.err.Error() }

func (e *tokenError) Unwrap() error { return e.err }

// explain adds what a broker that hangs up most likely means, by the connection's own settings. Kafka's brokers give no reason: they
// close the connection on a client that speaks in clear to a TLS listener, or that skips a login.
func (c Connection) explain(err error) error {
	text := err.Error()
	_, early := errors.AsType[*kgo.ErrFirstReadEOF](err)
	_, plaintext := errors.AsType[tls.RecordHeaderError](err)
	switch encrypted := c.TLS != nil; {
	case encrypted && (plaintext || early && strings.Contains(text, "after a dial")):
		return errors.New("TLS handshake failed: the listener may not use TLS")
	case !encrypted && (strings.Contains(text, "tls alert") || early && strings.Contains(text, "api versions")):
		return errors.New("the broker closed the connection before it answered: its listener may require TLS, which this connection does not use")
	case early && c.SASL == nil:
		return errors.New("the broker closed the connection before it answered: its listener may require SASL, which this connection does not use")
	default:
		return err
	}
}
