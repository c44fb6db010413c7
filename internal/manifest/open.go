package manifest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// Open reads the workloads of files, of folders' *.yaml, *.yml and *.json, and of the standard input. What cannot be read is in
// the error, and does not hide the rest; Split takes that apart.
func Open(paths []string, stdin io.Reader) ([]Workload, error) {
	files, err := Files(paths)
	var workloads []Workload
	failed := []error{err}
	for _, file := range files {
		found, err := openOne(file, stdin)
		workloads = append(workloads, found...)
		failed = append(failed, err)
	}
	return workloads, errors.Join(failed...)
}

func openOne(file string, stdin io.Reader) ([]Workload, error) {
	if file == Stdin {
		return Read("stdin", stdin)
	}
	opened, err := os.Open(file) //nolint:gosec // the caller's own file
	if err != nil {
		return nil, fmt.Errorf("opening a manifest: %w", err)
	}
	defer func() { _ = opened.Close() }() // nothing was written
	return Read(file, opened)
}

// Files lists the files behind paths: of folders all manifests below them, sorted. A chart's templates, which are no YAML
// yet, are passed over, and so is what begins with a dot. Files that are named themselves are taken whatever they are called.
func Files(paths []string) ([]string, error) {
	var files []string
	var failed []error
	for _, path := range paths {
		if path == Stdin {
			files = append(files, path)
			continue
		}
		err := filepath.WalkDir(path, func(found string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && found != path && (hidden(entry.Name()) || isChartTemplates(found)):
				return filepath.SkipDir
			case !entry.IsDir() && (found == path || (isManifest(found) && !hidden(entry.Name()))):
				files = append(files, found)
			}
			return nil
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("looking for manifests: %w", err))
		}
	}
	return files, errors.Join(failed...)
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") && name != "." && name != ".." }

func isManifest(path string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(path)))
}

func isChartTemplates(folder string) bool {
	_, err := os.Stat(filepath.Join(filepath.Dir(folder), "Chart.yaml"))
	return filepath.Base(folder) == "templates" && err == nil
}
