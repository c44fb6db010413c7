package broker

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"

	"github.com/lagwise/lagwise/scalers/secret"
)

// encryptedKey is the type of PEM that holds one (RFC 7468).
const encryptedKey = "ENCRYPTED PRIVATE KEY"

// Decrypt gives the key in clear (KEDA: pkg/util/tls_config.go, decryptClientKey). A key that is not encrypted stays as it is, so
// that a password may be configured before the key is. Keys are in PEM, and encrypted as PKCS #8 has it.
func Decrypt(key, password secret.Text) (opened secret.Text, err error) {
	defer func() { // the library looks at what a key says of itself less closely than it should
		if recover() != nil {
			err = errors.New("the key is damaged")
		}
	}()
	block, _ := pem.Decode([]byte(key))
	switch {
	case block == nil || block.Type != encryptedKey:
		return key, nil
	case password == "":
		return "", errors.New("the key is encrypted: give its password, tls.keyPasswordFile or tls.keyPasswordEnv")
	}
	parsed, err := pkcs8.ParsePKCS8PrivateKey(block.Bytes, []byte(password))
	if err != nil {
		return "", errors.New("the key is not encrypted with this password, or in a way that is not known")
	}
	inClear, err := x509.MarshalPKCS8PrivateKey(parsed)
	if err != nil {
		return "", fmt.Errorf("the key: %w", err)
	}
	return secret.Text(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: inClear})), nil
}
