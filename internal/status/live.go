package status

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	g "maragu.dev/gomponents"
)

const (
	// mostStreams is how many browsers may follow at once.
	mostStreams = 64
	// breath is the time between two looks for those who follow, and sign the time after which they are told that nothing is new.
	breath = time.Second
	sign   = 15 * time.Second
)

// piece is an element of a page that is exchanged as a whole; its id is in the page.
type piece struct{ id, html string }

// shot is what can be exchanged of a page at one instant. Nobody changes it.
type shot struct {
	// pieces stand alone, lines are children of the element with the id list, in this order.
	pieces []piece
	list   string
	lines  []piece
	// latest is the tick of what is recorded.
	latest uint16
	// gone says that what the page is about is there no more.
	gone bool
}

// news is what a browser is told.
type news struct {
	// Now is lagwise's time in milliseconds since 1970.
	Now int64 `json:"now"`
	// Set is elements by their ids, those that changed and those that are new.
	Set map[string]string `json:"set,omitempty"`
	// List has these Lines, in this order, where that has changed.
	List  string   `json:"list,omitempty"`
	Lines []string `json:"lines,omitempty"`
	// Recorded says that the chart has something new.
	Recorded bool `json:"recorded,omitempty"`
	Gone     bool `json:"gone,omitempty"`
}

// since is what is new since an earlier shot; everything when there was none.
func (s *shot) since(before *shot) (n news, isNew bool) {
	if before == nil {
		before = &shot{latest: s.latest}
	}
	had := map[string]string{}
	for _, p := range before.pieces {
		had[p.id] = p.html
	}
	for _, p := range before.lines {
		had[p.id] = p.html
	}
	n.Set = map[string]string{}
	sameLines := len(s.lines) == len(before.lines)
	for _, p := range s.pieces {
		if had[p.id] != p.html {
			n.Set[p.id] = p.html
		}
	}
	for i, p := range s.lines {
		if had[p.id] != p.html {
			n.Set[p.id] = p.html
		}
		sameLines = sameLines && before.lines[i].id == p.id
	}
	if !sameLines {
		n.List, n.Lines = s.list, []string{}
		for _, p := range s.lines {
			n.Lines = append(n.Lines, p.id)
		}
	}
	n.Recorded, n.Gone = s.latest != before.latest, s.gone
	return n, len(n.Set) > 0 || !sameLines || n.Recorded || n.Gone
}

// view is one page as somebody follows it. All who follow the same share its shots.
type view struct {
	look func(context.Context) (*shot, error)
	// turn holds whoever may look and change what is below.
	turn chan struct{}
	at   time.Time
	shot *shot

	followers int // guarded by views
}

// current is at most a breath old.
func (v *view) current(ctx context.Context) (*shot, error) {
	select {
	case v.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-v.turn }()
	if v.shot != nil && time.Since(v.at) < breath*9/10 {
		return v.shot, nil
	}
	latest, err := v.look(ctx)
	if err != nil {
		return nil, err
	}
	v.shot, v.at = latest, time.Now()
	return latest, nil
}

// follow lends the view of this name until leave is called.
func (p *Page) follow(name string, look func(context.Context) (*shot, error)) (followed *view, leave func()) {
	p.viewing.Lock()
	defer p.viewing.Unlock()
	followed, found := p.views[name]
	if !found {
		followed = &view{look: look, turn: make(chan struct{}, 1)}
		p.views[name] = followed
	}
	followed.followers++
	return followed, func() {
		p.viewing.Lock()
		defer p.viewing.Unlock()
		if followed.followers--; followed.followers == 0 {
			delete(p.views, name)
		}
	}
}

func (p *Page) followOverview(to http.ResponseWriter, request *http.Request) {
	q := queryOf(request.URL.Query())
	p.tellNews(to, request, "overview?"+q.encode(), func(ctx context.Context) (*shot, error) {
		return p.shoot(ctx, func() *shot { return p.overview(q).shot() })
	})
}

func (p *Page) followTrigger(to http.ResponseWriter, request *http.Request) {
	asked := request.URL.Query()
	wanted := url.Values{"namespace": asked["namespace"], "name": asked["name"], "serial": asked["serial"]}
	p.tellNews(to, request, "trigger?"+wanted.Encode(), func(ctx context.Context) (*shot, error) {
		return p.shoot(ctx, func() *shot {
			page, alive := p.triggerPage(ctx, p.serialOf(wanted))
			if !alive {
				return &shot{gone: true}
			}
			return page.shot()
		})
	})
}

