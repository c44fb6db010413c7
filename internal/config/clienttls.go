package config

import (
	"cmp"

	hidden "github.com/lagwise/lagwise/scalers/secret"
)

const (
	tlsGroup        = "tls"
	caFile          = "tls.caFile"
	certificateFile = "tls.certificateFile"
	tlsKey          = "tls.key"
	tlsKeyPassword  = "tls.keyPassword"
	skipVerify      = "tls.skipVerify"
)

// clientTLS is how a connection is encrypted, whatever it connects to: certificates and key are PEM, and empty where they are not
// given.
type clientTLS struct {
	ca, certificate  string
	key, keyPassword hidden.Text
	skipVerify       bool
}

// clientTLSOf reads it. What a kind of connection has no setting for stays empty.
func clientTLSOf(v values, reader *secrets) (clientTLS, error) {
	if (v.text(certificateFile) != "") != v.named(tlsKey) {
		return clientTLS{}, v.problem(certificateFile, " and tls.keyFile (or tls.keyEnv) belong together: give both or neither")
	}
	ca, caErr := reader.file(v, caFile)
	certificate, certificateErr := reader.file(v, certificateFile)
	key, keyErr := reader.read(v, tlsKey)
	keyPassword, passwordErr := reader.line(v, tlsKeyPassword)
	if err := cmp.Or(caErr, certificateErr, keyErr, passwordErr); err != nil {
		return clientTLS{}, err //nolint:wrapcheck // the first of our own errors
	}
	return clientTLS{
		ca: ca, certificate: certificate, key: hidden.Text(key), keyPassword: hidden.Text(keyPassword), skipVerify: v.flag(skipVerify),
	}, nil
}
