package config

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/lagwise/lagwise/scalers"
)

const (
	connectionsName = "connections"

	connectionName       = "name"
	connectionType       = "type"
	connectionNamespaces = "namespaces"
)

// connectionKind is a kind of source that can be connected to.
type connectionKind struct {
	// settings are those of this kind alone.
	settings []Setting
	// build fills in the kind's own field of the connection, and reads its secrets.
	build func(connection *Connection, v values, groups map[string]bool, reader *secrets) error
}

// connectionKinds is what can be connected to.
func connectionKinds() map[string]connectionKind {
	return map[string]connectionKind{
		KindKafka:    {kafkaSettings(), buildKafka},
		KindRabbitMQ: {rabbitSettings(), buildRabbit},
		KindNewRelic: {newRelicSettings(), buildNewRelic},
	}
}

// connectionSettings is every setting of a connection of one kind; Kafka when none is named.
func connectionSettings(kind string) (settings []Setting, known bool) {
	of, known := connectionKinds()[cmp.Or(kind, KindKafka)]
	return append(commonSettings(), of.settings...), known
}

func commonSettings() []Setting {
	return []Setting{
		{Live: true, Key: scalers.Key{
			Name: connectionName, Kind: scalers.KindText, Check: checkName, Help: "How triggers name it (connection: NAME). Required.",
		}},
		{Live: true, Key: scalers.Key{
			Name: connectionType, Kind: scalers.KindText, Default: KindKafka, Help: "What it connects to.",
		}},
		{Live: true, Key: scalers.Key{
			Name: connectionNamespaces, Kind: scalers.KindList, Check: checkPatterns,
			Help: `Namespaces whose triggers may use it, such as [shop, "team-*"]; all unless given. Needs tls.clientCAFile and tls.clientNames above.`,
		}},
	}
}

// understandConnection parses a connection's settings; they stand in the file alone.
func understandConnection(path string, section section) (values, error) {
	settings, _ := connectionSettings(section.values[connectionType].text)
	where := fmt.Sprintf("%s:%d", path, section.line)
	return understand(settings, section.title, where, func(setting Setting) (text, from string) {
		written, given := section.values[setting.Name]
		if !given {
			return "", ""
		}
		return written.text, fmt.Sprintf("%s:%d", path, written.line)
	})
}

// connectionOf builds a connection, and reads its secrets.
func connectionOf(v values, groups map[string]bool, reader *secrets) (Connection, error) {
	connection := Connection{Name: v.text(connectionName), Kind: cmp.Or(v.text(connectionType), KindKafka), Namespaces: v.list(connectionNamespaces)}
	if _, given := v.of[connectionNamespaces]; given && connection.Namespaces == nil {
		connection.Namespaces = []string{} // nobody, rather than everybody
	}
	if connection.Name == "" {
		return connection, v.problem(connectionName, ": missing; triggers choose a connection by its name")
	}
	kind := connectionKinds()[connection.Kind]
	err := kind.build(&connection, v, groups, reader)
	return connection, err
}

// checkName: a name with a colon could be taken for brokers.
func checkName(name string) error {
	if strings.ContainsAny(name, ":, /") {
		return errors.New("want a name without colons, commas, slashes and spaces")
	}
	return nil
}
