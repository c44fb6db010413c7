package realrabbit

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/loopback"
)

// Encryption is how a broker proves itself, and whom it lets in. It then listens by TLS as well, on ports of their own.
type Encryption struct {
	// Authority signs the broker's certificate, which is for 127.0.0.1 alone, and those of clients.
	Authority *certificates.Authority
	// Demanding says that nobody gets in without a certificate. One that is shown must be right in any case: by AMQP it says who
	// somebody is who asks for EXTERNAL, by its common name.
	Demanding bool
}

// prepare writes the broker's certificate, and gives the lines of rabbitmq.conf.
func (e *Encryption) prepare(b *Broker) ([]string, error) {
	identity, err := e.Authority.Identify(certificates.Subject{Name: "rabbit", IPs: []net.IP{net.ParseIP(loopback.Host)}})
	if err != nil {
		return nil, fmt.Errorf("realrabbit: %w", err)
	}
	settings := []string{
		fmt.Sprintf("listeners.ssl.1 = %s:%d", loopback.Host, b.amqps),
		"management.ssl.ip = " + loopback.Host, fmt.Sprintf("management.ssl.port = %d", b.https),
		"auth_mechanisms.1 = PLAIN", "auth_mechanisms.2 = EXTERNAL", "ssl_cert_login_from = common_name",
	}
	for _, listener := range []string{"ssl_options.", "management.ssl."} {
		settings = append(settings, listener+"verify = verify_peer", fmt.Sprintf("%sfail_if_no_peer_cert = %t", listener, e.Demanding))
		for name, text := range map[string][]byte{
			"cacertfile": e.Authority.Certificate, "certfile": identity.Certificate, "keyfile": identity.Key,
		} {
			path := b.file(name + ".pem")
			if err := os.WriteFile(path, text, 0o600); err != nil {
				return nil, fmt.Errorf("realrabbit: write certificates: %w", err)
			}
			settings = append(settings, listener+name+" = "+path)
		}
	}
	return settings, nil
}

// AddUser makes a user without a password, whom a certificate of that common name proves. It may reach the vhost / and do nothing there.
func (b *Broker) AddUser(ctx context.Context, name string) error {
	for _, change := range []struct{ path, body string }{
		{"/api/users/" + name, `{"password_hash": "", "tags": ""}`},
		{"/api/permissions/%2F/" + name, `{"configure": "^$", "write": "^$", "read": "^$"}`},
	} {
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, b.ManagementURL()+change.path, strings.NewReader(change.body))
		if err != nil {
			return fmt.Errorf("realrabbit: add user %s: %w", name, err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("realrabbit: add user %s: %w", name, err)
		}
		if _ = response.Body.Close(); response.StatusCode/100 != 2 {
			return fmt.Errorf("realrabbit: add user %s: %s says %s", name, change.path, response.Status)
		}
	}
	return nil
}

// EncryptedAddress is where the broker speaks AMQP by TLS, as host:port, and EncryptedManagementAddress where its management API
// does. Both need Options.Encryption.
func (b *Broker) EncryptedAddress() string { return loopback.Address(b.amqps) }

// EncryptedManagementAddress is where the management API speaks TLS.
func (b *Broker) EncryptedManagementAddress() string { return loopback.Address(b.https) }
