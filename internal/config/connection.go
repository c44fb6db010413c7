package config

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// fileConnection is a named connection as written. Secrets stand in files, so that the configuration itself can be
// shown to anybody.
type fileConnection struct {
	Name             string    `mapstructure:"name"`
	BootstrapServers []string  `mapstructure:"bootstrapServers"`
	TLS              *fileTLS  `mapstructure:"tls"`
	SASL             *fileSASL `mapstructure:"sasl"`
}

type fileTLS struct {
	CAFile          string `mapstructure:"caFile"`
	CertificateFile string `mapstructure:"certificateFile"`
	KeyFile         string `mapstructure:"keyFile"`
	KeyPasswordFile string `mapstructure:"keyPasswordFile"`
	SkipVerify      bool   `mapstructure:"skipVerify"`
}

type fileSASL struct {
	Mechanism    string `mapstructure:"mechanism"`
	Username     string `mapstructure:"username"`
	PasswordFile string `mapstructure:"passwordFile"`
}

func (f fileConnection) check() (cluster.Connection, error) {
	if strings.TrimSpace(f.Name) == "" {
		return cluster.Connection{}, errors.New("name: missing; triggers choose a connection by its name")
	}
	if len(f.BootstrapServers) == 0 {
		return cluster.Connection{}, errors.New("bootstrapServers: missing; give the brokers as host:port")
	}
	for _, server := range f.BootstrapServers {
		if err := checkServer(server); err != nil {
			return cluster.Connection{}, fmt.Errorf("bootstrapServers %q: %w", server, err)
		}
	}
	connection := cluster.Connection{Name: f.Name, BootstrapServers: f.BootstrapServers}
	if f.TLS != nil {
		tls, err := f.TLS.read()
		if err != nil {
			return cluster.Connection{}, fmt.Errorf("tls: %w", err)
		}
		connection.TLS = &tls
	}
	if f.SASL != nil {
		sasl, err := f.SASL.read()
		if err != nil {
			return cluster.Connection{}, fmt.Errorf("sasl: %w", err)
		}
		connection.SASL = &sasl
	}
	return connection, nil
}

func checkServer(server string) error {
	host, port, err := net.SplitHostPort(server)
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || number == 0 || host == "" || strings.ContainsAny(server, ", /") {
		return errors.New("want host:port, and each broker as an element of its own")
	}
	return nil
}

func (f fileTLS) read() (cluster.TLS, error) {
	if (f.CertificateFile == "") != (f.KeyFile == "") {
		return cluster.TLS{}, errors.New("certificateFile and keyFile belong together: give both or neither")
	}
	tls := cluster.TLS{SkipVerify: f.SkipVerify}
	var key, keyPassword string
	for _, part := range []struct {
		name, path string
		into       *string
	}{
		{"caFile", f.CAFile, &tls.CA},
		{"certificateFile", f.CertificateFile, &tls.Certificate},
		{"keyFile", f.KeyFile, &key},
		{"keyPasswordFile", f.KeyPasswordFile, &keyPassword},
	} {
		text, err := readFile(part.name, part.path)
		if err != nil {
			return cluster.TLS{}, err
		}
		*part.into = text
	}
	tls.Key, tls.KeyPassword = cluster.Secret(key), cluster.Secret(strings.TrimRight(keyPassword, "\r\n"))
	return tls, nil
}

func (f fileSASL) read() (cluster.SASL, error) {
	mechanism := cluster.Mechanism(strings.ToUpper(f.Mechanism))
	switch mechanism {
	case cluster.Plain, cluster.ScramSHA256, cluster.ScramSHA512:
	case "GSSAPI":
		return cluster.SASL{}, errors.New("mechanism GSSAPI: lagwise's Kafka client (librdkafka) is built without Kerberos; want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	default:
		return cluster.SASL{}, fmt.Errorf("mechanism %q: want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", f.Mechanism)
	}
	if f.Username == "" || f.PasswordFile == "" {
		return cluster.SASL{}, errors.New("username and passwordFile are both needed")
	}
	password, err := readFile("passwordFile", f.PasswordFile)
	if err != nil {
		return cluster.SASL{}, err
	}
	// Editors and `echo` end files with a line break, which is part of no password.
	return cluster.SASL{Mechanism: mechanism, Username: f.Username, Password: cluster.Secret(strings.TrimRight(password, "\r\n"))}, nil
}

func readFile(name, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	content, err := os.ReadFile(path) //nolint:gosec // the operator's own configuration names the file
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if len(content) == 0 {
		return "", fmt.Errorf("%s: %s is empty", name, path)
	}
	return string(content), nil
}
