package scalers

import (
	"path"
	"slices"
	"strings"
	"sync"
)

// Grant is a named connection to a source, and who may use it.
type Grant[Connection any] struct {
	Connection Connection
	// Namespaces are patterns of the namespaces whose triggers may use the connection; nil stands for all.
	Namespaces []string
}

// Connections are the named connections to one kind of source. They are exchanged as a whole while triggers are answered;
// those that were decoded before keep what they were given.
type Connections[Connection any] struct {
	mu     sync.RWMutex
	grants map[string]Grant[Connection]
	// assumed never changes.
	assumed bool
}

// AssumedConnections are for reading triggers where no configuration is at hand: every connection that a trigger names is
// taken to be there, and nothing is known of it.
func AssumedConnections[Connection any]() *Connections[Connection] {
	return &Connections[Connection]{assumed: true}
}

// Assumed says whether connections are taken to be there: what a trigger says of one cannot be compared with it.
func (c *Connections[Connection]) Assumed() bool { return c.assumed }

// NewConnections grants connections by their names.
func NewConnections[Connection any](grants map[string]Grant[Connection]) *Connections[Connection] {
	return &Connections[Connection]{grants: grants}
}

// Replace exchanges everything that is granted.
func (c *Connections[Connection]) Replace(grants map[string]Grant[Connection]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.grants = grants
}

// Named finds the connection that a trigger of the namespace asks for. Its error has CauseRefused; the caller reads the same text
// whether the connection is missing or for other namespaces.
func (c *Connections[Connection]) Named(name, namespace string) (Connection, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var none Connection
	grant, found := c.grants[name]
	var reason *Error
	switch {
	case c.assumed:
		return none, nil
	case found && grant.holdsFor(namespace):
		return grant.Connection, nil
	case found:
		reason = Errorf(CauseRefused,
			"connection %q is not for namespace %s: name another connection, or have the namespace added to it in lagwise's configuration",
			name, Quote(namespace))
	default:
		reason = Errorf(CauseRefused, "connection %s is not configured: want one of %s", Quote(name), orNone(c.usableIn(namespace)))
	}
	return none, &Redacted{Err: reason, Caller: Errorf(CauseRefused, "connection %s is not configured, or not for namespace %s: want one of %s",
		Quote(name), Quote(namespace), orNone(c.usableIn(namespace)))}
}

// usableIn lists the connections that the namespace may use; of others it need not know.
func (c *Connections[Connection]) usableIn(namespace string) []string {
	var names []string
	for name, grant := range c.grants {
		if grant.holdsFor(namespace) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (g Grant[Connection]) holdsFor(namespace string) bool {
	return g.Namespaces == nil || MatchesAny(g.Namespaces, namespace)
}

// MatchesAny says whether text, in lower case, matches one of the patterns, such as "team-*".
func MatchesAny(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matches, err := path.Match(strings.ToLower(pattern), text)
		return err == nil && matches
	})
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "(there is none)"
	}
	return strings.Join(names, ", ")
}
