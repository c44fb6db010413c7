package clientcert_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/youmark/pkcs8"

	"github.com/lagwise/lagwise/scalers/clientcert"
	"github.com/lagwise/lagwise/scalers/secret"
	"github.com/lagwise/lagwise/test/certificates"
)

func TestKeysThatOpen(t *testing.T) {
	t.Parallel()
	identity := identify(t)
	plain := string(identity.Key)
	for name, test := range map[string]struct {
		key, password string
		inClear       bool
	}{
		"in the clear":                           {plain, "", true},
		"in the clear, with a password":          {plain, "key-secret", true},
		"of one file with the certificate":       {string(identity.Certificate) + plain, "", true},
		"as SEC 1, behind its parameters":        {ecParameters + sec1(t, identity), "", true},
		"PKCS #8, PBKDF2 with SHA-1":             {encrypted(t, identity, nil), "key-secret", false},
		"PKCS #8, behind a certificate":          {string(identity.Certificate) + encrypted(t, identity, nil), "key-secret", false},
		"PKCS #8, scrypt":                        {encrypted(t, identity, &pkcs8.Opts{Cipher: pkcs8.AES256GCM, KDFOpts: pkcs8.ScryptOpts{SaltSize: 8, CostParameter: 1 << 14, BlockSize: 8, ParallelizationParameter: 1}}), "key-secret", false},
		"the older form of OpenSSL, with cipher": {legacy(t, identity), "key-secret", false},
	} {
		opened, err := clientcert.Open(string(identity.Certificate), secret.Text(test.key), secret.Text(test.password))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if test.inClear && string(opened) != test.key {
			t.Errorf("%s: changed", name)
		}
		if again, err := clientcert.Open(string(identity.Certificate), opened, ""); err != nil || again != opened {
			t.Errorf("%s: is not in the clear: %v", name, err)
		}
	}
}

