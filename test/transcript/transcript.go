// Package transcript keeps what a program or a log says, for tests that read while it is still written.
package transcript

import (
	"bytes"
	"sync"
)

// Text is all that was written so far. Its zero value is empty.
type Text struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *Text) Write(more []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(more) //nolint:wrapcheck // a buffer has no errors
}

func (t *Text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}