// shoot looks in turn with everybody else.
func (p *Page) shoot(ctx context.Context, look func() *shot) (taken *shot, err error) {
	if !p.inTurn(ctx, func(context.Context) { taken = look() }) {
		return nil, ctx.Err()
	}
	return taken, nil
}

func (o overview) shot() *shot {
	s := &shot{list: "rows", pieces: []piece{
		pieceOf("counts", o.countsList()),
		pieceOf("connections", o.connectionsTable()),
		pieceOf("found", o.foundLine()),
		pieceOf("pages", o.pagesLinks()),
	}}
	for i := range o.Rows {
		s.lines = append(s.lines, pieceOf(o.Rows[i].lineID(), o.Rows[i].line()))
	}
	return s
}

func (t triggerPage) shot() *shot {
	return &shot{latest: t.latest, pieces: []piece{
		pieceOf("now", t.facts()),
		pieceOf("parts", t.Parts.shown()),
		pieceOf("rules", t.rulesList()),
		pieceOf("others", t.othersList()),
		pieceOf("unrecorded", t.unrecordedNote()),
		pieceOf("minutes", t.minutesTable()),
	}}
}

func pieceOf(id string, shown g.Node) piece {
	var html strings.Builder
	_ = shown.Render(&html) // memory does not fail
	return piece{id, html.String()}
}

// places bounds who follows.
type places struct{ taken atomic.Int64 }

func (s *places) take() bool {
	if s.taken.Add(1) > mostStreams {
		s.taken.Add(-1)
		return false
	}
	return true
}

func (s *places) giveBack() { s.taken.Add(-1) }

// tellNews tells one browser what is new, as server-sent events, for as long as it listens and is not slow.
func (p *Page) tellNews(to http.ResponseWriter, request *http.Request, name string, look func(context.Context) (*shot, error)) {
	if request.Method == http.MethodHead {
		return
	}
	if !p.places.take() {
		to.Header().Set("Retry-After", "10")
		http.Error(to, fmt.Sprintf("%d pages are followed already, as many as there can be", mostStreams), http.StatusServiceUnavailable)
		return
	}
	defer p.places.giveBack()
	followed, leave := p.follow(name, look)
	defer leave()
	to.Header().Set("Content-Type", "text/event-stream")
	out := stream{to: to, control: http.NewResponseController(to)}
	ticker := time.NewTicker(breath)
	defer ticker.Stop()
	var told *shot
	for {
		now, err := followed.current(request.Context())
		if err != nil {
			if request.Context().Err() == nil {
				p.log.WarnContext(request.Context(), "a page cannot be followed", "error", err)
			}
			return
		}
		what, isNew := now.since(told)
		told = now
		if err := out.say(what, isNew); err != nil || what.Gone {
			return // the client is gone or does not read, or there is nothing more to tell
		}
		select {
		case <-request.Context().Done():
			return
		case <-ticker.C:
		}
	}
}

// stream writes events.
type stream struct {
	to      http.ResponseWriter
	control *http.ResponseController
	last    time.Time
}

// say tells the news if there are any, and otherwise now and then that the line still stands.
func (s *stream) say(what news, isNew bool) error {
	now := time.Now()
	text := []byte(":\n\n")
	switch {
	case isNew:
		what.Now = now.UnixMilli()
		var line bytes.Buffer
		encoder := json.NewEncoder(&line)
		encoder.SetEscapeHTML(false) // nobody reads this as HTML
		if err := encoder.Encode(what); err != nil {
			return fmt.Errorf("writing an event: %w", err)
		}
		text = fmt.Appendf(nil, "data: %s\n\n", bytes.TrimSpace(line.Bytes()))
	case now.Sub(s.last) < sign:
		return nil
	}
	s.last = now
	if err := s.control.SetWriteDeadline(now.Add(writeTimeout)); err != nil {
		return fmt.Errorf("bounding how long a client may take: %w", err)
	}
	if _, err := s.to.Write(text); err != nil {
		return fmt.Errorf("telling a client: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("telling a client: %w", err)
	}
	return nil
}
