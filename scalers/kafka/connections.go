package kafka

import (
	"cmp"
	"net"
	"net/url"
	"sync"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Grant is a named connection to Kafka, and who may use it.
type Grant = scalers.Grant[cluster.Connection]

// Connections says which clusters triggers may reach, and as whom. Triggers that were decoded before a change keep what they
// were given.
type Connections struct {
	named *scalers.Connections[cluster.Connection]

	mu      sync.RWMutex
	brokers []string
}

// AssumedConnections are for reading triggers where no configuration is at hand: every connection that a trigger names is
// taken to be there, and to agree with what the trigger says of it.
func AssumedConnections() *Connections {
	return &Connections{named: scalers.AssumedConnections[cluster.Connection](), brokers: []string{"*"}}
}

// NewConnections grants named connections, and those brokers to triggers that bring their own whose hosts match a pattern
// such as "*.kafka.svc".
func NewConnections(grants map[string]Grant, brokers ...string) *Connections {
	return &Connections{named: scalers.NewConnections(grants), brokers: brokers}
}

// Replace exchanges everything that is granted.
func (c *Connections) Replace(grants map[string]Grant, brokers ...string) {
	c.named.Replace(grants)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.brokers = brokers
}

// reachable says whether a trigger may reach a connection of its own: its brokers, and who gives it tokens for them.
func (c *Connections) reachable(connection cluster.Connection) error {
	for _, server := range connection.BootstrapServers {
		if host, port, err := net.SplitHostPort(server); err != nil || !c.allowed(host, port) {
			return notAllowed(keyBootstrapServers, server)
		}
	}
	if connection.SASL == nil || connection.SASL.OAuth == nil {
		return nil
	}
	endpoint, err := url.Parse(connection.SASL.OAuth.TokenURL)
	if err != nil {
		return scalers.Errorf(scalers.CauseRefused, "oauthTokenEndpointUri: want a URL")
	}
	port := cmp.Or(endpoint.Port(), map[string]string{"http": "80", "https": "443"}[endpoint.Scheme])
	if !c.allowed(endpoint.Hostname(), port) {
		return notAllowed("the host of oauthTokenEndpointUri", endpoint.Hostname())
	}
	return nil
}

func (c *Connections) allowed(host, port string) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return scalers.MatchesHost(c.brokers, host, port)
}

func notAllowed(what, which string) error {
	return scalers.Errorf(scalers.CauseRefused,
		"%s %s is not among allowedBrokers of lagwise's configuration: use a connection, or have the host added there", what, scalers.Quote(which))
}
