package rabbitmq

import (
	"cmp"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/scalers/secret"
)

// way is how a trigger reaches its broker.
type way struct {
	name string
	// named says that the configuration names the connection, listed that allowedBrokers lists a host that the trigger names.
	named, listed bool
	endpoint      broker.Endpoint
	// vhost is the one of the queues.
	vhost string
}

// wayOf finds the broker to ask and the identity to use: a named connection's, or the trigger's own. A connection's credentials go
// to its own addresses alone.
func wayOf(values scalers.Values, trigger scalers.Trigger, connections *Connections) (way, error) {
	for _, key := range []string{keyAuthModes, keyAuthMode} {
		if slices.Contains(values.List(key), modeOAuth) {
			return way{}, scalers.Errorf(scalers.CauseRefused, "%s: lagwise has no OAuth for RabbitMQ; use a username or a certificate, in a connection", key)
		}
	}
	if name := values.Text(keyConnection); name != "" {
		connection, err := connections.named.Named(name, trigger.Namespace)
		if err != nil {
			return way{}, err
		}
		if connections.named.Assumed() {
			return assumedWay(name, values)
		}
		return connection.way(values)
	}
	if _, authenticated := scalers.AuthenticationOf(trigger); authenticated {
		if connections.named.Assumed() {
			return assumedWay(keyHost, values)
		}
		if err := scalers.Unread(trigger); err != nil {
			return way{}, err
		}
	}
	return ownWay(values, trigger, connections)
}

// assumedWay is to a broker of which nothing is known but what it is called by.
func assumedWay(name string, values scalers.Values) (way, error) {
	return Connection{Name: name, AMQP: "assumed:5672", Management: "http://assumed:15672"}.way(values)
}

// way chooses between the ways of a connection.
func (c Connection) way(values scalers.Values) (way, error) {
	protocol := values.Text(keyProtocol)
	if protocol == protocolAuto {
		protocol = protocolHTTP // unacknowledged messages count, as they do in KEDA with a URL of the management API
		if c.Management == "" {
			protocol = protocolAMQP
		}
	}
	vhost := values.Text(keyVhost)
	if vhost == "" {
		vhost = c.Vhost
	}
	endpoint := c.byHTTP()
	if protocol == protocolAMQP {
		endpoint = c.byAMQP()
		endpoint.Vhost = vhost
	}
	if endpoint.Address == "" {
		return way{}, scalers.Errorf(scalers.CauseRefused, "protocol %q is not what connection %q has an address for: choose the other protocol, or have it added there",
			protocol, c.Name)
	}
	return way{name: c.Name, named: true, endpoint: endpoint, vhost: vhost}, nil
}

// ownWay is that of a trigger that brings its own broker.
func ownWay(values scalers.Values, trigger scalers.Trigger, connections *Connections) (way, error) {
	key, text := keyHost, values.Text(keyHost)
	if text == "" {
		key, text = keyHostFromEnv, values.Text(keyHostFromEnv)
	}
	if text == "" {
		return way{}, scalers.Errorf(scalers.CauseRefused,
			"host: missing; name a connection of lagwise's configuration (connection: NAME), or give hostFromEnv: what KEDA reads from a TriggerAuthentication it does not pass on to an external scaler, unless authenticationRefName names it here")
	}
	if key == keyHostFromEnv && connections.named.Assumed() { // a variable's name stands there
		return assumedWay(key, values)
	}
	written := text
	if key == keyHost && strings.TrimSpace(trigger.Metadata[keyHost]) == "" {
		written = "" // it stands in the TriggerAuthentication
	}
	if err := checkSecrets(values, key, written, connections.secrets); err != nil {
		return way{}, err
	}
	w, err := parseWay(values.Text(keyProtocol), text)
	if err != nil {
		return way{}, scalers.Errorf(scalers.CauseRefused, "%s: %w", key, err)
	}
	user, password := values.Text(keyUserFromEnv), values.Text(keyPasswordFromEnv)
	if (user == "") != (password == "") {
		return way{}, scalers.Errorf(scalers.CauseRefused, "usernameFromEnv and passwordFromEnv belong together: give both or neither")
	}
	if user != "" {
		w.endpoint.Username, w.endpoint.Password = user, secret.Text(password)
	}
	if trigger.Credentials != nil {
		if err := w.logIn(values, trigger.Credentials, text); err != nil {
			return way{}, err
		}
	}
	if vhost := values.Text(keyVhost); vhost != "" {
		w.vhost = vhost
	}
	if w.endpoint.Protocol == broker.AMQP {
		w.endpoint.Vhost = w.vhost
	}
	w.endpoint.TLS.SkipVerify = skipVerify(values)
	host := hostOf(w.endpoint)
	permission := connections.permission(host, portOf(w.endpoint))
	if permission == scalers.HostRefused {
		return way{}, scalers.NotAllowed(key+": "+scalers.Quote(host), []string{host})
	}
	w.name, w.listed = host, permission == scalers.HostListed
	return w, nil
}

