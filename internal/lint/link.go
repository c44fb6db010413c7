package lint

import (
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

const jobs = manifest.ScaledJob

// linkRules are about KEDA's way to lagwise.
func linkRules() []Rule {
	return []Rule{
		{
			ID: "no-address", Severity: Error,
			Finds:   "An external trigger without scalerAddress.",
			Happens: "KEDA does not know whom to ask, and does not scale the workload.",
			Do:      "Say where lagwise is, such as `scalerAddress: lagwise.keda.svc:6000`.",
			look:    each(noAddress, lagwise),
		},
		{
			ID: "unsafe-link", Severity: Warning,
			Finds:   "unsafeSsl on an external trigger.",
			Happens: "KEDA stops verifying lagwise's own certificate.",
			Do:      "Say brokerUnsafeSsl, which concerns the brokers alone.",
			look:    each(unsafeLink, lagwise),
		},
		{
			ID: "authentication-unused", Severity: Warning,
			Finds:   "An authenticationRef on a lagwise trigger without enableTLS; of a trigger that names a connection or an authenticationRefName, one that is no ClusterTriggerAuthentication.",
			Happens: "It is for KEDA's link to lagwise (caCert, tlsClientCert, tlsClientKey). KEDA passes nothing of it on: credentials for the brokers in it have no effect.",
			Do:      "For credentials name a `connection` of lagwise's configuration, or the TriggerAuthentication by `authenticationRefName`; for KEDA's own link say `enableTLS: \"true\"`.",
			look:    each(authenticationUnused, lagwise),
		},
		{
			ID: "brokers-outside", Severity: Hint,
			Finds:   "Brokers of a lagwise trigger's own (`bootstrapServers`, `host`) that are neither loopback nor Services of the cluster.",
			Happens: "lagwise refuses the trigger unless `allowedBrokers` of its configuration lists the hosts: its default is `in-cluster`.",
			Do:      "Have the hosts added to `allowedBrokers`, or name a `connection`; write a Service as NAME.NAMESPACE.svc.",
			look:    each(brokersOutside, lagwise),
		},
		{
			ID: "cached-metrics", Severity: Hint,
			Finds:   "useCachedMetrics on a lagwise trigger.",
			Happens: "The HPA sees a value that is up to pollingInterval old, and saves nobody anything: lagwise answers from memory.",
			Do:      "Leave it out.",
			look:    each(cachedMetrics, lagwise),
		},
	}
}

func noAddress(_ subject, t trigger) []hit {
	if t.given("scalerAddress") != "" {
		return nil
	}
	return at(t.at("scalerAddress"), "scalerAddress is missing")
}

func unsafeLink(_ subject, t trigger) []hit {
	if on, err := strconv.ParseBool(t.given("unsafeSsl")); err != nil || !on {
		return nil
	}
	return at(t.at("unsafeSsl"), "unsafeSsl is read by KEDA for its link to lagwise as well")
}

func authenticationUnused(_ subject, t trigger) []hit {
	on, err := strconv.ParseBool(t.given("enableTLS"))
	loggedIn := t.given("connection") != "" || t.given("authenticationRefName") != ""
	if t.Authentication == nil || err == nil && on || loggedIn && t.Authentication.Kind == "ClusterTriggerAuthentication" { // one for the link of all triggers
		return nil
	}
	return at(t.At("authenticationRef"), "authenticationRef is for KEDA's link to lagwise alone")
}

func brokersOutside(_ subject, t trigger) []hit {
	if t.given("connection") != "" {
		return nil
	}
	for _, key := range []string{"bootstrapServers", "host"} {
		for broker := range strings.SplitSeq(t.given(key), ",") {
			host, port := hostOf(strings.TrimSpace(broker))
			if host != "" && scalers.PermissionOf([]string{scalers.InCluster}, host, port) == scalers.HostRefused {
				return at(t.at(key), "%s names %s, which is outside the cluster", key, scalers.Quote(host))
			}
		}
	}
	return nil
}

// hostOf is the host and the port of a broker, or of a URL; the port is empty where none is written.
func hostOf(broker string) (host, port string) {
	if _, behind, isURL := strings.Cut(broker, "://"); isURL {
		broker, _, _ = strings.Cut(behind, "/")
		broker = broker[strings.LastIndex(broker, "@")+1:]
	}
	host = broker
	if colon := strings.LastIndex(broker, ":"); colon > strings.LastIndex(broker, "]") {
		host, port = broker[:colon], broker[colon+1:]
	}
	return strings.Trim(host, "[]"), port
}

func cachedMetrics(_ subject, t trigger) []hit {
	if !t.UseCachedMetrics {
		return nil
	}
	return at(t.At("useCachedMetrics"), "useCachedMetrics holds answers back")
}
