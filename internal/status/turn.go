package status

import (
	"bytes"
	"context"
	"net/http"
)

// inTurn does work for somebody who looks when it is their turn; false when they do not wait any more. Writing to a client is no
// part of it, because that takes as long as the client likes.
func (p *Page) inTurn(ctx context.Context, work func(context.Context)) bool {
	if err := p.renders.Acquire(ctx, 1); err != nil {
		return false
	}
	defer p.renders.Release(1)
	work(ctx)
	return true
}

// buffered has a handler do its work in its turn.
func (p *Page) buffered(handler http.Handler) http.HandlerFunc {
	return func(to http.ResponseWriter, request *http.Request) {
		answer := kept{header: to.Header(), code: http.StatusOK}
		if p.inTurn(request.Context(), func(context.Context) { handler.ServeHTTP(&answer, request) }) {
			to.WriteHeader(answer.code)
			_, _ = to.Write(answer.text.Bytes()) // whoever asked may be gone
		}
	}
}

// kept is an answer that waits to be sent.
type kept struct {
	header http.Header
	code   int
	text   bytes.Buffer
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(code int) { k.code = code }

func (k *kept) Write(text []byte) (int, error) {
	return k.text.Write(text) //nolint:wrapcheck // memory does not fail
}
