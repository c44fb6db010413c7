package clientcert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/lagwise/lagwise/scalers/secret"
)

// Part is what an Error is about.
type Part int

// The parts of a certificate with its key.
const (
	Certificate Part = iota
	Key
	KeyPassword
)

// Error reports why a certificate and its key cannot be used.
type Error struct {
	Part Part
	// text is what is wrong, and what is valid.
	text string
}

func (e *Error) Error() string { return e.text }

// Open returns the private key in the clear, once it has checked that the certificate belongs to it. A key that is not
// encrypted is returned as it is, so that a password may be configured before the key is encrypted. Its errors are *Error.
func Open(certificate string, key, password secret.Text) (secret.Text, error) {
	if err := checkCertificate(certificate); err != nil {
		return "", err
	}
	opened, err := decrypt(key, password)
	if err != nil {
		return "", err
	}
	if _, err := tls.X509KeyPair([]byte(certificate), []byte(opened)); err != nil {
		return "", &Error{Key, "does not belong to the certificate, the first one of its chain; must be the private key that it was issued for"}
	}
	return opened, nil
}

// CheckAuthorities returns an error unless the text holds at least one certificate in PEM.
func CheckAuthorities(text string) error {
	if x509.NewCertPool().AppendCertsFromPEM([]byte(text)) {
		return nil
	}
	return errors.New(found(text) + "; must hold certificates in PEM, which begin with -----BEGIN CERTIFICATE-----")
}

func checkCertificate(text string) error {
	block := firstBlock(text, func(kind string) bool { return kind == certificateType })
	if block == nil {
		return &Error{Certificate, found(text) + "; must be a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"}
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return &Error{Certificate, "the certificate in it is damaged; must be a certificate in PEM"}
	}
	return nil
}

const certificateType = "CERTIFICATE"

// firstBlock returns the first block of PEM whose type is wanted; nil where there is none.
func firstBlock(text string, wanted func(kind string) bool) *pem.Block {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || wanted(block.Type) {
			return block
		}
	}
}

// found describes a text that holds no PEM of the wanted type.
func found(text string) string {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return "holds a block " + kindOf(block.Type) + " instead"
	}
	switch {
	case isPKCS12([]byte(text)):
		return "is a PKCS #12 archive (openssl pkcs12 -in FILE -nodes converts it)"
	case isDER([]byte(text)):
		return "is DER (openssl x509 or openssl pkey with -inform DER converts it)"
	case strings.HasPrefix(text, "\xfe\xed\xfe\xed"):
		return "is a Java keystore (keytool -importkeystore and openssl pkcs12 convert it)"
	case strings.HasPrefix(strings.TrimSpace(text), "LS0tLS1CRUdJTi"):
		return "is PEM encoded in Base64 once more"
	case strings.Contains(text, "-----BEGIN "):
		return "is PEM that is damaged or incomplete"
	default:
		return "is not PEM"
	}
}

// kindOf repeats only types of PEM that are known: a text may hold anything.
func kindOf(kind string) string {
	switch kind {
	case certificateType, encryptedKey, "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PUBLIC KEY",
		"CERTIFICATE REQUEST", "TRUSTED CERTIFICATE", "PKCS7", "EC PARAMETERS", "X509 CRL":
		return kind
	default:
		return "of another type"
	}
}
