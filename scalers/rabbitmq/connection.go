package rabbitmq

import (
	"strings"
	"sync"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/scalers/secret"
)

// Connection is a named connection of the configuration: the ways to one broker, and who lagwise is there.
type Connection struct {
	Name string
	// AMQP is where AMQP is spoken, as host:port, Encrypted whether over TLS. Management is what stands before /api in the
	// management API's URL. One of them may be empty.
	AMQP       string
	Encrypted  bool
	Management string
	// Vhost is that of triggers that name none.
	Vhost    string
	Username string
	Password secret.Text
	TLS      broker.TLS
}

func (c Connection) byAMQP() broker.Endpoint {
	endpoint := broker.Endpoint{
		Connection: c.Name, Protocol: broker.AMQP, Address: c.AMQP, Encrypted: c.Encrypted, Username: c.Username, Password: c.Password, TLS: c.TLS,
	}
	// The management API knows no login by certificate, and a password that is encrypted on its way by AMQP is by HTTP, too.
	if c.Username != "" && (!c.Encrypted || strings.HasPrefix(c.Management, "https:")) {
		endpoint.Management = c.Management
	}
	return endpoint
}

func (c Connection) byHTTP() broker.Endpoint {
	return broker.Endpoint{Connection: c.Name, Protocol: broker.HTTP, Address: c.Management, Username: c.Username, Password: c.Password, TLS: c.TLS}
}

// Endpoints are the ways to the broker, on no vhost.
func (c Connection) Endpoints() []broker.Endpoint { return []broker.Endpoint{c.byAMQP(), c.byHTTP()} }

// LooksLike says that two connections differ at most in what they prove themselves with: sessions can be carried over from one to the
// other, and no trigger can tell.
func (c Connection) LooksLike(other Connection) bool {
	other.Password, other.TLS.CA, other.TLS.Certificate, other.TLS.Key = c.Password, c.TLS.CA, c.TLS.Certificate, c.TLS.Key
	return c == other
}

// Grant is a named connection to RabbitMQ, and who may use it.
type Grant = scalers.Grant[Connection]

// Connections says which brokers triggers may reach, and as whom. Triggers that were decoded before a change keep what they were
// given.
type Connections struct {
	named *scalers.Connections[Connection]
	// secrets says that triggers may bring passwords in variables of their workload, which KEDA reads and sends to lagwise.
	secrets bool

	mu    sync.RWMutex
	hosts []string
}

// AssumedConnections are for reading triggers where no configuration is at hand: every connection that a trigger names is taken to
// be there, and every variable to hold what it should.
func AssumedConnections() *Connections {
	return &Connections{named: scalers.AssumedConnections[Connection](), secrets: true, hosts: []string{"*"}}
}

// NewConnections grants named connections, and those hosts to triggers that bring their own which match a pattern such as
// "*.rabbit.svc". Secrets says that passwords which triggers bring are safe on their way from KEDA.
func NewConnections(grants map[string]Grant, secrets bool, hosts ...string) *Connections {
	return &Connections{named: scalers.NewConnections(grants), secrets: secrets, hosts: hosts}
}

// Replace exchanges what is granted.
func (c *Connections) Replace(grants map[string]Grant, hosts ...string) {
	c.named.Replace(grants)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hosts = hosts
}

// permission returns whether a trigger may bring this host and port.
func (c *Connections) permission(host, port string) scalers.Permission {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return scalers.PermissionOf(c.hosts, host, port)
}
