package clientcert

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/youmark/pkcs8"

	"github.com/lagwise/lagwise/scalers/secret"
)

// encryptedKey is the type of PEM that holds one (RFC 7468).
const encryptedKey = "ENCRYPTED PRIVATE KEY"

const encryptions = "must be encrypted as PKCS #8 by PBES2 with PBKDF2 (HMAC-SHA-1 or HMAC-SHA-256) or scrypt, as openssl pkcs8 -topk8 -v2 aes-256-cbc does, or not at all"

// decrypt returns the key in the clear, as KEDA does (pkg/util/tls_config.go, decryptClientKey). Beside PKCS #8 it opens the
// older form of OpenSSL, which names the cipher in the header of the PEM.
func decrypt(key, password secret.Text) (secret.Text, error) {
	block := firstBlock(string(key), func(kind string) bool { return strings.HasSuffix(kind, "PRIVATE KEY") && kind != "OPENSSH PRIVATE KEY" })
	switch {
	case block == nil:
		return "", &Error{Key, found(string(key)) + "; must be a private key in PEM, which begins with -----BEGIN PRIVATE KEY-----"}
	case block.Type == encryptedKey:
		return openPKCS8(block, password)
	case x509.IsEncryptedPEMBlock(block): //nolint:staticcheck // deprecated for new keys, and still what openssl genrsa -aes256 writes
		return openPEM(block, password)
	case !isKey(block.Bytes):
		return "", &Error{Key, "the private key in it is damaged; must be a private key in PEM"}
	default:
		return key, nil
	}
}

func openPKCS8(block *pem.Block, password secret.Text) (opened secret.Text, err error) {
	if password == "" {
		return "", noPassword()
	}
	encrypted, err := parseEncrypted(block.Bytes)
	if err != nil {
		return "", &Error{Key, "the private key in it is damaged; must be a private key in PEM"}
	}
	if err := encrypted.check(); err != nil {
		return "", err
	}
	defer func() { // the library looks at what a key says of itself less closely than it should
		if recover() != nil {
			err = &Error{Key, "the private key in it is damaged; must be a private key in PEM"}
		}
	}()
	parsed, err := pkcs8.ParsePKCS8PrivateKey(block.Bytes, []byte(password))
	switch {
	case err != nil && strings.Contains(err.Error(), "unsupported"):
		return "", &Error{Key, "is encrypted in a way that lagwise does not know; " + encryptions}
	case err != nil:
		return "", wrongPassword()
	}
	inClear, err := x509.MarshalPKCS8PrivateKey(parsed)
	if err != nil {
		return "", &Error{Key, fmt.Sprintf("is of type %T; must be an RSA, ECDSA or Ed25519 key", parsed)}
	}
	return secret.Text(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: inClear})), nil
}

func openPEM(block *pem.Block, password secret.Text) (secret.Text, error) {
	if password == "" {
		return "", noPassword()
	}
	inClear, err := x509.DecryptPEMBlock(block, []byte(password)) //nolint:staticcheck // see decrypt
	if err != nil || !isKey(inClear) {
		return "", wrongPassword()
	}
	return secret.Text(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: inClear})), nil
}

func noPassword() error {
	return &Error{KeyPassword, "missing; the private key is encrypted"}
}

func wrongPassword() error {
	return &Error{KeyPassword, "does not open the private key; must be the password that it was encrypted with"}
}

func isKey(der []byte) bool {
	_, errPKCS8 := x509.ParsePKCS8PrivateKey(der)
	_, errPKCS1 := x509.ParsePKCS1PrivateKey(der)
	_, errEC := x509.ParseECPrivateKey(der)
	return errPKCS8 == nil || errPKCS1 == nil || errEC == nil
}

// Bounds of the work that opening a key may take: about a second, and 64 MiB. A key states the work that it takes, and triggers
// bring keys of their own.
const (
	mostIterations = 2_000_000
	mostScrypt     = 64 << 20
	mostParallel   = 16
)

// encrypted is a key as PKCS #8 encrypts it (RFC 5958, section 3).
type encrypted struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

func parseEncrypted(der []byte) (key encrypted, err error) {
	rest, err := asn1.Unmarshal(der, &key)
	if err == nil && len(rest) > 0 {
		err = asn1.SyntaxError{Msg: "trailing data"}
	}
	return key, err
}

// check refuses what cannot be opened, and what would take too long (RFC 8018, appendix A; RFC 7914, section 7).
func (e encrypted) check() error {
	unknown := &Error{Key, "is encrypted in a way that lagwise does not know; " + encryptions}
	var scheme struct{ Derivation, Cipher pkix.AlgorithmIdentifier }
	if _, err := asn1.Unmarshal(e.Algorithm.Parameters.FullBytes, &scheme); err != nil || e.Algorithm.Algorithm.String() != "1.2.840.113549.1.5.13" { // PBES2
		return unknown
	}
	switch parameters := scheme.Derivation.Parameters.FullBytes; scheme.Derivation.Algorithm.String() {
	case "1.2.840.113549.1.5.12": // PBKDF2
		var of struct {
			Salt       []byte
			Iterations int
		}
		if _, err := asn1.Unmarshal(parameters, &of); err != nil || of.Iterations > mostIterations {
			return &Error{Key, fmt.Sprintf("takes too much work to open; must be encrypted with at most %d iterations", mostIterations)}
		}
	case "1.3.6.1.4.1.11591.4.11": // scrypt
		var of struct {
			Salt                         []byte
			Cost, BlockSize, Parallelism int
		}
		if _, err := asn1.Unmarshal(parameters, &of); err != nil || max(of.Cost, of.BlockSize, 128*min(of.Cost, mostScrypt)*min(of.BlockSize, mostScrypt)) > mostScrypt || of.Parallelism > mostParallel {
			return &Error{Key, fmt.Sprintf("takes too much work to open; must be encrypted by scrypt with at most %d MiB and parallelization %d", mostScrypt>>20, mostParallel)}
		}
	default:
		return unknown
	}
	return nil
}
