package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"path"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/clientcert"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

const (
	clientCAFile = "tls.clientCAFile"
	clientNames  = "tls.clientNames"
	serverKey    = "tls.keyFile"
)

// TLS is how lagwise proves itself to KEDA, and whom it takes for KEDA.
type TLS struct {
	// Certificate, Key and ClientCA are PEM; they are known to be good. ClientCA is empty when no client needs a certificate.
	Certificate string
	Key         cluster.Secret
	ClientCA    string
	// ClientNames are patterns of the names in clients' certificates; nil stands for any.
	ClientNames []string
}

// Parse gives the certificate, and the authorities of clients, nil when no client needs a certificate.
func (t TLS) Parse() (certificate tls.Certificate, clients *x509.CertPool, err error) {
	certificate, err = tls.X509KeyPair([]byte(t.Certificate), []byte(t.Key))
	if err != nil {
		return certificate, nil, fmt.Errorf("the certificate and its key: %w", err)
	}
	if t.ClientCA == "" {
		return certificate, nil, nil
	}
	clients = x509.NewCertPool()
	if !clients.AppendCertsFromPEM([]byte(t.ClientCA)) {
		return certificate, nil, errors.New("the clients' authorities: no certificate in PEM")
	}
	return certificate, clients, nil
}

// KnowsItsClients says that nobody can speak for KEDA but those that the configuration names.
func (t *TLS) KnowsItsClients() bool { return t != nil && t.ClientCA != "" && t.ClientNames != nil }

func tlsSettings() []Setting {
	return []Setting{
		{Live: true, Key: scalers.Key{
			Name: certificateFile, Kind: scalers.KindText,
			Help: "Certificate that lagwise shows to KEDA (PEM). Without it lagwise serves unencrypted; to begin or to stop needs a restart.",
		}},
		{Live: true, Key: scalers.Key{Name: serverKey, Kind: scalers.KindText, Help: "Its key (PEM)."}},
		{Live: true, Key: scalers.Key{
			Name: clientCAFile, Kind: scalers.KindText, Help: "Authorities that sign the certificate that every client must show then (PEM).",
		}},
		{Live: true, Key: scalers.Key{
			Name: clientNames, Kind: scalers.KindList, Check: checkPatterns,
			Help: `Names of which a client's certificate must have one (DNS, URI or e-mail name; the common name only where it has no subject alternative name), such as "keda-operator"; any unless given.`,
		}},
	}
}

// checkPatterns refuses a list of which an element is no pattern.
func checkPatterns(patterns string) error {
	for pattern := range strings.SplitSeq(patterns, ",") {
		if _, err := path.Match(pattern, ""); err != nil {
			return fmt.Errorf("%s is no pattern: want a name, in which * stands for any letters", scalers.Quote(pattern))
		}
	}
	return nil
}

// checkHosts refuses a list of which an element is no pattern for hosts.
func checkHosts(patterns string) error {
	for pattern := range strings.SplitSeq(patterns, ",") {
		if err := scalers.CheckHostPattern(pattern); err != nil {
			return err
		}
	}
	return nil
}

// checkAddress wants an address to listen on; empty for none.
func checkAddress(text string) error {
	if _, port, err := net.SplitHostPort(text); text != "" && (err != nil || port == "") {
		return errors.New(`want an address with a port, such as ":8082" or "127.0.0.1:8082"`)
	}
	return nil
}

// tlsOfServer reads how the server is encrypted; nil when it is not.
func tlsOfServer(v values, reader *secrets) (*TLS, error) {
	_, namesGiven := v.of[clientNames]
	switch {
	case (v.text(certificateFile) == "") != (v.text(serverKey) == ""):
		return nil, v.problem(certificateFile, " and tls.keyFile belong together: give both or neither")
	case namesGiven && v.text(clientCAFile) == "":
		return nil, v.problem(clientNames, " needs tls.clientCAFile: a name that nobody vouches for says nothing")
	case v.text(clientCAFile) != "" && v.text(certificateFile) == "":
		return nil, v.problem(clientCAFile, " needs tls.certificateFile and tls.keyFile")
	case v.text(certificateFile) == "":
		return nil, nil
	}
	certificate, certificateErr := reader.file(v, certificateFile)
	key, keyErr := reader.file(v, serverKey)
	authorities, authoritiesErr := reader.file(v, clientCAFile)
	if err := cmp.Or(certificateErr, keyErr, authoritiesErr); err != nil {
		return nil, err //nolint:wrapcheck // the first of our own errors
	}
	read := &TLS{Certificate: certificate, Key: cluster.Secret(key), ClientCA: authorities, ClientNames: v.list(clientNames)}
	if namesGiven && read.ClientNames == nil {
		read.ClientNames = []string{} // nobody, rather than anybody
	}
	if err := v.checkAuthorities(clientCAFile, authorities); err != nil {
		return nil, err
	}
	_, err := clientcert.Open(certificate, read.Key, "")
	if of, is := errors.AsType[*clientcert.Error](err); is && of.Part == clientcert.KeyPassword {
		return nil, v.problem(serverKey, " %q: is encrypted; must be a private key in the clear", v.text(serverKey))
	}
	if err != nil {
		return nil, v.certificateProblem(err, serverKey, "")
	}
	return read, nil
}
