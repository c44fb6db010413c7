package process

import (
	"bytes"
	"io"
)

// lines copies what a program writes to its log, and shows it line by line.
type lines struct {
	log     io.Writer
	isReady func(line string) bool
	ready   chan struct{} // closed at the first line that says so
	seen    bool
	rest    []byte // the unfinished last line: a line may arrive in several writes
}

// Write never fails: a log that cannot be written must not stop the program that writes it.
func (l *lines) Write(output []byte) (int, error) {
	_, _ = l.log.Write(output)
	l.rest = append(l.rest, output...)
	for {
		line, rest, isWhole := bytes.Cut(l.rest, []byte("\n"))
		if !isWhole {
			return len(output), nil
		}
		l.rest = rest
		if l.isReady(string(line)) && !l.seen {
			l.seen = true
			close(l.ready)
		}
	}
}
