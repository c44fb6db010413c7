package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/transcript"
)

// encryptedUntil is a configuration whose certificate is valid for half a year before it expires.
func encryptedUntil(t *testing.T, expires time.Time) (path string) {
	t.Helper()
	authority, err := certificates.NewAuthority("ours")
	if err != nil {
		t.Fatal(err)
	}
	identity, err := authority.Identify(certificates.Subject{Name: "lagwise", Begins: expires.AddDate(0, -6, 0), Expires: expires})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return file("lagwise.yaml", fmt.Sprintf("tls: {certificateFile: %s, keyFile: %s}\n",
		file("tls.crt", string(identity.Certificate)), file("tls.key", string(identity.Key))))
}

func settingsUntil(t *testing.T, expires time.Time) config.Config {
	t.Helper()
	settings, err := settingsFrom(encryptedUntil(t, expires))
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func TestCertificatesThatExpireSoonAreLoggedEachDay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log transcript.Text
		lines := func() int { synctest.Wait(); return strings.Count(log.String(), "certificate expires soon") }
		inUse := newCertificateWatch(settingsUntil(t, time.Now().AddDate(0, 0, 32)), slog.New(slog.NewTextHandler(&log, nil)))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- inUse.run(ctx) }()
		if n := lines(); n != 0 {
			t.Errorf("%d lines with 32 days left", n)
		}
		time.Sleep(5 * 24 * time.Hour)
		if n := lines(); n != 3 || !strings.Contains(log.String(), `setting=tls.certificateFile subject="CN=lagwise" expires=2000-02-02`) {
			t.Errorf("%d lines with 27 days left, want 3:\n%s", n, log.String())
		}
		inUse.replace(settingsUntil(t, time.Now().AddDate(0, 6, 0)))
		time.Sleep(30 * 24 * time.Hour)
		if n := lines(); n != 3 {
			t.Errorf("%d lines after it was replaced:\n%s", n, log.String())
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestCertificatesThatHaveExpiredAreLogged(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	watch := newCertificateWatch(config.Config{}, slog.New(slog.NewTextHandler(&log, nil)))
	expired := settingsUntil(t, time.Now().Add(-time.Hour)).Certificates()[0]
	expired.Connection = "payments"
	watch.warn(t.Context(), expired, time.Now())
	if !strings.Contains(log.String(), `msg="certificate expired"`) || !strings.Contains(log.String(), "connection=payments") {
		t.Errorf("logged %s", log.String())
	}
}

// A certificate that was exchanged is the one whose expiry metrics show.
func TestReloadedCertificatesAreShown(t *testing.T) {
	t.Parallel()
	first, second := time.Now().AddDate(0, 1, 0).Truncate(time.Second), time.Now().AddDate(0, 6, 0).Truncate(time.Second)
	before, after := settingsUntil(t, first), settingsUntil(t, second)
	log := slog.New(slog.DiscardHandler)
	program, err := assemble(before, cluster.Options{}, log)
	if err != nil {
		t.Fatal(err)
	}
	wantExpiry(t, program, first)
	if err := program.adopt(after, config.Compare(before, after), new(slog.LevelVar)); err != nil {
		t.Fatal(err)
	}
	wantExpiry(t, program, second)
}

func wantExpiry(t *testing.T, program *program, expires time.Time) {
	t.Helper()
	families, err := program.shown.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "lagwise_certificate_expiry_timestamp_seconds" {
			continue
		}
		if got := family.GetMetric()[0].GetGauge().GetValue(); len(family.GetMetric()) != 1 || got != float64(expires.Unix()) {
			t.Errorf("%v, want %d", family, expires.Unix())
		}
		return
	}
	t.Error("no expiry is shown")
}

func TestCheckConfigWarns(t *testing.T) {
	t.Parallel()
	for words, expires := range map[string]time.Time{"": time.Now().AddDate(0, 6, 0), "the certificate of CN=lagwise expires at": time.Now().AddDate(0, 0, 20)} {
		var out, problems bytes.Buffer
		code := run(t.Context(), []string{"serve", "--check-config", "--config", encryptedUntil(t, expires)}, &out, &problems)
		if code != 0 || out.String() != "the configuration is good\n" {
			t.Errorf("exit code %d: %s%s", code, out.String(), problems.String())
		}
		if got := problems.String(); (got == "") != (words == "") || !strings.Contains(got, words) {
			t.Errorf("warned %q, want %q", got, words)
		}
	}
}
