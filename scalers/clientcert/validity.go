package clientcert

import (
	"crypto/x509"
	"encoding/pem"
	"time"
)

// Validity is when a certificate is valid.
type Validity struct {
	// Subject is its distinguished name.
	Subject             string
	NotBefore, NotAfter time.Time
}

// maxNotice is how long before its expiry a certificate with a long validity is to be replaced.
const maxNotice = 30 * 24 * time.Hour

// ExpiresSoon reports whether the certificate is to be replaced: in its last 30 days, or in the last quarter of its validity where that
// is shorter. What renews short-lived certificates does so earlier.
func (v Validity) ExpiresSoon(now time.Time) bool {
	return v.NotAfter.Sub(now) < min(maxNotice, v.NotAfter.Sub(v.NotBefore)/4)
}

// FirstToExpire returns the validity of the certificate in PEM that expires first, of a chain or of several authorities; found is
// false where there is none.
func FirstToExpire(text string) (first Validity, found bool) {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return first, found
		}
		if block.Type != certificateType {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil || found && !certificate.NotAfter.Before(first.NotAfter) {
			continue
		}
		first, found = Validity{certificate.Subject.String(), certificate.NotBefore, certificate.NotAfter}, true
	}
}
