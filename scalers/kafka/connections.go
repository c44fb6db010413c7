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

// reachable returns an error unless a trigger may reach a connection of its own: its brokers, and what gives it tokens for them.
// listed reports that allowedBrokers lists all of these hosts.
func (c *Connections) reachable(connection cluster.Connection) (listed bool, err error) {
	listed = true
	var refused, hosts []string
	for _, server := range connection.BootstrapServers {
		host, port, err := net.SplitHostPort(server)
		switch permission := c.permission(host, port); {
		case err != nil || permission == scalers.HostRefused:
			refused, hosts = append(refused, server), append(hosts, host)
		case permission == scalers.HostAllowed:
			listed = false
		}
	}
	if len(refused) > 0 {
		return false, scalers.NotAllowed(keyBootstrapServers+" "+scalers.Quote(refused[0]), hosts)
	}
	if connection.SASL == nil || connection.SASL.OAuth == nil {
		return listed, nil
	}
	endpoint, err := url.Parse(connection.SASL.OAuth.TokenURL)
	if err != nil {
		return false, scalers.Errorf(scalers.CauseRefused, "oauthTokenEndpointUri: want a URL")
	}
	port := cmp.Or(endpoint.Port(), map[string]string{"http": "80", "https": "443"}[endpoint.Scheme])
	permission := c.permission(endpoint.Hostname(), port)
	if permission == scalers.HostRefused {
		return false, scalers.NotAllowed("the host of oauthTokenEndpointUri "+scalers.Quote(endpoint.Hostname()), []string{endpoint.Hostname()})
	}
	return listed && permission == scalers.HostListed, nil
}

func (c *Connections) permission(host, port string) scalers.Permission {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return scalers.PermissionOf(c.brokers, host, port)
}
