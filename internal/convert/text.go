package convert

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// text is a file's bytes, and what shall be edited in it.
type text struct {
	content []byte
	// lines are the offsets at which lines begin.
	lines []int
	edits []edit
}

// edit puts other text in the place of a piece, which may be empty.
type edit struct {
	from, to int
	with     string
}

func newText(content []byte) *text {
	t := &text{content: content, lines: []int{0}}
	for at, b := range content {
		if b == '\n' {
			t.lines = append(t.lines, at+1)
		}
	}
	return t
}

// edited applies all edits. Two triggers that are one by an anchor ask for the same edits, which are made once.
func (t *text) edited() ([]byte, error) {
	edits := slices.Clone(t.edits)
	slices.SortStableFunc(edits, func(a, b edit) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	edits = slices.Compact(edits)
	var after bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.from < at {
			return nil, errors.New("two triggers share text by an anchor, and would need to differ: write them out")
		}
		after.Write(t.content[at:e.from])
		after.WriteString(e.with)
		at = e.to
	}
	after.Write(t.content[at:])
	return after.Bytes(), nil
}

var errPlace = errors.New("its text is written in a way that cannot be edited, such as with tags or across lines")

// offset is where a node begins; a byte order mark is no character of a line.
func (t *text) offset(node *yaml.Node) (int, error) {
	if node.Line < 1 || node.Line > len(t.lines) {
		return 0, errPlace
	}
	at := t.lines[node.Line-1]
	if at == 0 {
		at += len(t.content) - len(bytes.TrimPrefix(t.content, []byte("\ufeff")))
	}
	for range node.Column - 1 {
		if at >= len(t.content) || t.content[at] == '\n' {
			return 0, errPlace
		}
		_, size := utf8.DecodeRune(t.content[at:])
		at += size
	}
	return at, nil
}

// scalar is the piece that a scalar takes up, its quotes included.
func (t *text) scalar(node *yaml.Node) (from, to int, err error) {
	if node.Kind != yaml.ScalarNode || node.Anchor != "" || node.Style&(yaml.TaggedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		return 0, 0, errPlace
	}
	if from, err = t.offset(node); err != nil {
		return 0, 0, err
	}
	rest := t.content[from:]
	switch {
	case node.Style&yaml.SingleQuotedStyle != 0:
		to = from + endOfSingle(rest)
	case node.Style&yaml.DoubleQuotedStyle != 0:
		to = from + endOfDouble(rest)
	case bytes.HasPrefix(rest, []byte(node.Value)):
		to = from + len(node.Value)
	}
	if to <= from || bytes.ContainsAny(t.content[from:to], "\r\n") {
		return 0, 0, errPlace
	}
	return from, to, nil
}

// endOfSingle is the length of a single-quoted scalar, in which ” is a quote; 0 when it is none.
func endOfSingle(rest []byte) int {
	for at := 1; at < len(rest) && rest[0] == '\''; at++ {
		if rest[at] != '\'' {
			continue
		}
		if at+1 < len(rest) && rest[at+1] == '\'' {
			at++
			continue
		}
		return at + 1
	}
	return 0
}

// endOfDouble is the length of a double-quoted scalar; 0 when it is none.
func endOfDouble(rest []byte) int {
	for at := 1; at < len(rest) && rest[0] == '"'; at++ {
		switch rest[at] {
		case '\\':
			at++
		case '"':
			return at + 1
		}
	}
	return 0
}

// line is the piece of the line that an offset is in, its newline included.
func (t *text) line(offset int) (from, to int) {
	n, found := slices.BinarySearch(t.lines, offset)
	if !found {
		n--
	}
	if n+1 < len(t.lines) {
		return t.lines[n], t.lines[n+1]
	}
	return t.lines[n], len(t.content)
}

// newline is the line's own way to end; a last line without one ends like the first.
func (t *text) newline(offset int) string {
	from, to := t.line(offset)
	if bytes.HasSuffix(t.content[from:to], []byte("\r\n")) || (to == len(t.content) && bytes.Contains(t.content, []byte("\r\n"))) {
		return "\r\n"
	}
	return "\n"
}

// begins gives what stands before an offset on its line, if that is blank.
func (t *text) begins(offset int) (indent string, blank bool) {
	from, _ := t.line(offset)
	indent = string(t.content[from:offset])
	return indent, strings.Trim(indent, " \t") == ""
}

// above is where the line of an offset begins, or the first of the comments right above it, which speak of it.
func (t *text) above(offset int) int {
	at, _ := t.line(offset)
	for at > 0 {
		from, to := t.line(at - 1)
		if !bytes.HasPrefix(bytes.TrimSpace(t.content[from:to]), []byte("#")) {
			break
		}
		at = from
	}
	return at
}
