package manifest

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/scalers/legible"
)

// reader follows nodes of one document, and notes what is wrong on its way.
type reader struct {
	file     string
	problems []*Error
	// left is how many more pairs may be looked at. Aliases make a short text stand for a long one, or for one without end.
	left int
}

// newReader may look at each node many times over, as merges ask for, but not without end.
func newReader(file string, root *yaml.Node) *reader {
	return &reader{file: file, left: 10_000 + 20*count(root)}
}

func count(node *yaml.Node) int {
	nodes := 1
	for _, child := range node.Content {
		nodes += count(child)
	}
	return nodes
}

func (r *reader) place(node *yaml.Node) Place {
	return Place{File: r.file, Line: node.Line, Column: node.Column}
}

func (r *reader) problem(node *yaml.Node, format string, args ...any) {
	r.problems = append(r.problems, &Error{Place: r.place(node), Text: fmt.Sprintf(format, args...)})
}

// pair is a key of a mapping and its value, aliases followed.
type pair struct {
	key, value *yaml.Node
	// merged says that it came by "<<", or through an alias.
	merged bool
}

// mapping is a YAML mapping with its merges done; absent and empty alike have no pairs.
type mapping struct {
	reader  *reader
	present bool
	pairs   []pair
}

// resolve follows an alias, and takes a document for what it holds.
func resolve(node *yaml.Node) *yaml.Node {
	switch {
	case node == nil:
		return nil
	case node.Kind == yaml.AliasNode:
		return resolve(node.Alias)
	case node.Kind == yaml.DocumentNode && len(node.Content) > 0:
		return resolve(node.Content[0])
	default:
		return node
	}
}

// mapping of anything that is none has no pairs.
func (r *reader) mapping(node *yaml.Node) mapping {
	m := mapping{reader: r}
	aliased := node != nil && node.Kind == yaml.AliasNode
	if node = resolve(node); node == nil || node.Kind != yaml.MappingNode {
		return m
	}
	m.present = true
	m.pairs = r.pairs(node, aliased)
	return m
}

// pairs are a mapping's own ones in their order, and then those of its merges that it has none of.
func (r *reader) pairs(node *yaml.Node, merged bool) []pair {
	var own []pair
	var sources []*yaml.Node
	known := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if r.left--; r.left < 0 {
			r.problem(node, "its aliases stand for too much to follow")
			return nil
		}
		key, value := resolve(node.Content[i]), node.Content[i+1]
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			sources = append(sources, mergedBy(value)...)
			continue
		}
		own = append(own, pair{key: key, value: value, merged: merged})
		known[key.Value] = true
	}
	for _, source := range sources {
		for _, inherited := range r.pairs(source, true) {
			if r.left < 0 {
				return nil
			}
			if !known[inherited.key.Value] {
				known[inherited.key.Value] = true
				own = append(own, inherited)
			}
		}
	}
	return own
}

// mergedBy is the mappings behind "<<": one, or a list of which the first ones win.
func mergedBy(node *yaml.Node) []*yaml.Node {
	node = resolve(node)
	candidates := []*yaml.Node{node}
	if node.Kind == yaml.SequenceNode {
		candidates = node.Content
	}
	var sources []*yaml.Node
	for _, candidate := range candidates {
		if candidate = resolve(candidate); candidate.Kind == yaml.MappingNode {
			sources = append(sources, candidate)
		}
	}
	return sources
}

// last finds a name; of one that is written twice the last counts.
func (m mapping) last(name string) (pair, bool) {
	found, has := pair{}, false
	for _, p := range m.pairs {
		if p.key.Kind == yaml.ScalarNode && p.key.Value == name {
			found, has = p, true
		}
	}
	return found, has
}

// value is the node behind a name, aliases followed; nil when it is absent or null, which mean the same to the API server.
func (m mapping) value(name string) *yaml.Node {
	p, has := m.last(name)
	if !has {
		return nil
	}
	node := resolve(p.value)
	if node.Kind == yaml.ScalarNode && tagOf(node) == "!!null" {
		return nil
	}
	return node
}

func (m mapping) mapping(name string) mapping {
	node := m.value(name)
	if node != nil && node.Kind != yaml.MappingNode {
		m.reader.problem(node, "%s: want a mapping, not %s", name, shown(node))
	}
	return m.reader.mapping(node)
}

func (m mapping) list(name string) []*yaml.Node {
	node := m.value(name)
	switch {
	case node == nil:
		return nil
	case node.Kind != yaml.SequenceNode:
		m.reader.problem(node, "%s: want a list, not %s", name, shown(node))
		return nil
	default:
		return node.Content
	}
}

func (m mapping) text(name string) string {
	node := m.value(name)
	if node == nil {
		return ""
	}
	return m.reader.text(name, node)
}

// text that should have been quoted is a problem, and text all the same.
func (r *reader) text(name string, node *yaml.Node) string {
	if tagOf(node) != "!!str" {
		r.problem(node, "%s: want text, not %s%s", name, shown(node), quoteIt(node))
	}
	return node.Value
}

func quoteIt(node *yaml.Node) string {
	if node.Kind != yaml.ScalarNode {
		return ""
	}
	return fmt.Sprintf(": write %q", node.Value)
}

// integer is an int32, as all of KEDA's counts and seconds are.
func (m mapping) integer(name string) *int32 {
	node := m.value(name)
	if node == nil {
		return nil
	}
	var number int64
	if tagOf(node) != "!!int" || node.Decode(&number) != nil || number < math.MinInt32 || number > math.MaxInt32 {
		m.reader.problem(node, "%s: want a whole number, not %s", name, shown(node))
		return nil
	}
	small := int32(number)
	return &small
}

func (m mapping) flag(name string) bool {
	node := m.value(name)
	if node == nil {
		return false
	}
	if tagOf(node) != "!!bool" {
		m.reader.problem(node, "%s: want true or false, not %s", name, shown(node))
		return false
	}
	return isTrue(node.Value)
}

// quantity is a number as Kubernetes writes ratios: 0.05, "0.05" or 50m.
func (m mapping) quantity(name string) *float64 {
	node := m.value(name)
	if node == nil {
		return nil
	}
	digits, milli := strings.CutSuffix(node.Value, "m")
	number, err := strconv.ParseFloat(digits, 64)
	if node.Kind != yaml.ScalarNode || err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
		m.reader.problem(node, `%s: want a number such as 0.05 or 50m, not %s`, name, shown(node))
		return nil
	}
	if milli {
		number /= 1000
	}
	return &number
}

// shown is a node in a message.
func shown(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		text := legible.Short(node.Value, 60)
		if node.Style == 0 {
			return text
		}
		return strconv.Quote(text)
	}
}
