package image_test

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// layout is an OCI image layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md.
type layout string

type descriptor struct {
	Digest   string `json:"digest"`
	Size     int64  `json:"size"`
	Platform struct {
		Architecture string `json:"architecture"`
	} `json:"platform"`
}

type manifest struct {
	Manifests []descriptor `json:"manifests"`
	Config    descriptor   `json:"config"`
	Layers    []descriptor `json:"layers"`
}

type settings struct {
	Config struct {
		User       string   `json:"User"`
		Entrypoint []string `json:"Entrypoint"`
	} `json:"config"`
}

func (l layout) blob(digest string) string {
	return filepath.Join(string(l), "blobs", strings.Replace(digest, ":", string(filepath.Separator), 1))
}

// of is the image for one processor.
func (l layout) of(t *testing.T, architecture string) manifest {
	t.Helper()
	var index, images, image manifest
	read(t, filepath.Join(string(l), "index.json"), &index)
	read(t, l.blob(index.Manifests[0].Digest), &images)
	for _, d := range images.Manifests {
		if d.Platform.Architecture == architecture {
			read(t, l.blob(d.Digest), &image)
			return image
		}
	}
	t.Fatalf("the image has no part for %s", architecture)
	return manifest{}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("make image writes what is read here: %v", err)
	}
}

// unpack lays the image's files out in a folder, as a container would see them.
func (l layout) unpack(t *testing.T, image manifest) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, layer := range image.Layers {
		if err := unpackLayer(l.blob(layer.Digest), root); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func unpackLayer(path, into string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading a layer: %w", err)
	}
	defer func() { _ = file.Close() }()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("unzipping a layer: %w", err)
	}
	files := tar.NewReader(unzipped)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = lay(files, header, filepath.Join(into, filepath.Clean("/"+header.Name)))
		}
		if err != nil {
			return fmt.Errorf("unpacking a layer: %w", err)
		}
	}
}

func lay(from io.Reader, header *tar.Header, path string) error {
	if header.Typeflag == tar.TypeDir {
		return os.MkdirAll(path, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, header.FileInfo().Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
