package manifest

import (
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ReadAt finds lists of triggers at a path of any document, such as a Helm chart's values: names with dots before them, and
// "[]" for each item of a list, as in ".keda.scaledObject[].triggers". On a list a name alone means each item as well. Each list
// becomes a workload without a kind. A path that leads nowhere is an error.
func ReadAt(file string, r io.Reader, path string) ([]Workload, error) {
	names := strings.FieldsFunc(strings.ReplaceAll(path, "[]", ""), func(r rune) bool { return r == '.' })
	if len(names) == 0 || !strings.HasPrefix(path, ".") {
		return nil, fmt.Errorf("%q: want a path such as .keda.scaledObject[].triggers", path)
	}
	workloads, err := readEach(file, r, func(_ document, node *yaml.Node) []Workload {
		var found []Workload
		for _, list := range newReader(file, node).follow(node, names) {
			found = append(found, triggersIn(file, list))
		}
		return found
	})
	if len(workloads) == 0 && err == nil {
		return nil, fmt.Errorf("%s has no list at %s", file, path)
	}
	return workloads, err
}

func triggersIn(file string, list *yaml.Node) Workload {
	r := newReader(file, list)
	w := Workload{Place: r.place(list), Node: list, Annotations: map[string]string{}}
	w.Triggers = r.triggers(list.Content)
	w.Problems = r.problems
	return w
}

// follow gives the lists that names lead to.
func (r *reader) follow(node *yaml.Node, names []string) []*yaml.Node {
	node = resolve(node)
	if node == nil {
		return nil
	}
	if len(names) == 0 {
		if node.Kind != yaml.SequenceNode {
			return nil
		}
		return []*yaml.Node{node}
	}
	var found []*yaml.Node
	if node.Kind == yaml.SequenceNode {
		for _, item := range node.Content {
			if r.left--; r.left < 0 {
				return found
			}
			found = append(found, r.follow(item, names)...)
		}
		return found
	}
	if pair, has := r.mapping(node).last(names[0]); has {
		return r.follow(pair.value, names[1:])
	}
	return nil
}
