package config

import (
	"maps"
	"reflect"
	"slices"
)

// Change is what two configurations differ in.
type Change struct {
	// Live are the settings and connections whose change takes effect at once, by name; Restart those that need a restart.
	Live, Restart []string
	// Rotated are the connections that differ in what they prove themselves with, and in nothing that a trigger can see;
	// Altered are those that are otherwise different, new or gone.
	Rotated, Altered []string
	// Brokers says that triggers may bring other brokers of their own than before.
	Brokers bool
}

// Nothing says that the configurations are alike, the content of every file included.
func (c Change) Nothing() bool { return len(c.Live) == 0 && len(c.Restart) == 0 }

// Compare says what becomes of the old configuration.
func Compare(before, after Config) Change {
	var change Change
	for _, setting := range Settings() {
		if reflect.DeepEqual(before.values.of[setting.Name].parsed, after.values.of[setting.Name].parsed) {
			continue
		}
		if setting.Live {
			change.Live = append(change.Live, setting.Name)
		} else {
			change.Restart = append(change.Restart, setting.Name)
		}
	}
	if !reflect.DeepEqual(before.TLS, after.TLS) {
		change.Live = append(change.Live, "tls")
	}
	change.Brokers = !slices.Equal(before.AllowedBrokers, after.AllowedBrokers)
	names := maps.Clone(before.Connections)
	maps.Copy(names, after.Connections)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, wasThere := before.Connections[name]
		now, isThere := after.Connections[name]
		switch {
		case wasThere && isThere && reflect.DeepEqual(old, now):
			continue
		case wasThere && isThere && old.looksLike(now):
			change.Rotated = append(change.Rotated, name)
		default:
			change.Altered = append(change.Altered, name)
		}
		change.Live = append(change.Live, "connection "+name)
	}
	return change
}

// looksLike says that triggers cannot tell the connections apart: same source, same kind of proof, same users. The fields of other
// kinds are empty on both sides.
func (c Connection) looksLike(other Connection) bool {
	return c.Kind == other.Kind && slices.Equal(c.Namespaces, other.Namespaces) && c.Kafka.LooksLike(other.Kafka) &&
		c.NewRelic.LooksLike(other.NewRelic) &&
		c.RabbitMQ.LooksLike(other.RabbitMQ)
}
