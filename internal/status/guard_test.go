package status_test

import (
	"net/http"
	"strings"
	"testing"
)

// Whatever is asked, the answer says what a browser may do with it.
func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	url := shown(t, many(1))
	for _, path := range []string{"/", "/nowhere", "/static/page.css", "/static/../page.go", "/api/triggers", "/api/connections", "/api/history", "/api/explain", "/trigger"} {
		got := ask(t, http.MethodGet, url+path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
				"base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Access-Control-Allow-Origin":  "",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
	}
}

func TestItIsForReadingOnly(t *testing.T) {
	t.Parallel()
	url := shown(t, many(1))
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, "PROPFIND"} {
		for _, path := range []string{"/", "/api/triggers"} {
			if got := ask(t, method, url+path); got.code != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d", method, path, got.code)
			}
		}
	}
	if got := ask(t, http.MethodHead, url+"/"); got.code != http.StatusOK || got.text != "" {
		t.Errorf("HEAD: %d %q", got.code, got.text)
	}
}

// A site whose name leads to 127.0.0.1 would be of one origin with the page.
func TestOnLoopbackOnlyItsOwnNamesLeadHere(t *testing.T) {
	t.Parallel()
	url := shown(t, many(1))
	for host, want := range map[string]int{
		"localhost": 200, "localhost:9999": 200, "LOCALHOST:1": 200, "127.0.0.1:8081": 200, "127.0.0.9": 200, "[::1]:8081": 200, "[::1]": 200,
		"evil.example": 421, "evil.example:8081": 421, "127.0.0.1.evil.example": 421, "localhost.evil.example": 421, "10.0.0.1": 421,
		"localhost.": 421, "0.0.0.0": 421,
	} {
		if got := ask(t, http.MethodGet, url+"/api/triggers", "Host: "+host); got.code != want {
			t.Errorf("%s: %d, want %d", host, got.code, want)
		}
	}
}

func TestOtherSitesMayOnlyLinkHere(t *testing.T) {
	t.Parallel()
	url := shown(t, many(1))
	for _, test := range []struct {
		site, mode, dest string
		want             int
	}{
		{"same-origin", "cors", "empty", 200},
		{"none", "navigate", "document", 200},
		{"cross-site", "navigate", "document", 200},
		{"cross-site", "navigate", "iframe", 403},
		{"cross-site", "no-cors", "image", 403},
		{"same-site", "cors", "empty", 403},
	} {
		got := ask(t, http.MethodGet, url+"/", "Sec-Fetch-Site: "+test.site, "Sec-Fetch-Mode: "+test.mode, "Sec-Fetch-Dest: "+test.dest)
		if got.code != test.want {
			t.Errorf("%+v: %d", test, got.code)
		}
	}
}

// What is loaded lies beside the page, and may be kept for as long as its address stays the same.
func TestNothingIsLoadedFromElsewhere(t *testing.T) {
	t.Parallel()
	url := shown(t, many(1))
	page := get(t, url+"/")
	for _, mark := range []string{"http:", "https:", "//", "<style", " style=", " onclick", "<script>", "javascript:"} {
		if strings.Contains(page, mark) {
			t.Errorf("%q is in the page", mark)
		}
	}
	_, rest, found := strings.Cut(page, `rel="stylesheet" href="`)
	address, _, _ := strings.Cut(rest, `"`)
	if !found {
		t.Fatal("no style sheet")
	}
	if got := ask(t, http.MethodGet, url+"/"+address); got.code != 200 || !strings.Contains(got.header.Get("Cache-Control"), "immutable") ||
		got.header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%s: %d %v", address, got.code, got.header)
	}
	if got := ask(t, http.MethodGet, url+"/static/page.css?old"); got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("an old address is kept: %v", got.header)
	}
}
