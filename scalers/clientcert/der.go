package clientcert

import (
	"crypto/x509"
	"encoding/asn1"
)

// isPKCS12 reports whether data begins as an archive of certificates and keys does (RFC 7292, section 4).
func isPKCS12(data []byte) bool {
	var archive struct {
		Version int
		Content asn1.RawValue
		MAC     asn1.RawValue `asn1:"optional"`
	}
	_, err := asn1.Unmarshal(data, &archive)
	return err == nil && archive.Version == 3 && archive.Content.Tag == asn1.TagSequence
}

// isDER reports whether data is a certificate or a key without the text around it that makes PEM.
func isDER(data []byte) bool {
	for _, parse := range []func([]byte) error{
		func(der []byte) error { _, err := x509.ParseCertificate(der); return err },     //nolint:wrapcheck // only whether there is one counts
		func(der []byte) error { _, err := x509.ParsePKCS8PrivateKey(der); return err }, //nolint:wrapcheck // only whether there is one counts
		func(der []byte) error { _, err := x509.ParsePKCS1PrivateKey(der); return err }, //nolint:wrapcheck // only whether there is one counts
		func(der []byte) error { _, err := x509.ParseECPrivateKey(der); return err },    //nolint:wrapcheck // only whether there is one counts
		func(der []byte) error { _, err := parseEncrypted(der); return err },
	} {
		if parse(data) == nil {
			return true
		}
	}
	return false
}
