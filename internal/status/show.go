package status

import (
	"bytes"
	"context"
	"net/http"
	"time"
)

// show makes a page and sends it. look gives what is in it, and the code.
func (p *Page) show(to http.ResponseWriter, request *http.Request, look func(context.Context) (page frame, code int)) {
	var text bytes.Buffer
	var code int
	if !p.inTurn(request.Context(), func(ctx context.Context) {
		var page frame
		page, code = look(ctx)
		page.version, page.now = p.sources.Version, time.Now()
		_ = page.document(p.assets).Render(&text) // memory does not fail
	}) {
		return
	}
	to.Header().Set("Content-Type", "text/html; charset=utf-8")
	to.WriteHeader(code)
	_, _ = to.Write(text.Bytes()) // whoever asked may be gone
}
