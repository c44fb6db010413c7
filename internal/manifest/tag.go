package manifest

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// tagOf is the type that kubectl and Helm take a node for. They read YAML 1.1, in which yes, no, on, off, y and n are
// booleans as well; a date is text to them.
func tagOf(node *yaml.Node) string {
	tag := node.ShortTag()
	plain := node.Kind == yaml.ScalarNode && node.Style&(yaml.TaggedStyle|yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	switch {
	case plain && tag == "!!str" && (isTrue(node.Value) || isFalse(node.Value)):
		return "!!bool"
	case tag == "!!timestamp", tag == "!!merge", tag == "!!binary":
		return "!!str"
	default:
		return tag
	}
}

func isTrue(word string) bool {
	return slices.Contains([]string{"true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}, word)
}

func isFalse(word string) bool {
	return slices.Contains([]string{"false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"}, word)
}
