package status

import (
	"encoding/json"
	"net/http"
)

// listTriggers answers the query of the list, as JSON.
func (p *Page) listTriggers(to http.ResponseWriter, request *http.Request) {
	answer := queryOf(request.URL.Query()).answer(p.glance.rows())
	p.tell(to, request, http.StatusOK, struct {
		Triggers []Row `json:"triggers"`
		Matching int   `json:"matching"`
		All      int   `json:"all"`
		Page     int   `json:"page"`
		Pages    int   `json:"pages"`
	}{append([]Row{}, answer.Rows...), answer.Matching, answer.All, answer.Page, answer.Pages})
}

// listConnections tells how the sources are reached.
func (p *Page) listConnections(to http.ResponseWriter, request *http.Request) {
	p.tell(to, request, http.StatusOK, struct {
		Connections []Connection `json:"connections"`
	}{append([]Connection{}, p.sources.Connections()...)})
}

func (p *Page) tell(to http.ResponseWriter, request *http.Request, code int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		p.log.ErrorContext(request.Context(), "answering in JSON", "path", request.URL.Path, "error", err)
		code, text = http.StatusInternalServerError, []byte(`{"error":"lagwise could not write this answer; its log says why"}`)
	}
	to.Header().Set("Content-Type", "application/json")
	to.WriteHeader(code)
	_, _ = to.Write(append(text, '\n')) // whoever asked may be gone
}
