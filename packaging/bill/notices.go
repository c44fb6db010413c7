package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"runtime/debug"
	"strings"
)

// Licences of the libraries whose texts no Go module carries.
//
//go:embed licences
var bundledLicences embed.FS

// notices are the files of one part that its licence wants handed on.
type notices struct {
	part   string
	folder fs.FS
	// under is the folder's part that is meant.
	under string
}

// noticesOf is every licence and notice of every part.
func noticesOf(ctx context.Context, info *debug.BuildInfo) ([]byte, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("finding Go's own licence: %w", err)
	}
	all := []notices{{"Go", os.DirFS(strings.TrimSpace(string(root))), "."}, {"libraries", bundledLicences, "licences"}}
	for _, module := range info.Deps {
		folder, err := folderOf(ctx, module)
		if err != nil {
			return nil, err
		}
		all = append(all, notices{module.Path + " " + module.Version, os.DirFS(folder), "."})
		if module.Path+"@"+module.Version == kafkaClient {
			all = append(all, notices{"librdkafka", os.DirFS(folder), "kafka/librdkafka_vendor"})
		}
	}

	text := bytes.NewBufferString("lagwise contains the following parts, under these terms.\n")
	for _, n := range all {
		if err := n.appendTo(text); err != nil {
			return nil, fmt.Errorf("reading the licence of %s: %w", n.part, err)
		}
	}
	return text.Bytes(), nil
}

// appendTo copies the files; a part without any is an error, because it may not be handed on.
func (n notices) appendTo(text *bytes.Buffer) error {
	wanted := regexp.MustCompile(`(?i)^((licen[sc]es?|copying|copyright|notice|patents)([.-].*)?|.*\.txt)$`)
	entries, err := fs.ReadDir(n.folder, n.under)
	if err != nil {
		return fmt.Errorf("looking for it: %w", err)
	}
	found := false
	for _, entry := range entries {
		if entry.IsDir() || !wanted.MatchString(entry.Name()) {
			continue
		}
		content, err := fs.ReadFile(n.folder, path.Join(n.under, entry.Name()))
		if err != nil {
			return fmt.Errorf("reading a file: %w", err)
		}
		fmt.Fprintf(text, "\n==== %s: %s\n\n%s\n", n.part, entry.Name(), content)
		found = true
	}
	if !found {
		return fs.ErrNotExist
	}
	return nil
}

// folderOf is where Go keeps a module's source.
func folderOf(ctx context.Context, module *debug.Module) (string, error) {
	if module.Replace != nil {
		module = module.Replace
	}
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", module.Path+"@"+module.Version).Output() //nolint:gosec // a module of our own program
	var downloaded struct{ Dir string }
	if err == nil {
		err = json.Unmarshal(out, &downloaded)
	}
	if err != nil {
		return "", fmt.Errorf("finding %s: %w", module.Path, err)
	}
	return downloaded.Dir, nil
}
