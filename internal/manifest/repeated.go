package manifest

import (
	"slices"

	"go.yaml.in/yaml/v3"
)

// Repetition is a key that its mapping has already. YAML forbids it; kubectl takes the last one, as all of this package does.
type Repetition struct {
	Key   string
	Place Place
	// Line is that of the key's earlier place.
	Line int
}

// Repeated finds the workload's keys that are written twice in one mapping, without those of its triggers.
func (w Workload) Repeated() []Repetition {
	triggers := make([]*yaml.Node, 0, len(w.Triggers))
	for _, t := range w.Triggers {
		triggers = append(triggers, t.Node)
	}
	return repeated(w.Place.File, w.Node, triggers)
}

// Repeated finds the trigger's keys that are written twice in one mapping.
func (t Trigger) Repeated() []Repetition { return repeated(t.Place.File, t.Node, nil) }

// repeated follows no alias: what that stands for is looked at where it is written.
func repeated(file string, node *yaml.Node, without []*yaml.Node) []Repetition {
	var found []Repetition
	if node.Kind == yaml.MappingNode {
		lines := map[string]int{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i]
			if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
				continue
			}
			if line, is := lines[key.Value]; is {
				found = append(found, Repetition{key.Value, Place{file, key.Line, key.Column}, line})
			}
			lines[key.Value] = key.Line
		}
	}
	for _, child := range node.Content {
		if !slices.Contains(without, child) {
			found = append(found, repeated(file, child, without)...)
		}
	}
	return found
}
