package scalers_test

import (
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
)

func TestPermissionOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		patterns, host, port string
		matches              bool
	}{
		{"*", "kafka", "9092", true},
		{"*", "::1", "9092", true},
		{"*", "fe80::1%eth0", "9092", true},
		{"*.SVC", "kafka.shop.svc", "9092", true},
		{"*.svc", "kafka.svc.example.com", "9092", false},
		{"kafka:9092", "kafka", "9092", true},
		{"kafka:9092", "kafka", "9093", false},
		{"*:9092", "kafka", "9092", true},
		{"*:9092", "::1", "9093", false},
		{"[kz]*.svc", "kafka.svc", "9092", true},
		{"[kz]*.svc:9092", "zookeeper.svc", "9092", true},
		{"[^k]*.svc", "kafka.svc", "9092", false},
		{"10.*", "10.0.0.1", "9092", true},
		{"10.0.0.1:9092", "10.0.0.1", "9092", true},
		{"10.0.0.1", "::ffff:10.0.0.1", "9092", true},
		{"::1", "::1", "9092", true},
		{"[::1]", "::1", "9092", true},
		{"[::1]:9092", "::1", "9092", true},
		{"[::1]:9092", "::1", "9093", false},
		{"::1", "0:0:0:0:0:0:0:1", "9092", true},
		{"[0:0::0001]", "::1", "9092", true},
		{"[FD00::A]", "fd00::a", "9092", true},
		{"[::1]", "::2", "9092", false},
		{"[::1]", ":", "9092", false}, // as letters to choose from
		{"[::1]", "1", "9092", false},
		{"::1", "fe80::1%eth0", "9092", false},
		{"fd00:*", "fd00::7", "9092", true},
		{"[fd00:*]", "fd00::7", "9092", true},
		{"[fd00:*]:9092", "fd00::7", "9093", false},
		{"[fd00:*]", "fd01::7", "9092", false},
		{"a [::1] *.svc", "kafka.svc", "9092", true},
	} {
		if got := scalers.PermissionOf(strings.Fields(test.patterns), test.host, test.port) != scalers.HostRefused; got != test.matches {
			t.Errorf("%s matches %s at %s: %t", test.patterns, test.host, test.port, got)
		}
		for pattern := range strings.FieldsSeq(test.patterns) {
			if err := scalers.CheckHostPattern(pattern); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestHostPatternsThatAreRefused(t *testing.T) {
	t.Parallel()
	for pattern, words := range map[string]string{
		"":                  "is no pattern",
		"[a":                "is no pattern",
		"in cluster":        "holds a blank",
		"fe80::1%eth0":      "has a zone",
		"[fe80::1%eth0]":    "has a zone",
		"[fe80::%*]:9092":   "has a zone",
		"[::1]:":            "has no port",
		"[::1]:0":           "has no port",
		"[::1]:65536":       "has no port",
		"[::1]9092":         "has no port",
		"[::1].svc":         "has no port",
		"kafka:":            "has no port",
		"kafka:kafka":       "is no IPv6 address",
		"kafka:*":           "is no IPv6 address",
		":9092":             "is no pattern",
		"[::g]":             "is no IPv6 address",
		"::1:":              "is no IPv6 address",
		"[1:2]":             "is no IPv6 address",
		"1:2:3":             "is no IPv6 address",
		"[10.0.0.1:]":       "is no IPv6 address",
		"http://kafka:9092": "is no IPv6 address",
		"[::1":              "is no IPv6 address",
	} {
		err := scalers.CheckHostPattern(pattern)
		if err == nil || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), scalers.Quote(pattern)) ||
			!strings.Contains(err.Error(), `such as "*.kafka.svc", "kafka-0:9092", "::1" or "[::1]:9092"`) {
			t.Errorf("%q: %v", pattern, err)
		}
		for _, host := range []string{"::1", "kafka", "1", ":", ""} {
			if scalers.PermissionOf([]string{pattern}, host, "9092") != scalers.HostRefused {
				t.Errorf("%q matches %q", pattern, host)
			}
		}
	}
}

func TestInCluster(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.8.9.10": true, "::1": true, "::ffff:127.0.0.1": true, "LOCALHOST": true,
		"kafka.payments": true, "kafka-0.kafka": true, "Kafka.Shop.SVC": true, "kafka.svc": true,
		"kafka.shop.svc": true, "kafka-0.kafka.shop.svc": true,
		"kafka.shop.svc.cluster.local": true, "kafka.shop.svc.cluster.local.": true, "kafka-0.kafka.shop.svc.c1.corp": true,
		// Addresses, however they are written.
		"10.0.0.1": false, "169.254.169.254": false, "0.0.0.0": false, "::": false, "fd00::1": false, "::ffff:10.0.0.1": false,
		"10.1": false, "127.1": false, "0x7f.1": false, "10.0x1": false, "2130706433": false,
		// Names that are, or could be, those of hosts elsewhere.
		"kafka": false, "kafka.example.com": false, "redpanda.com": false, "kafka.dev": false, "kafka.shop": false, "b-1.msk.amazonaws.com": false,
		"a.b.svc.example.com": false, "a.b.svc.co.uk": false, "svc.b.c": false, "a.svc.c": false, "kafka.shop.example": false,
		"kafka.internal": false, "metadata.google.internal": false, "kafka.local": false, "kafka.corp": false, "": false, ".": false,
	} {
		if got := scalers.PermissionOf([]string{scalers.InCluster}, host, "9092") != scalers.HostRefused; got != want {
			t.Errorf("%q in the cluster: %t", host, got)
		}
	}
}

// A pattern that matches every Service lists none of them.
func TestListedHosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		patterns, host string
		want           scalers.Permission
	}{
		{"in-cluster", "kafka.shop.svc", scalers.HostAllowed},
		{"*", "kafka.shop.svc", scalers.HostAllowed},
		{"*:9092", "kafka.example.com", scalers.HostAllowed},
		{"*.svc", "kafka.shop.svc", scalers.HostAllowed},
		{"*.cluster.local", "kafka.shop.svc.cluster.local", scalers.HostAllowed},
		{"*.shop.svc", "kafka.shop.svc", scalers.HostListed},
		{"in-cluster *.shop.svc", "kafka.shop.svc", scalers.HostListed},
		{"*.shop.svc in-cluster", "kafka.shop.svc", scalers.HostListed},
		{"*.shop.svc in-cluster", "kafka.bank.svc", scalers.HostAllowed},
		{"*.example.com", "kafka.example.com", scalers.HostListed},
		{"10.*", "10.0.0.1", scalers.HostListed},
		{"kafka:9092", "kafka", scalers.HostListed},
		{"in-cluster", "kafka.example.com", scalers.HostRefused},
		{"", "kafka.shop.svc", scalers.HostRefused},
	} {
		if got := scalers.PermissionOf(strings.Fields(test.patterns), test.host, "9092"); got != test.want {
			t.Errorf("%s at %s: %d, want %d", test.host, test.patterns, got, test.want)
		}
	}
}
