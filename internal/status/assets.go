package status

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
)

// What browsers load beside the page. uplot.js and uplot.css are uPlot 1.6.32 as its authors built it (dist of npm's uplot).
//
//go:embed assets
var assetFiles embed.FS

// assets are files by their names.
type assets map[string]asset

type asset struct {
	kind    string
	content []byte
	// mark changes with the content, so that browsers may keep what they have.
	mark string
}

// readAssets panics where a file that was there at build time is not there: that cannot be.
func readAssets() assets {
	read := assets{}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		content, err := assetFiles.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(content)
		read[entry.Name()] = asset{kindOf(entry.Name()), content, hex.EncodeToString(sum[:6])}
	}
	return read
}

// kindOf does not ask the system, whose tables differ.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.FormatMediaType("text/plain", map[string]string{"charset": "utf-8"})
	}
}

// link is an asset's address, seen from a page at the top.
func (a assets) link(name string) string { return "static/" + name + "?" + a[name].mark }

func (a assets) serve(to http.ResponseWriter, request *http.Request) {
	wanted, found := a[request.PathValue("name")]
	if !found {
		http.NotFound(to, request)
		return
	}
	to.Header().Set("Content-Type", wanted.kind)
	if request.URL.RawQuery == wanted.mark {
		to.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = to.Write(wanted.content) // whoever asked may be gone
}