// checkSecrets refuses passwords where others could read them: in the ScaledObject, and on their way from KEDA to lagwise. Nothing of
// them is repeated.
func checkSecrets(values scalers.Values, key, text string, safe bool) error {
	hasPassword := strings.Contains(text, "@")
	switch {
	case key == keyHost && hasPassword:
		return scalers.Errorf(scalers.CauseRefused,
			"host: credentials never stand in metadata; name a connection of lagwise's configuration (connection: NAME), or use hostFromEnv")
	case (hasPassword || values.Given(keyPasswordFromEnv)) && !safe:
		if !hasPassword {
			key = keyPasswordFromEnv
		}
		return scalers.Errorf(scalers.CauseRefused,
			"%s: it brings a password, and KEDA's link to lagwise is not encrypted; name a connection (connection: NAME), or set up TLS (docs/security.md)", key)
	default:
		return nil
	}
}

// parseWay reads the URL by its protocol.
func parseWay(protocol, text string) (w way, err error) {
	if protocol == protocolAuto {
		protocol = protocolHTTP
		if strings.HasPrefix(text, "amqp") {
			protocol = protocolAMQP
		}
	}
	if protocol == protocolHTTP {
		w.endpoint, w.vhost, err = broker.ParseHTTP(text)
		return w, err
	}
	w.endpoint, err = broker.ParseAMQP(text)
	w.vhost = w.endpoint.Vhost
	return w, err
}

// skipVerify: unsafeSsl keeps its meaning for a trigger that is moved over; brokerUnsafeSsl decides when both are set.
func skipVerify(values scalers.Values) bool {
	if values.Given(keyBrokerUnsafeSSL) {
		return values.Flag(keyBrokerUnsafeSSL)
	}
	return values.Flag(keyUnsafeSSL)
}

// hostOf is the host of an endpoint's address.
func hostOf(endpoint broker.Endpoint) string {
	if endpoint.Protocol == broker.HTTP {
		if parsed, err := url.Parse(endpoint.Address); err == nil {
			return parsed.Hostname()
		}
		return ""
	}
	host, _, _ := net.SplitHostPort(endpoint.Address)
	return host
}

// portOf is the port of an endpoint's address.
func portOf(endpoint broker.Endpoint) string {
	if endpoint.Protocol == broker.HTTP {
		if parsed, err := url.Parse(endpoint.Address); err == nil {
			return cmp.Or(parsed.Port(), map[string]string{"http": "80", "https": "443"}[parsed.Scheme])
		}
		return ""
	}
	_, port, _ := net.SplitHostPort(endpoint.Address)
	return port
}

// allows compares the protocol with what the other keys ask for (KEDA: rabbitmq_scaler.go, Validate).
func (w way) allows(values scalers.Values, r rules) error {
	if w.endpoint.Protocol == broker.HTTP {
		return nil
	}
	key := r.needsHTTP()
	if timeout, err := parseTimeout(values.Text(keyTimeout)); err == nil && timeout > 0 && values.Given(keyMode) {
		key = keyTimeout
	}
	if key == "" {
		return nil
	}
	return scalers.Errorf(scalers.CauseRefused, "%s needs the management API: protocol http, and its URL", key)
}