// OpenSSL made this pair: openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:key-secret.
func TestKeysOfOpenSSLOpen(t *testing.T) {
	t.Parallel()
	const encrypted secret.Text = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhhWYhY4R3TpgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEk5o4PisiTJ4qx8KIvDWPcEgZDG
YqVbWvwMA5WgX2tDLd9ftmqYJNW6t+kYIOvP/Jkm3oOVuWZ80IGpdV39VmU5FsTM
XemDY6UtNbH4NlPuvyViMeb5JpAt4z4nF8XiNBUOKxJ3dxpfSRAyyF2CzgL17dRc
jw9aROc94DnyLuRTL0C8ik1RRA11bnLgXQG1F9mn568PvXVmYTXHj4Krcm6+vf0=
-----END ENCRYPTED PRIVATE KEY-----
`
	// It belongs to another certificate, which is looked at once the key is open.
	_, err := clientcert.Open(string(identify(t).Certificate), encrypted, "key-secret")
	wantError(t, "another's", err, clientcert.Key, "does not belong to the certificate")
	_, err = clientcert.Open(string(identify(t).Certificate), encrypted, "other")
	wantError(t, "another password", err, clientcert.KeyPassword, "does not open the private key")
}

func TestWhatCannotBeOpenedIsNamed(t *testing.T) {
	t.Parallel()
	identity, other := identify(t), identify(t)
	certificate, key := string(identity.Certificate), string(identity.Key)
	iterated := encrypted(t, identity, &pkcs8.Opts{Cipher: pkcs8.AES256CBC, KDFOpts: pkcs8.PBKDF2Opts{SaltSize: 8, IterationCount: 1 << 16, HMACHash: crypto.SHA256}})
	scrypted := encrypted(t, identity, &pkcs8.Opts{Cipher: pkcs8.AES256CBC, KDFOpts: pkcs8.ScryptOpts{SaltSize: 8, CostParameter: 1 << 14, BlockSize: 8, ParallelizationParameter: 1}})
	for name, test := range map[string]struct {
		certificate, key, password string
		part                       clientcert.Part
		words                      string
	}{
		"another's key":                {certificate, string(other.Key), "", clientcert.Key, "does not belong to the certificate"},
		"no password":                  {certificate, encrypted(t, identity, nil), "", clientcert.KeyPassword, "missing; the private key is encrypted"},
		"a wrong password":             {certificate, encrypted(t, identity, nil), "hunter2", clientcert.KeyPassword, "does not open the private key"},
		"no password, older form":      {certificate, legacy(t, identity), "", clientcert.KeyPassword, "missing"},
		"a wrong password, older form": {certificate, legacy(t, identity), "hunter2", clientcert.KeyPassword, "does not open"},
		"a certificate in DER":         {der(t, certificate), key, "", clientcert.Certificate, "is DER"},
		"a key in DER":                 {certificate, der(t, key), "", clientcert.Key, "is DER"},
		"an encrypted key in DER":      {certificate, der(t, encrypted(t, identity, nil)), "", clientcert.Key, "is DER"},
		"a certificate in an archive":  {archive(t), key, "", clientcert.Certificate, "is a PKCS #12 archive"},
		"a key in an archive":          {certificate, archive(t), "hunter2", clientcert.Key, "is a PKCS #12 archive"},
		"a Java keystore":              {certificate, "\xfe\xed\xfe\xed\x00\x00\x00\x02", "", clientcert.Key, "is a Java keystore"},
		"exchanged":                    {key, certificate, "", clientcert.Certificate, "holds a block PRIVATE KEY instead; must be a certificate in PEM"},
		"a certificate as the key":     {certificate, certificate, "", clientcert.Key, "holds a block CERTIFICATE instead; must be a private key in PEM"},
		"a key of OpenSSH":             {certificate, "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", "", clientcert.Key, "holds a block OPENSSH PRIVATE KEY instead"},
		"a block of the client's own":  {certificate, "-----BEGIN HUNTER2-----\nAAAA\n-----END HUNTER2-----\n", "", clientcert.Key, "holds a block of another type instead"},
		"Base64 twice":                 {base64.StdEncoding.EncodeToString([]byte(certificate)), key, "", clientcert.Certificate, "Base64 once more"},
		"half a file":                  {certificate, key[:len(key)/2], "", clientcert.Key, "damaged or incomplete"},
		"any text":                     {certificate, "hunter2", "", clientcert.Key, "is not PEM"},
		"nothing":                      {"", "", "", clientcert.Certificate, "is not PEM"},
		"a damaged certificate":        {damaged("CERTIFICATE"), key, "", clientcert.Certificate, "damaged"},
		"a damaged key":                {certificate, damaged("PRIVATE KEY"), "", clientcert.Key, "damaged"},
		"a damaged encrypted key":      {certificate, damaged("ENCRYPTED PRIVATE KEY"), "p", clientcert.Key, "damaged"},
		"a cut encrypted key":          {certificate, cut(t, encrypted(t, identity, nil)), "key-secret", clientcert.Key, "damaged"},
		"too many iterations":          {certificate, priced(t, iterated, "\x02\x03\x01\x00\x00", "\x02\x03\x7f\x00\x00"), "key-secret", clientcert.Key, "at most 2000000 iterations"},
		"too much memory":              {certificate, priced(t, scrypted, "\x02\x02\x40\x00\x02\x01\x08", "\x02\x02\x40\x00\x02\x01\x7f"), "key-secret", clientcert.Key, "at most 64 MiB"},
		"too much in parallel":         {certificate, priced(t, scrypted, "\x02\x01\x08\x02\x01\x01", "\x02\x01\x08\x02\x01\x7f"), "key-secret", clientcert.Key, "parallelization 16"},
		"an unknown function":          {certificate, renamed(t, encrypted(t, identity, nil), derivation, "\x09"), "key-secret", clientcert.Key, "PBES2 with PBKDF2"},
		"an unknown scheme":            {certificate, renamed(t, encrypted(t, identity, nil), scheme, "\x03"), "key-secret", clientcert.Key, "PBES2 with PBKDF2"},
	} {
		_, err := clientcert.Open(test.certificate, secret.Text(test.key), secret.Text(test.password))
		wantError(t, name, err, test.part, test.words)
	}
}

func TestAuthorities(t *testing.T) {
	t.Parallel()
	identity := identify(t)
	certificate := string(identity.Certificate)
	if err := clientcert.CheckAuthorities("# our own\n" + certificate + certificate); err != nil {
		t.Error(err)
	}
	for words, text := range map[string]string{
		"is DER":                             der(t, certificate),
		"is a PKCS #12 archive":              archive(t),
		"holds a block PRIVATE KEY instead;": string(identity.Key),
		"is not PEM; must hold certificates": "hunter2",
	} {
		if err := clientcert.CheckAuthorities(text); err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("want %q in: %v", words, err)
		}
	}
}

func wantError(t *testing.T, name string, err error, part clientcert.Part, words string) {
	t.Helper()
	refused, is := errors.AsType[*clientcert.Error](err)
	if !is || refused.Part != part || !strings.Contains(err.Error(), words) || strings.Contains(strings.ToLower(err.Error()), "hunter2") {
		t.Errorf("%s: want %q about part %d: %v", name, words, part, err)
	}
}

func identify(t *testing.T) certificates.Identity {
	t.Helper()
	authority, err := certificates.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Identify(certificates.Subject{Name: "lagwise"})
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func keyOf(t *testing.T, identity certificates.Identity) any {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey([]byte(der(t, string(identity.Key))))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// encrypted is the key as PKCS #8, with the password key-secret.
func encrypted(t *testing.T, identity certificates.Identity, options *pkcs8.Opts) string {
	t.Helper()
	bytes, err := pkcs8.MarshalPrivateKey(keyOf(t, identity), []byte("key-secret"), options)
	if err != nil {
		t.Fatal(err)
	}
	return block("ENCRYPTED PRIVATE KEY", bytes)
}

const ecParameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

func sec1(t *testing.T, identity certificates.Identity) string {
	t.Helper()
	key, is := keyOf(t, identity).(*ecdsa.PrivateKey)
	if !is {
		t.Fatal("not ECDSA")
	}
	bytes, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("EC PRIVATE KEY", bytes)
}

// legacy is what openssl ec -aes256 writes, with the password key-secret.
func legacy(t *testing.T, identity certificates.Identity) string {
	t.Helper()
	encrypted, err := x509.EncryptPEMBlock(rand.Reader, "EC PRIVATE KEY", []byte(der(t, sec1(t, identity))), []byte("key-secret"), x509.PEMCipherAES256) //nolint:staticcheck // old keys are what is tested
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(encrypted))
}

// archive begins as an archive of OpenSSL does (openssl pkcs12 -export).
func archive(t *testing.T) string {
	t.Helper()
	bytes, err := asn1.Marshal(struct {
		Version int
		Content struct {
			Type asn1.ObjectIdentifier
			Data asn1.RawValue
		}
	}{Version: 3, Content: struct {
		Type asn1.ObjectIdentifier
		Data asn1.RawValue
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}, asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: []byte{4, 0}}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes)
}

func damaged(kind string) string { return block(kind, []byte("hunter2")) }

// cut is an encrypted key without its last byte, and otherwise well formed.
func cut(t *testing.T, encrypted string) string {
	t.Helper()
	var key struct {
		Way  asn1.RawValue
		Data []byte
	}
	if _, err := asn1.Unmarshal([]byte(der(t, encrypted)), &key); err != nil {
		t.Fatal(err)
	}
	key.Data = key.Data[:len(key.Data)-1]
	bytes, err := asn1.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("ENCRYPTED PRIVATE KEY", bytes)
}

// The object identifiers of PBES2 and of PBKDF2, as they are encoded.
const (
	scheme     = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d"
	derivation = "\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c"
)

// renamed is an encrypted key in which the last arc of an identifier is another one.
func renamed(t *testing.T, encrypted, identifier, arc string) string {
	t.Helper()
	return block("ENCRYPTED PRIVATE KEY", []byte(strings.Replace(der(t, encrypted), identifier, identifier[:len(identifier)-1]+arc, 1)))
}

func block(kind string, bytes []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
}

func der(t *testing.T, text string) string {
	t.Helper()
	decoded, _ := pem.Decode([]byte(text))
	if decoded == nil {
		t.Fatal("no PEM")
	}
	return string(decoded.Bytes)
}

// priced is an encrypted key that states other work than it took.
func priced(t *testing.T, encrypted, stated, price string) string {
	t.Helper()
	before := der(t, encrypted)
	after := strings.Replace(before, stated, price, 1)
	if before == after {
		t.Fatalf("%x is not in the key", stated)
	}
	return block("ENCRYPTED PRIVATE KEY", []byte(after))
}
