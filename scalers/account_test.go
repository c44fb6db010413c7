package scalers_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// scripted is a Watcher that knows its answer when known, fails with err, and answers evaluation otherwise.
type scripted struct {
	evaluation scalers.Evaluation
	known      bool
	err        error
}

func (*scripted) Metric() scalers.Metric { return scalers.Metric{Name: "kafka-orders", Target: 10} }

func (s *scripted) Evaluate(context.Context) (scalers.Evaluation, error) { return s.evaluation, s.err }

func (s *scripted) Known() (scalers.Evaluation, bool) { return s.evaluation, s.known && s.err == nil }

func (s *scripted) Watch(_ context.Context, seen func(scalers.Evaluation) error) error {
	return seen(s.evaluation)
}

// answers is what is decided at a second.
func answers(second int64, active bool) scalers.Evaluation {
	return scalers.Evaluation{
		Value: 7, Active: active, ObservedAt: time.Unix(second, 0),
		Reasons: []scalers.Reason{{Rule: "committed", Text: "lag 7"}, {Rule: "activate", Text: fmt.Sprint("active: ", active)}},
	}
}

// keep makes a registry whose every trigger has the scaler, and its log.
func keep(scaler scalers.Scaler, options scalers.RegistryOptions) (*scalers.Registry, *bytes.Buffer) {
	var written bytes.Buffer
	options.Log = slog.New(slog.NewTextHandler(&written, nil))
	return scalers.NewRegistry(map[string]scalers.Factory{
		"kafka": func(scalers.Trigger) scalers.Scaler { return scaler },
	}, options), &written
}

func acquire(t *testing.T, registry *scalers.Registry, trigger scalers.Trigger) scalers.Scaler {
	t.Helper()
	scaler, release, err := registry.Acquire(trigger)
	if err != nil {
		t.Fatal(err)
	}
	release()
	return scaler
}

func known(t *testing.T, scaler scalers.Scaler) {
	t.Helper()
	prompt, ok := scaler.(scalers.Prompt)
	if !ok {
		t.Fatal("no Prompt")
	}
	_, _ = prompt.Known()
}

// Whichever way a trigger is asked, a change of its decision is one line, and an answer that is the same is none.
func TestAChangeIsLoggedOnceWithItsReason(t *testing.T) {
	t.Parallel()
	source := &scripted{known: true}
	registry, written := keep(source, scalers.RegistryOptions{})
	scaler := acquire(t, registry, trigger("orders"))
	lines := func(want int, words ...string) {
		t.Helper()
		got := strings.Split(strings.TrimSpace(written.String()), "\n")
		if len(got) != want {
			t.Fatalf("%d lines, want %d:\n%s", len(got), want, written)
		}
		for _, word := range words {
			if !strings.Contains(got[want-1], word) {
				t.Errorf("%q is not in %s", word, got[want-1])
			}
		}
	}
	for second := range int64(5) {
		source.evaluation = answers(second, false)
		known(t, scaler)
		known(t, scaler)
	}
	lines(1, "namespace=shop", "name=orders", "metric=kafka-orders", "active=false", "value=7", "target=10", `because="committed: lag 7; activate: active: false"`)
	source.evaluation = answers(5, true)
	if _, err := scaler.Evaluate(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines(2, "active=true")
	source.evaluation = answers(6, false)
	watcher, ok := scaler.(scalers.Watcher)
	if !ok {
		t.Fatal("a Watcher is one no more")
	}
	if err := watcher.Watch(t.Context(), func(scalers.Evaluation) error { return nil }); err != nil {
		t.Fatal(err)
	}
	lines(3, "active=false")
	source.err = scalers.Errorf(scalers.CauseUnreachable, "no broker")
	for range 3 {
		_, _ = scaler.Evaluate(t.Context())
	}
	lines(3) // whoever asked tells of the error
	source.err = nil
	known(t, scaler)
	lines(4, "active=false", "wasUnknown=true")
	source.evaluation = answers(7, true)
	source.evaluation.Reasons = []scalers.Reason{{Rule: "topics", Text: strings.Repeat("t", 10_000)}}
	known(t, scaler)
	lines(5, `because="topics: ttt`, `ttt…"`)
}

func TestManyChangesDoNotFloodTheLog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &scripted{known: true}
		registry, written := keep(source, scalers.RegistryOptions{})
		scaler := acquire(t, registry, trigger("orders"))
		for second := range int64(1000) {
			source.evaluation = answers(second, second%2 == 0)
			known(t, scaler)
		}
		if got := strings.Count(written.String(), "\n"); got != 60 {
			t.Errorf("%d lines", got)
		}
		time.Sleep(time.Second)
		source.evaluation = answers(1000, true)
		known(t, scaler)
		if !strings.Contains(written.String(), "unlogged=940") {
			t.Error("it is not told how many lines were left out")
		}
	})
}

// Namespaces and names are the client's to choose, and topics are in reasons.
func TestNamesCannotForgeLines(t *testing.T) {
	t.Parallel()
	const hostile = "orders\nlevel=ERROR msg=forged \x1b[31m\r"
	evaluation := answers(1, true)
	evaluation.Reasons[0].Text = hostile
	for name, format := range map[string]func(*bytes.Buffer) slog.Handler{
		"text": func(to *bytes.Buffer) slog.Handler { return slog.NewTextHandler(to, nil) },
		"json": func(to *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(to, nil) },
	} {
		var written bytes.Buffer
		registry := scalers.NewRegistry(map[string]scalers.Factory{
			"kafka": func(scalers.Trigger) scalers.Scaler { return &scripted{evaluation: evaluation, known: true} },
		}, scalers.RegistryOptions{Log: slog.New(format(&written))})
		known(t, acquire(t, registry, scalers.Trigger{Namespace: hostile, Name: hostile}))
		if got := written.String(); strings.Count(got, "\n") != 1 || strings.ContainsAny(got, "\x1b\r") || !strings.Contains(got, "forged") {
			t.Errorf("%s: logged %q", name, got)
		}
	}
}

