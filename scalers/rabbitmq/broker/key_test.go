package broker_test

import (
	"encoding/asn1"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/scalers/secret"
)

// The pair is what OpenSSL makes of one key: openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:key-secret.
const (
	keyInClear secret.Text = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgKR/pEe/JUbXKZ1Lj
TRAwyWaKeg1OtVo9Gs7aOtxVzPShRANCAARKV4NOBB5EuKIZ3gAlDZxAUcbT/nl3
IS36zoiwd1pPJQK3x3Lg1AuVsxPeEldkLVXxxiGn0dneDFUeaeoJDseZ
-----END PRIVATE KEY-----
`
	keyEncrypted secret.Text = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhhWYhY4R3TpgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEEk5o4PisiTJ4qx8KIvDWPcEgZDG
YqVbWvwMA5WgX2tDLd9ftmqYJNW6t+kYIOvP/Jkm3oOVuWZ80IGpdV39VmU5FsTM
XemDY6UtNbH4NlPuvyViMeb5JpAt4z4nF8XiNBUOKxJ3dxpfSRAyyF2CzgL17dRc
jw9aROc94DnyLuRTL0C8ik1RRA11bnLgXQG1F9mn568PvXVmYTXHj4Krcm6+vf0=
-----END ENCRYPTED PRIVATE KEY-----
`
)

func TestDecrypt(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key, password, want secret.Text
		refusal             string
	}{
		"encrypted":      {key: keyEncrypted, password: "key-secret", want: keyInClear},
		"in clear":       {key: keyInClear, want: keyInClear},
		"not encrypted":  {key: keyInClear, password: "key-secret", want: keyInClear},
		"none":           {},
		"no password":    {key: keyEncrypted, refusal: "the key is encrypted: give its password"},
		"wrong password": {key: keyEncrypted, password: "other", refusal: "not encrypted with this password"},
		"a cut key":      {key: cut(t), password: "key-secret", refusal: "the key is damaged"},
		"a broken key":   {key: secret.Text(strings.Replace(string(keyEncrypted), "MIHsMFcG", "MIHsMFcH", 1)), password: "key-secret", refusal: "not encrypted with this password"},
	} {
		got, err := broker.Decrypt(test.key, test.password)
		if got != test.want || (err == nil) != (test.refusal == "") || err != nil && !strings.Contains(err.Error(), test.refusal) {
			t.Errorf("%s: %v, %v", name, got == test.want, err)
		}
	}
}

// cut is the encrypted key without its last byte, and otherwise well formed.
func cut(t *testing.T) secret.Text {
	t.Helper()
	block, _ := pem.Decode([]byte(keyEncrypted))
	var key struct {
		Way  asn1.RawValue
		Data []byte
	}
	if _, err := asn1.Unmarshal(block.Bytes, &key); err != nil {
		t.Fatal(err)
	}
	key.Data = key.Data[:len(key.Data)-1]
	bytes, err := asn1.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Text(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: bytes}))
}
