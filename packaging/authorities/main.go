// Authorities prints the certificate authorities of the image as PEM: Mozilla's, as the Go project keeps them. Those that Mozilla
// trusts under a condition, such as only for certificates up to some date, are left out, because a file of certificates
// cannot say so.
package main

import (
	"encoding/pem"
	"log"
	"os"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

func main() {
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			log.Fatalf("writing certificate authorities: %v", err)
		}
	}
}
