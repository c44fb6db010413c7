package config_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/test/transcript"
)

// watched is a running Watch, and what it did.
type watched struct {
	path     string
	applied  chan config.Change
	current  chan config.Config
	outcomes chan config.Outcome
	hangup   chan os.Signal
	refuse   error
	log      *transcript.Text
}

func watch(t *testing.T, path string, refuse error) *watched {
	t.Helper()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Flags(flags)
	source := config.Source{Path: path, Flags: flags}
	settings, err := source.Read()
	if err != nil {
		t.Fatal(err)
	}
	w := &watched{
		path: path, applied: make(chan config.Change, 10), current: make(chan config.Config, 10), outcomes: make(chan config.Outcome, 10),
		hangup: make(chan os.Signal, 1), refuse: refuse, log: &transcript.Text{},
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- config.Watch{
			Source: source, Hangup: w.hangup, Log: slog.New(slog.NewTextHandler(w.log, nil)),
			Told: func(outcome config.Outcome) { w.outcomes <- outcome },
			Apply: func(_, after config.Config, change config.Change) error {
				w.applied <- change
				w.current <- after
				return w.refuse
			},
		}.Run(ctx, settings)
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return w
}

// next waits for something to come.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(time.Minute):
		t.Fatal("nothing comes")
		panic("unreachable")
	}
}

func overwrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAChangedFileIsTakenIntoUse(t *testing.T) {
	t.Parallel()
	w := watch(t, write(t, "lagwise.yaml", "logLevel: info"), nil)
	overwrite(t, w.path, "{logLevel: debug, listen: ':7000', limits: {triggers: 7}}")
	change := next(t, w.applied)
	if strings.Join(change.Live, " ") != "logLevel limits.triggers" || strings.Join(change.Restart, " ") != "listen" {
		t.Errorf("the change is %+v", change)
	}
	if got := next(t, w.current); got.LogLevel != "debug" || got.MaxTriggers != 7 {
		t.Errorf("applied %+v", got)
	}
	if outcome := next(t, w.outcomes); outcome != config.Applied {
		t.Error(outcome)
	}
	for _, words := range []string{`effective="[logLevel limits.triggers]"`, `msg="changed settings wait for a restart" settings=[listen]`} {
		if !strings.Contains(w.log.String(), words) {
			t.Errorf("%q is not in:\n%s", words, w.log)
		}
	}
}

// A bad configuration changes nothing, is told once, and the good one after it counts.
func TestABadConfigurationLeavesTheOldOne(t *testing.T) {
	t.Parallel()
	w := watch(t, write(t, "lagwise.yaml", "logLevel: info"), nil)
	overwrite(t, w.path, "{logLevel: loud, limits: {triggers: 7}}")
	if outcome := next(t, w.outcomes); outcome != config.Refused {
		t.Error(outcome)
	}
	if !strings.Contains(w.log.String(), "the old one stays") || !strings.Contains(w.log.String(), "logLevel") {
		t.Errorf("logged:\n%s", w.log)
	}
	overwrite(t, w.path, "logLevel: warn")
	if got := next(t, w.current); got.LogLevel != "warn" || got.MaxTriggers != 0 {
		t.Errorf("applied %+v", got)
	}
	if len(w.applied) != 1 {
		t.Errorf("%d configurations were applied, want the good one alone", len(w.applied))
	}
}

// Whoever goes back to what is in effect has mended it as well.
func TestAMistakeThatIsTakenBackIsTold(t *testing.T) {
	t.Parallel()
	w := watch(t, write(t, "lagwise.yaml", "logLevel: info"), nil)
	for _, step := range []struct {
		text string
		want config.Outcome
	}{{"logLevel: loud", config.Refused}, {"logLevel: info", config.Applied}} {
		overwrite(t, w.path, step.text)
		if outcome := next(t, w.outcomes); outcome != step.want {
			t.Errorf("%s: %s", step.text, outcome)
		}
	}
}

// What cannot be applied is tried again with the next change, from where it was.
func TestWhatCannotBeAppliedStaysOutside(t *testing.T) {
	t.Parallel()
	w := watch(t, write(t, "lagwise.yaml", "logLevel: info"), errors.New("not today"))
	for _, level := range []string{"warn", "error"} {
		overwrite(t, w.path, "logLevel: "+level)
		if change := next(t, w.applied); len(change.Live) != 1 {
			t.Errorf("the change is %+v", change)
		}
		if outcome := next(t, w.outcomes); outcome != config.Refused {
			t.Error(outcome)
		}
		w.hangup <- syscall.SIGHUP // a complaint is repeated for whoever asks
		if outcome := next(t, w.outcomes); outcome != config.Refused {
			t.Error(outcome)
		}
		<-w.applied
	}
}

func TestHangupReadsAtOnce(t *testing.T) {
	t.Parallel()
	w := watch(t, write(t, "lagwise.yaml", "logLevel: info"), nil)
	w.hangup <- syscall.SIGHUP
	overwrite(t, w.path, "logLevel: warn")
	w.hangup <- syscall.SIGHUP
	if got := next(t, w.current); got.LogLevel != "warn" {
		t.Errorf("applied %+v", got)
	}
}

// Kubernetes keeps a volume's files in a folder of their own, and exchanges the link to it. Nobody writes to the files that
// the configuration names.
func TestKubernetesExchangesAVolume(t *testing.T) {
	t.Parallel()
	volume := t.TempDir()
	fill := func(name, settings, password string) {
		t.Helper()
		folder := filepath.Join(volume, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		overwrite(t, filepath.Join(folder, "lagwise.yaml"), settings)
		overwrite(t, filepath.Join(folder, "password"), password)
		fresh := filepath.Join(volume, "..data_tmp")
		if err := errors.Join(os.Symlink(name, fresh), os.Rename(fresh, filepath.Join(volume, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	settings := "connections: [{name: prod, bootstrapServers: ['kafka:9092'], sasl: {mechanism: PLAIN, username: me, passwordFile: " +
		filepath.Join(volume, "password") + "}}]"
	fill("..2026_1", settings, "first")
	for _, name := range []string{"lagwise.yaml", "password"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(volume, name)); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, filepath.Join(volume, "lagwise.yaml"), nil)

	fill("..2026_2", settings, "second")
	change := next(t, w.applied)
	if strings.Join(change.Rotated, " ") != "prod" || len(change.Altered) != 0 || strings.Join(change.Live, " ") != "connection prod" {
		t.Errorf("the password alone is another one, the change is %+v", change)
	}
	if got := next(t, w.current); got.Connections["prod"].Kafka.SASL.Password != "second" {
		t.Error("the new password was not read")
	}
	fill("..2026_3", strings.ReplaceAll(settings, "kafka:9092", "other:9092"), "second")
	if change := next(t, w.applied); strings.Join(change.Altered, " ") != "prod" || len(change.Rotated) != 0 {
		t.Errorf("the brokers are others, the change is %+v", change)
	}
	if strings.Contains(w.log.String(), "second") {
		t.Errorf("a secret was logged:\n%s", w.log)
	}
}
