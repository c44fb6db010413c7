package scalers

import (
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"
)

// MatchesHost reports whether a host and its port match one of the patterns. An IPv6 address has no brackets, and one address
// matches however it is written.
func MatchesHost(patterns []string, host, port string) bool {
	host = canonical(host)
	return slices.ContainsFunc(patterns, func(text string) bool {
		pattern, err := parseHost(text)
		if err != nil || pattern.port != "" && pattern.port != port {
			return false
		}
		matches, err := path.Match(pattern.host, host)
		return err == nil && matches
	})
}

// CheckHostPattern returns an error unless a pattern is one for MatchesHost: a host in which * stands for any letters, such as
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
