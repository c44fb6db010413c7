package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxBytes bounds what is read of one file; a cluster's ten thousand ScaledObjects have about 40 MB.
const maxBytes = 128 << 20

// Read finds the workloads of every document, in their order, items of lists included; what else there is it passes over.
// file is the name to be shown in places. A document that is no YAML gives an *Error and hides no other; several of them are
// joined.
func Read(file string, r io.Reader) ([]Workload, error) {
	return readEach(file, r, func(document document, node *yaml.Node) []Workload {
		return objects(file, sourceOf(document.text), node)
	})
}

// readEach joins what is found in each document.
func readEach(file string, r io.Reader, find func(document, *yaml.Node) []Workload) ([]Workload, error) {
	stream, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	if err := checkStream(file, stream); err != nil {
		return nil, err
	}
	var workloads []Workload
	var mistakes []error
	for _, document := range documents(stream) {
		nodes, err := document.parse(file)
		if err != nil {
			mistakes = append(mistakes, err)
		}
		for _, node := range nodes {
			workloads = append(workloads, find(document, node)...)
		}
	}
	return workloads, errors.Join(mistakes...)
}

func checkStream(file string, stream []byte) error {
	begin := Place{File: file, Line: 1, Column: 1}
	switch {
	case len(stream) > maxBytes:
		return &Error{begin, fmt.Sprintf("has more than %d MiB: split it", maxBytes>>20)}
	case bytes.HasPrefix(stream, []byte("\xff\xfe")), bytes.HasPrefix(stream, []byte("\xfe\xff")):
		return &Error{begin, "is UTF-16: save it as UTF-8"}
	default:
		return nil
	}
}

// parse reads the YAML; its nodes get the lines of the file.
func (d document) parse(file string) ([]*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(d.text))
	var nodes []*yaml.Node
	for {
		var node yaml.Node
		err := decoder.Decode(&node)
		if errors.Is(err, io.EOF) {
			return nodes, nil
		}
		if err != nil {
			return nodes, d.mistake(file, err)
		}
		shift(&node, d.line)
		nodes = append(nodes, &node)
	}
}

func shift(node *yaml.Node, lines int) {
	node.Line += lines
	for _, child := range node.Content {
		shift(child, lines)
	}
}

// mistake puts a place to what the parser says. It tells the line alone: the column is that of the line's first character.
func (d document) mistake(file string, err error) *Error {
	line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if found := regexp.MustCompile(`^line (\d+): (?s)(.*)$`).FindStringSubmatch(text); found != nil {
		line, _ = strconv.Atoi(found[1])
		text = found[2]
	}
	lines := bytes.SplitAfter(d.text, []byte("\n"))
	line = min(max(line, 1), len(lines))
	wrong := lines[line-1]
	column := 1 + len(wrong) - len(bytes.TrimLeft(wrong, " \t"))
	if bytes.Contains(d.text, []byte("{{")) {
		text += "; this looks like a template: render it first, such as with \"helm template CHART\""
	}
	return &Error{Place{File: file, Line: d.line + line, Column: column}, "no YAML: " + text}
}

// objects are the workloads of one document.
func objects(file, source string, node *yaml.Node) []Workload {
	r := newReader(file, node)
	root := r.mapping(node)
	kind, isList := strings.CutSuffix(scalar(root, "kind"), "List")
	if !isList {
		return r.workload(source, kind, resolve(node))
	}
	var workloads []Workload
	for _, item := range root.list("items") {
		own := scalar(r.mapping(item), "kind")
		if own == "" {
			own = kind // items of a ScaledObjectList need not say what they are
		}
		workloads = append(workloads, r.workload(source, own, resolve(item))...)
	}
	return workloads
}

// workload is none when the object is of another kind, or of another API's of the same name.
func (r *reader) workload(source, kind string, node *yaml.Node) []Workload {
	m := r.mapping(node)
	group, _, _ := strings.Cut(scalar(m, "apiVersion"), "/")
	if (kind != ScaledObject && kind != ScaledJob) || (group != "" && group != "keda.sh") {
		return nil
	}
	r.problems = nil
	metadata, spec := m.mapping("metadata"), m.mapping("spec")
	w := Workload{
		Kind: kind, Namespace: metadata.text("namespace"), Name: metadata.text("name"), Annotations: map[string]string{},
		Source: source, Place: r.place(node), Node: node,
	}
	for _, p := range metadata.mapping("annotations").pairs {
		w.Annotations[p.key.Value] = r.text(p.key.Value, resolve(p.value))
	}
	w.Spec = specOf(spec)
	w.Triggers = r.triggers(spec.list("triggers"))
	slices.SortStableFunc(r.problems, func(a, b *Error) int { return a.Place.Compare(b.Place) })
	w.Problems = r.problems
	return []Workload{w}
}

// scalar reads a field that decides what an object is, before anything is said about it.
func scalar(m mapping, name string) string {
	if node := m.value(name); node != nil && node.Kind == yaml.ScalarNode {
		return node.Value
	}
	return ""
}
