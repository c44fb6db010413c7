package config

import (
	"cmp"
	"errors"

	"github.com/lagwise/lagwise/scalers/clientcert"
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

// keyPasswordHelp is that of the setting in every kind of connection.
const keyPasswordHelp = "What the key is encrypted with, as PKCS #8 (PBES2) or OpenSSL's older PEM has it"

// clientTLS is how a connection is encrypted, whatever it connects to: certificates and key are PEM, and empty where they are not
// given. The key is in the clear and belongs to the certificate.
type clientTLS struct {
	ca, certificate string
	key             hidden.Text
	skipVerify      bool
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
	if err := v.checkAuthorities(caFile, ca); err != nil {
		return clientTLS{}, err
	}
	read := clientTLS{ca: ca, certificate: certificate, skipVerify: v.flag(skipVerify)}
	if certificate == "" {
		return read, nil
	}
	opened, err := clientcert.Open(certificate, hidden.Text(key), hidden.Text(keyPassword))
	if err != nil {
		return clientTLS{}, v.certificateProblem(err, v.given(tlsKey), v.given(tlsKeyPassword))
	}
	read.key = opened
	return read, nil
}

// checkAuthorities refuses what the file that a setting names holds, unless it holds certificates, or the setting is not given.
func (v values) checkAuthorities(name, content string) error {
	if content == "" {
		return nil
	}
	if err := clientcert.CheckAuthorities(content); err != nil {
		return v.problem(name, " %q: %w", v.text(name), err)
	}
	return nil
}

// certificateProblem names the setting that an error of clientcert is about.
func (v values) certificateProblem(err error, key, keyPassword string) error {
	name := certificateFile
	if of, is := errors.AsType[*clientcert.Error](err); is {
		name = map[clientcert.Part]string{clientcert.Certificate: certificateFile, clientcert.Key: key, clientcert.KeyPassword: keyPassword}[of.Part]
	}
	if v.text(name) == "" {
		return v.problem(name, " (or %s): %w", tlsKeyPassword+inEnvironment, err)
	}
	return v.problem(name, " %q: %w", v.text(name), err)
}