func TestStandingsTellWhatTriggersSay(t *testing.T) {
	t.Parallel()
	source := &scripted{known: true, evaluation: answers(1, true)}
	registry, _ := keep(source, scalers.RegistryOptions{})
	scaler := acquire(t, registry, trigger("orders"))
	known(t, scaler)
	known(t, scaler)
	source.evaluation = answers(2, true)
	acquire(t, registry, trigger("refunds"))

	standings := registry.Standings()
	if len(standings) != 2 {
		t.Fatalf("%d standings", len(standings))
	}
	got := standings[0]
	if got.Namespace != "shop" || got.Name != "orders" || got.Source != "kafka" || got.Serial != 1 || got.Metric.Target != 10 || got.Held {
		t.Errorf("got %+v", got)
	}
	if !got.Known || got.Latest.Value != 7 || !got.Latest.ObservedAt.Equal(time.Unix(2, 0)) || got.Decisions["activate"] != 2 {
		t.Errorf("got %+v", got)
	}

	source.err = scalers.Errorf(scalers.CauseDenied, "no")
	_, _ = scaler.Evaluate(t.Context())
	if got = registry.Standings()[0]; got.Trouble != "no" {
		t.Errorf("trouble: %q", got.Trouble)
	}
	if got = registry.Standings()[0]; got.Known || got.Failures[scalers.CauseDenied] != 1 || !got.Latest.ObservedAt.Equal(time.Unix(2, 0)) {
		t.Errorf("failing: %+v", got)
	}
}

// An answer ends the trouble, and a long story is cut.
func TestTroubleIsToldWhileItLasts(t *testing.T) {
	t.Parallel()
	source := &scripted{known: true, err: scalers.Errorf(scalers.CauseDenied, "%s", strings.Repeat("long ", 1000))}
	registry, _ := keep(source, scalers.RegistryOptions{})
	_, _ = acquire(t, registry, trigger("orders")).Evaluate(t.Context())
	if got := registry.Standings()[0].Trouble; len(got) > 600 || !strings.HasPrefix(got, "long long") {
		t.Errorf("%d bytes: %s", len(got), got)
	}
	source.err, source.evaluation = nil, answers(1, true)
	if got := registry.Standings()[0].Trouble; got != "" {
		t.Errorf("trouble after an answer: %q", got)
	}
}

func TestStandingsTellWhoFollows(t *testing.T) {
	t.Parallel()
	registry, _ := keep(&scripted{known: true}, scalers.RegistryOptions{})
	scaler, ok := acquire(t, registry, trigger("orders")).(scalers.Followed)
	if !ok {
		t.Fatal("the registry lends one that is not Followed")
	}
	scaler.Streaming(1)
	scaler.Streaming(1)
	scaler.Pushed()
	scaler.Streaming(-1)
	if got := registry.Standings()[0]; got.Streams != 1 || got.Pushes != 1 {
		t.Errorf("%d streams and %d pushes", got.Streams, got.Pushes)
	}
}

func TestRefusedTriggersStandAmongTheOthers(t *testing.T) {
	t.Parallel()
	registry, written := keep(&scripted{}, scalers.RegistryOptions{})
	scaler := acquire(t, registry, scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: map[string]string{"scaler": "kafak"}})
	_, _ = scaler.Evaluate(t.Context())
	got := registry.Standings()
	if len(got) != 1 || got[0].Known || got[0].Source != "unknown" || got[0].Failures[scalers.CauseRefused] != 1 {
		t.Errorf("got %+v", got)
	}
	if written.Len() != 0 {
		t.Errorf("logged %s", written)
	}
}

func TestForgottenTriggersStandNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry, _ := keep(&scripted{}, scalers.RegistryOptions{IdleAfter: time.Minute})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- registry.Run(ctx) }()
		acquire(t, registry, trigger("orders"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if got := registry.Standings(); len(got) != 0 {
			t.Errorf("got %+v", got)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Most questions are answered as the one before was, thousands a second.
func TestAnAnswerThatWasHeardBeforeCostsNothing(t *testing.T) {
	registry, _ := keep(&scripted{known: true, evaluation: answers(1, true)}, scalers.RegistryOptions{})
	prompt, ok := acquire(t, registry, trigger("orders")).(scalers.Prompt)
	if !ok {
		t.Fatal("no Prompt")
	}
	if allocations := testing.AllocsPerRun(100, func() { _, _ = prompt.Known() }); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestAStallIsLoggedOnceWhenItBeginsAndWhenItEnds(t *testing.T) {
	t.Parallel()
	source := &scripted{known: true}
	registry, written := keep(source, scalers.RegistryOptions{})
	scaler := acquire(t, registry, trigger("orders"))
	for second, stalled := range []int{0, 0, 2, 3, 3, 0, 0} {
		source.evaluation = answers(int64(second), true)
		source.evaluation.Stalled = stalled
		known(t, scaler)
		known(t, scaler)
	}
	got := strings.Split(strings.TrimSpace(written.String()), "\n")
	if len(got) != 3 || !strings.Contains(got[1], "level=WARN") || !strings.Contains(got[1], "stalled=2") || !strings.Contains(got[2], "not stalled any more") {
		t.Errorf("logged %s", written)
	}
	for _, line := range got[1:] {
		if !strings.Contains(line, "namespace=shop") || !strings.Contains(line, "because=") {
			t.Errorf("logged %s", line)
		}
	}
}
