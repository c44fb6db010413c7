package convert

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/lagwise/lagwise/internal/manifest"
)

// try edits a trigger's text as planned, or leaves all of it.
func (t *text) try(trigger manifest.Trigger, p plan) error {
	before := len(t.edits)
	err := t.apply(trigger, p)
	if err != nil {
		t.edits = t.edits[:before]
	}
	return err
}

func (t *text) apply(trigger manifest.Trigger, p plan) error {
	kind, metadata := own(trigger.Node, "type"), own(trigger.Node, "metadata")
	if kind == nil || metadata == nil || metadata.Kind != yaml.MappingNode || len(metadata.Content) == 0 {
		return errors.New("its type or metadata stands elsewhere, by a merge or an alias: write it out")
	}
	if err := t.replace(kind, p.kind); err != nil {
		return err
	}
	for _, entry := range trigger.Entries {
		if err := t.entry(metadata, entry, p); err != nil {
			return fmt.Errorf("%s: %w", entry.Key, err)
		}
	}
	return t.insert(metadata, p.add)
}

// own finds a key of the mapping's own, the last where it is written twice, and follows an alias.
func own(mapping *yaml.Node, name string) *yaml.Node {
	for i := len(mapping.Content) - 2; i >= 0; i -= 2 {
		if mapping.Content[i].Value == name {
			value := mapping.Content[i+1]
			if value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			return value
		}
	}
	return nil
}

// entry drops, renames or quotes one key.
func (t *text) entry(metadata *yaml.Node, entry manifest.Entry, p plan) error {
	renamed, rename := p.rename[entry.Key]
	switch {
	case slices.Contains(p.drop, entry.Key):
		return t.drop(metadata, entry)
	case rename:
		if err := t.replace(entry.KeyNode, renamed); err != nil {
			return err
		}
	}
	if entry.Tag == "!!str" {
		return nil
	}
	if entry.Tag == "!!null" {
		return errors.New("has no value, which the API server refuses: leave the key out")
	}
	from, to, err := t.scalar(entry.ValueNode)
	if err != nil {
		return err
	}
	t.edits = append(t.edits, edit{from, to, strconv.Quote(entry.Value)})
	return nil
}

// replace writes another word in a scalar's place, in its quotes.
func (t *text) replace(node *yaml.Node, word string) error {
	from, to, err := t.scalar(node)
	if err != nil {
		return err
	}
	if node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		from, to = from+1, to-1
	}
	t.edits = append(t.edits, edit{from, to, word})
	return nil
}

// insert puts keys before the first one: on lines of their own where that one begins its line, or else beside it.
func (t *text) insert(metadata *yaml.Node, add []pair) error {
	first := metadata.Content[0]
	at, err := t.offset(first)
	if err != nil || len(add) == 0 {
		return err
	}
	indent, ownLine := t.begins(at)
	if metadata.Style&yaml.FlowStyle == 0 {
		if !ownLine {
			return errPlace
		}
		t.insertLines(t.above(at), indent, add)
		return nil
	}
	between := ", "
	if ownLine {
		between = "," + t.newline(at) + indent
	}
	var keys strings.Builder
	for _, p := range add {
		if first.Style&yaml.DoubleQuotedStyle != 0 { // as JSON has it
			keys.WriteString(strconv.Quote(p.key) + ": " + strconv.Quote(p.value) + between)
		} else {
			keys.WriteString(p.key + ": " + written(p.value) + between)
		}
	}
	t.edits = append(t.edits, edit{at, at, keys.String()})
	return nil
}

func (t *text) insertLines(at int, indent string, add []pair) {
	var lines strings.Builder
	for _, p := range add {
		lines.WriteString(indent + p.key + ": " + written(p.value) + t.newline(at))
	}
	t.edits = append(t.edits, edit{at, at, lines.String()})
}

// written is a value in YAML, with quotes where it needs them.
func written(value string) string {
	if regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._:/-]*[A-Za-z0-9]$`).MatchString(value) && !isWord(value) {
		return value
	}
	return strconv.Quote(value)
}

// isWord says whether a value would be a boolean, or nothing.
func isWord(value string) bool {
	return slices.Contains([]string{"true", "false", "yes", "no", "on", "off", "null"}, strings.ToLower(value))
}

// drop takes a key out, with its line where it has one to itself.
func (t *text) drop(metadata *yaml.Node, entry manifest.Entry) error {
	n := slices.Index(metadata.Content, entry.KeyNode)
	if n < 0 {
		return errors.New("stands elsewhere, by a merge: write it out")
	}
	at, err := t.offset(entry.KeyNode)
	if err != nil {
		return err
	}
	_, end, err := t.scalar(metadata.Content[n+1])
	if err != nil {
		return err
	}
	if metadata.Style&yaml.FlowStyle == 0 {
		if _, ownLine := t.begins(at); !ownLine {
			return errPlace
		}
		from, to := t.line(at)
		if end > to {
			return errPlace
		}
		t.edits = append(t.edits, edit{from, to, ""})
		return nil
	}
	if n+2 >= len(metadata.Content) {
		return errors.New("is the last key of its braces: put it before the others")
	}
	next, err := t.offset(metadata.Content[n+2])
	if err != nil {
		return err
	}
	t.edits = append(t.edits, edit{at, next, ""})
	return nil
}
