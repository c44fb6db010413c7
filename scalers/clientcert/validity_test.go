package clientcert_test

import (
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/clientcert"
	"github.com/lagwise/lagwise/test/certificates"
)

func TestTheFirstCertificateToExpireCounts(t *testing.T) {
	t.Parallel()
	authority, err := certificates.NewAuthority("authority")
	if err != nil {
		t.Fatal(err)
	}
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	identity, err := authority.Identify(certificates.Subject{Name: "worker", Expires: expires})
	if err != nil {
		t.Fatal(err)
	}
	chain := string(authority.Certificate) + "between\n" + string(identity.Key) + string(identity.Certificate) + string(authority.Certificate)
	first, found := clientcert.FirstToExpire(chain)
	if !found || first.Subject != "CN=worker" || !first.NotAfter.Equal(expires) {
		t.Errorf("%+v, %v", first, found)
	}
	for _, text := range []string{"", "no PEM", string(identity.Key), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if first, found := clientcert.FirstToExpire(text); found {
			t.Errorf("%q: %+v", text, first)
		}
	}
}

func TestWhenACertificateIsToBeReplaced(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		valid, left time.Duration
		want        bool
	}{
		"a year, 31 days left":         {365 * day, 31 * day, false},
		"a year, 29 days left":         {365 * day, 29 * day, true},
		"90 days, 29 days left":        {90 * day, 29 * day, false},
		"90 days, 22 days left":        {90 * day, 22 * day, true},
		"a day, seven hours left":      {day, 7 * time.Hour, false},
		"a day, five hours left":       {day, 5 * time.Hour, true},
		"a day, expired":               {day, -time.Second, true},
		"no time, as nothing can have": {0, 0, false},
	} {
		now := time.Unix(0, 0)
		expires := now.Add(test.left)
		validity := clientcert.Validity{NotBefore: expires.Add(-test.valid), NotAfter: expires}
		if got := validity.ExpiresSoon(now); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
