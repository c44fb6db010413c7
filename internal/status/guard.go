package status

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
)

// guard stands before every answer of the page.
type guard struct {
	next       http.Handler
	log        *slog.Logger
	onLoopback bool
}

// contentPolicy lets the page load what stands beside it and nothing else; there is no script and no style inside of it.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func (g guard) ServeHTTP(to http.ResponseWriter, request *http.Request) {
	defer g.catch(to, request)
	header := to.Header()
	header.Set("Content-Security-Policy", contentPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "no-store")
	switch {
	case request.Method != http.MethodGet && request.Method != http.MethodHead:
		header.Set("Allow", "GET, HEAD")
		http.Error(to, "this page is for reading only", http.StatusMethodNotAllowed)
	case g.onLoopback && !namesLoopback(request.Host):
		http.Error(to, "this address is for localhost only: open it as http://localhost:PORT or http://127.0.0.1:PORT", http.StatusMisdirectedRequest)
	case fromElsewhere(request):
		http.Error(to, "another site asks for this", http.StatusForbidden)
	default:
		g.next.ServeHTTP(to, request)
	}
}

// catch keeps a mistake of the page from being more than a page that is missing.
func (g guard) catch(to http.ResponseWriter, request *http.Request) {
	value := recover()
	if value == nil {
		return
	}
	if value == http.ErrAbortHandler { //nolint:errorlint,err113 // a value to be passed on as it is
		panic(value)
	}
	g.log.ErrorContext(request.Context(), "caught a panic of the status page", "path", request.URL.Path, "panic", value, "stack", string(debug.Stack()))
	http.Error(to, "lagwise panicked while it made this page; its log holds the stack", http.StatusInternalServerError)
}

// namesLoopback keeps a site from reaching the page through a name of its own that leads to this machine (DNS rebinding): who
// opens a page on loopback calls it localhost, or by its address.
func namesLoopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(name)
	return err == nil && address.Unmap().IsLoopback()
}

// fromElsewhere says whether a page of another site asks, other than by a link that somebody followed. Its answer could not be
// read there, but asking costs.
func fromElsewhere(request *http.Request) bool {
	switch request.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	default:
		return request.Header.Get("Sec-Fetch-Mode") != "navigate" || request.Header.Get("Sec-Fetch-Dest") != "document"
	}
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
