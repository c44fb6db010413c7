package scalers

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// InCluster is the pattern of the hosts that belong to the machine or the cluster by their names: loopback addresses, localhost, and
// Services of Kubernetes.
const InCluster = "in-cluster"

// Permission is what a list of patterns allows for one host.
type Permission int

const (
	// HostRefused says that no pattern matches the host.
	HostRefused Permission = iota
	// HostAllowed says that a pattern matches the host and every Service, so no administrator has listed this host.
	HostAllowed
	// HostListed says that a pattern matches the host or its domain, and not every Service.
	HostListed
)

// PermissionOf returns what the patterns allow for a host and its port. An IPv6 address has no brackets, and one address matches
// however it is written.
func PermissionOf(patterns []string, host, port string) Permission {
	permission := HostRefused
	for _, text := range patterns {
		switch {
		case !matches(text, host, port):
		case !coversServices(text, port):
			return HostListed
		default:
			permission = HostAllowed
		}
	}
	return permission
}

// matches reports whether a pattern matches a host and its port.
func matches(text, host, port string) bool {
	host = canonical(host)
	if text == InCluster {
		return isInCluster(host)
	}
	pattern, err := parseHost(text)
	if err != nil || pattern.port != "" && pattern.port != port {
		return false
	}
	matched, err := path.Match(pattern.host, host)
	return err == nil && matched
}

// coversServices reports whether a pattern matches Services whatever their name and namespace.
func coversServices(text, port string) bool {
	return slices.ContainsFunc([]string{"name.namespace.svc", "name.namespace.svc.cluster.local"}, func(service string) bool {
		return matches(text, service, port)
	})
}

// isInCluster reports whether a host in canonical form is one of InCluster. NAME.NAMESPACE, NAME.NAMESPACE.svc and
// NAME.NAMESPACE.svc.DOMAIN are Services, and the same behind the name of a pod. A name that a public domain could have is none.
// One of two labels could also be a host of a private domain, or an address: getaddrinfo reads 10.1 as 10.0.0.1.
func isInCluster(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().IsLoopback()
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := labels[len(labels)-1]
	_, public := publicsuffix.PublicSuffix(last)
	switch {
	case host == "localhost":
		return true
	case public || len(labels) == 1 || strings.TrimLeft(last, "0123456789") != last:
		return false
	case len(labels) == 2:
		return !slices.Contains([]string{"corp", "home", "internal", "intranet", "lan", "local", "localdomain", "private"}, last)
	default:
		return slices.Contains(labels[2:], "svc")
	}
}

// NotAllowed is the refusal of a trigger that names hosts which are not among allowedBrokers: what names the first of them.
func NotAllowed(what string, hosts []string) error {
	const most = 3
	var add []string
	for _, host := range hosts[:min(most, len(hosts))] {
		add = append(add, Quote(host))
	}
	text := strings.Join(add, ", ")
	if more := len(hosts) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	advice := ""
	if strings.Count(hosts[0], ".") < 2 && !strings.Contains(hosts[0], ":") {
		advice = "; a Service is NAME.NAMESPACE.svc"
	}
	return Errorf(CauseRefused, "%s is not among allowedBrokers of lagwise's configuration: add %s to allowedBrokers there, or name a connection%s",
		what, text, advice)
}

// CheckHostPattern returns an error unless a pattern is one for PermissionOf: a host in which * stands for any letters, such as
// "*.kafka.svc", or an address, with or without a port.
func CheckHostPattern(pattern string) error {
	_, err := parseHost(pattern)
	return err
}

// hostPattern is one that path.Match takes, in lower case; port is empty for any.
type hostPattern struct{ host, port string }

func parseHost(text string) (hostPattern, error) {
	wrong := func(why string) (hostPattern, error) {
		return hostPattern{}, fmt.Errorf(`%s %s: want a host or address, in which * stands for any letters, with or without a port, such as "*.kafka.svc", "kafka-0:9092", "::1" or "[::1]:9092"`, Quote(text), why)
	}
	host, port, hasPort, bracketed := splitHost(text)
	if number, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || number == 0) {
		return wrong("has no port from 1 to 65535 behind its host")
	}
	if strings.ContainsAny(strings.TrimSpace(host), " \t") {
		return wrong("holds a blank")
	}
	if strings.Contains(host, "%") {
		return wrong("has a zone, which only one machine knows")
	}
	if bracketed || strings.Contains(host, ":") {
		if address, err := netip.ParseAddr(host); (err != nil || !address.Is6()) && !isPartOfAddress(host) {
			return wrong("is no IPv6 address")
		}
	}
	host = canonical(host)
	if _, err := path.Match(host, ""); err != nil || host == "" {
		return wrong("is no pattern")
	}
	return hostPattern{host, port}, nil
}

// splitHost takes brackets for those of an address if there is a colon within: otherwise they list letters, as path.Match has it.
func splitHost(text string) (host, port string, hasPort, bracketed bool) {
	if inner, rest, found := strings.Cut(strings.TrimPrefix(text, "["), "]"); found && strings.HasPrefix(text, "[") && strings.Contains(inner, ":") {
		if port, hasPort = strings.CutPrefix(rest, ":"); !hasPort {
			return inner, "", rest != "", true
		}
		return inner, port, true, true
	}
	host, port, hasPort = strings.Cut(text, ":")
	if hasPort && strings.Trim(port, "0123456789") == "" {
		return host, port, true, false
	}
	return text, "", false, false
}

// isPartOfAddress reports whether a pattern can match IPv6 addresses.
func isPartOfAddress(pattern string) bool {
	return strings.ContainsAny(pattern, "*?") && strings.Trim(strings.ToLower(pattern), "0123456789abcdef:.*?") == ""
}

// canonical writes one address in one way.
func canonical(host string) string {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().String()
	}
	return strings.ToLower(host)
}
