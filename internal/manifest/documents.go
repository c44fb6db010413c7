package manifest

import "bytes"

// document is a part of a stream that is read by itself, so that a mistake in it hides no other.
type document struct {
	text []byte
	// line is the number of lines before it.
	line int
}

// documents splits a stream at its markers, "---" and "...", which are markers wherever they begin a line.
func documents(stream []byte) []document {
	var split []document
	begin, beginLine, line := 0, 0, 0
	directives := false // a "---" after directives belongs to their document
	cut := func(at, atLine int) {
		if at > begin {
			split = append(split, document{text: stream[begin:at], line: beginLine})
		}
		begin, beginLine, directives = at, atLine, false
	}
	blank := true // nothing but comments and empty lines so far
	for at := 0; at < len(stream); line++ {
		end := len(stream)
		if newline := bytes.IndexByte(stream[at:], '\n'); newline >= 0 {
			end = at + newline + 1
		}
		text := stream[at:end]
		switch {
		case marks(text, "---") && directives:
			directives, blank = false, false
		case marks(text, "---"):
			cut(at, line)
			blank = false
		case marks(text, "..."):
			cut(at, line)
			begin, beginLine, blank = end, line+1, true
		case blank && bytes.HasPrefix(text, []byte("%")):
			directives = true
		case !empty(text):
			blank = false
		}
		at = end
	}
	cut(len(stream), line)
	return split
}

// marks says whether a line is the marker, alone or with something after a blank.
func marks(line []byte, marker string) bool {
	rest, found := bytes.CutPrefix(line, []byte(marker))
	return found && (len(rest) == 0 || bytes.ContainsRune([]byte(" \t\r\n"), rune(rest[0])))
}

func empty(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) == 0 || line[0] == '#'
}

// sourceOf is the template that "helm template" names in a comment at the head of a document.
func sourceOf(text []byte) string {
	for line := range bytes.Lines(text) {
		if !empty(line) && !marks(line, "---") {
			return ""
		}
		if source, found := bytes.CutPrefix(bytes.TrimSpace(line), []byte("# Source: ")); found {
			return string(source)
		}
	}
	return ""
}
