package lint

import (
	"strconv"

	"github.com/lagwise/lagwise/internal/manifest"
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

func cachedMetrics(_ subject, t trigger) []hit {
	if !t.UseCachedMetrics {
		return nil
	}
	return at(t.At("useCachedMetrics"), "useCachedMetrics holds answers back")
}
