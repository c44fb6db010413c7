package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Keys that a plan or a risk is about.
const (
	keyConnection = "connection"
	keyServers    = "bootstrapServers"
	keySASL       = "sasl"
	fromEnv       = "FromEnv"
)

// Plan is how lagwise is asked about a trigger.
type Plan struct {
	// Metadata is what the trigger would say to lagwise.
	Metadata map[string]string
	// Connection is the named connection that stands for the trigger's credentials; empty for none.
	Connection string
	// Missing says what is not there, so that lagwise cannot be asked; empty when it can.
	Missing string
}

// Connection is a connection of lagwise's configuration, without its secrets.
type Connection struct {
	Name    string
	Servers []string
}

// plan makes a built-in trigger lagwise's, as docs/moving-over.md tells to: the keys stay, credentials become a connection.
func (s Subject) plan(known Known) Plan {
	p := Plan{Metadata: maps.Clone(s.Trigger.Metadata)}
	if !s.Own {
		p.Metadata["scaler"] = s.Scaler
	}
	if !s.Own && s.needsCredentials() {
		if p.Connection, p.Missing = s.connection(known); p.Missing != "" {
			return p
		}
		p.Metadata[keyConnection] = p.Connection
		for _, key := range knownByConnection() {
			delete(p.Metadata, key)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Metadata)) {
		plain, is := strings.CutSuffix(name, fromEnv)
		if is && s.given(plain) == "" && s.given(name) != "" {
			p.Missing = fmt.Sprintf("%s: the value is in the environment of the target's container, which audit does not read", name)
			return p
		}
	}
	return p
}

// knownByConnection are the keys that a connection stands for, beside credentials that KEDA does not pass on.
func knownByConnection() []string {
	return []string{keyServers + fromEnv, "hostFromEnv", "usernameFromEnv", "passwordFromEnv"}
}

// needsCredentials says whether KEDA takes something from a TriggerAuthentication, or from its own identity, to reach the source.
func (s Subject) needsCredentials() bool {
	return s.Trigger.Authentication != nil || (s.knows(keySASL) && s.given(keySASL) != "" && s.given(keySASL) != "none")
}

// connection finds the one that stands for the trigger's credentials.
func (s Subject) connection(known Known) (name, missing string) {
	what := keySASL + " " + s.given(keySASL)
	if auth := s.Trigger.Authentication; auth != nil {
		for _, called := range []string{s.Namespace + "/" + auth.Name, auth.Name} {
			if chosen, is := known.Chosen[called]; is {
				return chosen, ""
			}
		}
		what = "authenticationRef " + auth.Name
	}
	var fit []string
	for _, connection := range known.Connections {
		if s.reaches(connection) {
			fit = append(fit, connection.Name)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], ""
	case len(fit) > 1:
		slices.Sort(fit)
		return "", fmt.Sprintf("%s: connections %s all reach its brokers; choose one with --connection %s=NAME", what, strings.Join(fit, ", "), s.authentication())
	default:
		return "", fmt.Sprintf("%s: no connection of lagwise's configuration reaches its brokers; add one to --config, or choose with --connection %s=NAME", what, s.authentication())
	}
}

func (s Subject) authentication() string {
	if s.Trigger.Authentication == nil {
		return "AUTHENTICATION"
	}
	return s.Trigger.Authentication.Name
}

// reaches says whether all brokers that the trigger names are the connection's.
func (s Subject) reaches(connection Connection) bool {
	servers := s.servers()
	for _, server := range servers {
		if !slices.Contains(connection.Servers, server) {
			return false
		}
	}
	return len(servers) > 0
}

// servers are the brokers that the trigger names itself, sorted.
func (s Subject) servers() []string {
	var servers []string
	for server := range strings.SplitSeq(s.given(keyServers), ",") {
		if server = strings.TrimSpace(server); server != "" {
			servers = append(servers, server)
		}
	}
	slices.Sort(servers)
	return servers
}
