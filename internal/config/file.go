package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/scalers"
)

// document is a configuration file as written: what is unknown in it is among the problems, and nothing is understood yet.
type document struct {
	path string
	section
	connections []section
	// problems are what is wrong with it.
	problems []error
}

// section is a part of the file whose settings have one table: the whole file, or one connection.
type section struct {
	// title says which section in messages; empty for the whole file.
	title string
	line  int
	// values are the settings by their names.
	values map[string]written
	// groups are the levels that are there, also where they hold nothing.
	groups map[string]bool
}

// written is a setting's text and its line. The elements of a list are joined by commas, which no element may hold.
type written struct {
	text string
	line int
}

// readDocument reads a file and checks it against the tables.
func readDocument(path string) (document, error) {
	doc := document{path: path}
	content, err := os.ReadFile(path) //nolint:gosec // the operator's own file
	if err != nil {
		return doc, fmt.Errorf("reading the configuration: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var root yaml.Node
	if err := decoder.Decode(&root); errors.Is(err, io.EOF) {
		return doc, nil // an empty file says nothing
	} else if err != nil {
		return doc, fmt.Errorf("%s: %w", path, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return doc, fmt.Errorf("%s: a second document begins after \"---\": want one", path)
	}
	w := &walk{path: path}
	doc.section, doc.connections = w.whole(root.Content[0])
	doc.problems = w.problems
	return doc, nil
}

// walk goes through the nodes of a file and gathers what is wrong with it.
type walk struct {
	path     string
	problems []error
}

func (w *walk) refuse(line int, title, format string, args ...any) {
	w.problems = append(w.problems, problem(fmt.Sprintf("%s:%d", w.path, line), title, format, args...))
}

// problem is an error that says where it is before what it is.
func problem(where, title, format string, args ...any) error {
	if title != "" {
		where += ": " + title
	}
	return fmt.Errorf("%s: "+format, append([]any{where}, args...)...)
}

func (w *walk) whole(root *yaml.Node) (section, []section) {
	all := section{values: map[string]written{}, groups: map[string]bool{}}
	var connections []section
	w.pairs(root, all.title, "", func(name string, key, value *yaml.Node) {
		if name != connectionsName {
			w.setting(&all, table(Settings()), name, key, value)
			return
		}
		if value.Kind != yaml.SequenceNode {
			w.refuse(key.Line, "", "connections: want a list, each beginning with \"- name:\"")
			return
		}
		for i, node := range value.Content {
			if one, known := w.connection(i, resolve(node)); known {
				connections = append(connections, one)
			}
		}
	})
	return all, connections
}

func (w *walk) connection(i int, node *yaml.Node) (one section, known bool) {
	one = section{title: fmt.Sprintf("connections[%d]", i), line: node.Line, values: map[string]written{}, groups: map[string]bool{}}
	if name := child(node, "name"); name != "" {
		one.title += " " + scalers.Quote(name)
	}
	kind := child(node, "type")
	settings, known := connectionSettings(kind)
	if !known {
		w.refuse(node.Line, one.title, "type %s: want one of %s", scalers.Quote(kind), strings.Join(slices.Sorted(maps.Keys(connectionKinds())), ", "))
		return one, false
	}
	w.pairs(node, one.title, "", func(name string, key, value *yaml.Node) {
		w.setting(&one, table(settings), name, key, value)
	})
	return one, node.Kind == yaml.MappingNode
}

// setting takes one setting, or all of those below a name that stands for a group of them.
func (w *walk) setting(into *section, settings scalers.KeyTable, name string, key, value *yaml.Node) {
	for _, setting := range settings {
		if strings.HasPrefix(setting.Name, name+".") {
			if value.Kind != yaml.MappingNode {
				w.refuse(key.Line, into.title, "%s: want settings below it, or %s: {}", name, name)
				return
			}
			into.groups[name] = true
			w.pairs(value, into.title, name+".", func(name string, key, value *yaml.Node) { w.setting(into, settings, name, key, value) })
			return
		}
		if setting.Name == name {
			if text, given := w.text(into.title, setting, key, value); given {
				into.values[name] = written{text: text, line: key.Line}
			}
			return
		}
	}
	w.refuse(key.Line, into.title, "%s is not a setting%s", scalers.Quote(name), hint(settings, name))
}

// hint says what an unknown name may have been meant for.
func hint(settings scalers.KeyTable, name string) string {
	for _, setting := range settings {
		if setting.Name == name+inFile {
			return fmt.Sprintf(": secrets never stand in the configuration; give %s or %s", name+inFile, name+inEnvironment)
		}
	}
	if near, found := settings.Nearest(name); found {
		return fmt.Sprintf("; did you mean %s?", near)
	}
	return ""
}

// text reads a scalar, or a list of them. What is there without a value counts as not given.
func (w *walk) text(title string, setting scalers.Key, key, value *yaml.Node) (text string, given bool) {
	if setting.Kind != scalers.KindList {
		if value.Kind != yaml.ScalarNode {
			w.refuse(key.Line, title, "%s: want a single value", setting.Name)
			return "", false
		}
		return value.Value, value.Tag != "!!null"
	}
	if value.Kind != yaml.SequenceNode {
		w.refuse(key.Line, title, "%s: want a list such as [first, second]", setting.Name)
		return "", false
	}
	var elements []string
	for _, node := range value.Content {
		node = resolve(node)
		if node.Kind != yaml.ScalarNode || strings.TrimSpace(node.Value) == "" || strings.Contains(node.Value, ",") {
			w.refuse(node.Line, title, "%s %s: want one value for each element of the list", setting.Name, scalers.Quote(node.Value))
			return "", false
		}
		elements = append(elements, node.Value)
	}
	return strings.Join(elements, ","), true
}

// pairs goes through a mapping, and refuses a name that stands there twice.
func (w *walk) pairs(node *yaml.Node, title, prefix string, each func(name string, key, value *yaml.Node)) {
	if node.Kind != yaml.MappingNode {
		w.refuse(node.Line, title, "want settings, as NAME: VALUE")
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], resolve(node.Content[i+1])
		if line, twice := lines[key.Value]; twice {
			w.refuse(key.Line, title, "%s is given in line %d already", prefix+key.Value, line)
			continue
		}
		lines[key.Value] = key.Line
		each(prefix+key.Value, key, value)
	}
}

// child is the text of one name of a mapping.
func child(node *yaml.Node, name string) string {
	if node.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == name {
			return resolve(node.Content[i+1]).Value
		}
	}
	return ""
}

// resolve gives what an alias (*name) stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}
