package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka" //nolint:depguard // only its version is read
)

// A failure here is a matter of time, and means that what lagwise is linked with must be renewed.
func TestBundledLibrariesAreRecent(t *testing.T) {
	t.Parallel()
	for _, problem := range checkAges(libraries(), time.Now()) {
		t.Errorf("%v.\nTake a confluent-kafka-go whose librdkafka has a newer one (go get github.com/confluentinc/confluent-kafka-go/v2@VERSION, as @latest may "+
			"hide it), or for musl a newer ZIG_RELEASE in the Makefile, and write versions and days of release into packaging/bill/bundled.go. "+
			"Where there is none, look up its known vulnerabilities; only if lagwise reaches none of them, set kept and until there.", problem)
	}
}

func TestAges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		library library
		want    string
	}{
		"recent":              {library{released: "2025-12-01"}, ""},
		"a year old":          {library{released: "2025-11-30"}, "more than 12 months ago"},
		"kept":                {library{released: "2022-08-15", kept: "why", until: "2026-12-01"}, ""},
		"kept too long":       {library{released: "2022-08-15", kept: "why", until: "2026-11-30"}, "kept until 2026-11-30 only (why)"},
		"kept for ever":       {library{released: "2022-08-15", kept: "why"}, "invalid day until which it is kept"},
		"kept for no reason":  {library{released: "2022-08-15", until: "2026-12-01"}, "more than 12 months ago"},
		"no day":              {library{released: "September"}, "invalid day of release"},
		"of an unlimited age": {library{}, ""},
	} {
		problems := checkAges([]library{test.library}, now)
		if (len(problems) > 0) != (test.want != "") || len(problems) > 0 && !strings.Contains(problems[0].Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, problems, test.want)
		}
	}
}

// SECURITY.md promises what is checked here, and no more.
func TestSecurityNamesWhatIsKept(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, promise, found := strings.Cut(string(page), "At present these are ")
	promise, _, ended := strings.Cut(promise, ".")
	if !found || !ended || maxAgeMonths != 12 || !strings.Contains(string(page), "twelve months") {
		t.Fatal("SECURITY.md does not name the age, or which older libraries are kept")
	}
	for _, l := range libraries() {
		if named := strings.Contains(strings.ToLower(promise), l.Name); named != (l.kept != "") {
			t.Errorf("%s: kept is %q, and SECURITY.md names %q", l.Name, l.kept, promise)
		}
	}
}

// Versions that the program does not show are compared with the librdkafka that it is linked with.
func TestVersionsAreThoseOfLibrdkafka(t *testing.T) {
	t.Parallel()
	path, version, _ := strings.Cut(kafkaClient, "@")
	folder, err := folderOf(t.Context(), &debug.Module{Path: path, Version: version})
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Glob(filepath.Join(folder, "kafka", "librdkafka_vendor", "librdkafka_musl_linux_*.a"))
	if err != nil || len(archives) == 0 {
		t.Fatalf("no librdkafka in %s: %v", folder, err)
	}
	inside := []string{"openssl", "zlib", "curl", "zstd"}
	for _, archive := range archives {
		content, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range libraries() {
			if slices.Contains(inside, l.Name) && !bytes.Contains(content, []byte("\x00"+l.Version+"\x00")) {
				t.Errorf("%s has no %s %s", filepath.Base(archive), l.Name, l.Version)
			}
		}
	}
	if _, reported := kafka.LibraryVersion(); libraries()[0].Version != reported {
		t.Errorf("librdkafka reports version %s, and %s is listed", reported, libraries()[0].Version)
	}
}
