package config

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/scalers"
)

// Show writes the configuration as YAML that may be read in again, each line with where its value comes from. Secrets are
// not in it: their files and variables are named, as they are in the configuration itself.
func (c Config) Show(to io.Writer) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, setting := range Settings() {
		if v, found := c.values.of[setting.Name]; found {
			put(root, setting, v)
		}
	}
	if len(c.connections) > 0 {
		connections := &yaml.Node{Kind: yaml.SequenceNode}
		for _, connection := range c.connections {
			connections.Content = append(connections.Content, connection.node())
		}
		root.Content = append(root.Content, scalar(connectionsName), connections)
	}
	encoder := yaml.NewEncoder(to)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return nil
}

// shownConnection is a connection's settings, and the groups that are there, also where they hold nothing.
type shownConnection struct {
	values values
	groups map[string]bool
}

// node leaves out what a connection does not say: a default of a group that is not there would bring the group about.
func (c shownConnection) node() *yaml.Node {
	settings, _ := connectionSettings(c.values.text(connectionType))
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, setting := range settings {
		if v, found := c.values.of[setting.Name]; found && v.from != byDefault {
			put(node, setting, v)
		}
	}
	for _, group := range slices.Sorted(maps.Keys(c.groups)) {
		if !slices.ContainsFunc(node.Content, func(n *yaml.Node) bool { return n.Value == group }) {
			node.Content = append(node.Content, scalar(group), &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle})
		}
	}
	return node
}

// put adds a setting below the groups of its name.
func put(node *yaml.Node, setting Setting, v value) {
	levels := strings.Split(setting.Name, ".")
	for _, level := range levels[:len(levels)-1] {
		at := slices.IndexFunc(node.Content, func(n *yaml.Node) bool { return n.Value == level })
		if at < 0 {
			group := &yaml.Node{Kind: yaml.MappingNode}
			node.Content = append(node.Content, scalar(level), group)
			node = group
			continue
		}
		node = node.Content[at+1]
	}
	written := scalar(v.text)
	if setting.Kind == scalers.KindText || setting.Kind == scalers.KindChoice {
		written.Style = yaml.DoubleQuotedStyle
	}
	if elements, isList := v.parsed.([]string); isList {
		written = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, element := range elements {
			quoted := scalar(element)
			quoted.Style = yaml.DoubleQuotedStyle
			written.Content = append(written.Content, quoted)
		}
	}
	written.LineComment = v.from
	node.Content = append(node.Content, scalar(levels[len(levels)-1]), written)
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }
