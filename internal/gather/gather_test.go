package gather_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
	"github.com/lagwise/lagwise/internal/gather"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka"
)

// kubectl is the fake: it notes how it was called, and prints what lies in its folder under the name of what was asked for.
const kubectl = `#!/bin/sh
cd "$(dirname "$0")" || exit 9
for argument in "$@"; do printf '%s\n' "$argument"; done > "noting.$$"
mv "noting.$$" "call.$$"
about=list before=
for argument in "$@"; do
  case "$before$argument" in
    --raw*) about=metric ;;
    -- ) ;;
    --*) [ "$before" = -- ] && about="hpa-$argument" ;;
  esac
  before=
  case "$argument" in --) before=-- ;; esac
done
cat "$about" 2>/dev/null && exit 0
printf 'Warning: something\nError from server (NotFound): no %s\n' "$about" >&2
exit 1
`

// fake is a cluster in a folder.
type fake struct {
	t      *testing.T
	folder string
}

func newFake(t *testing.T) fake {
	t.Helper()
	f := fake{t, t.TempDir()}
	syscall.ForkLock.RLock() // nobody's child may have the file open when it is run
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(f.path(), []byte(kubectl), 0o700); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f fake) path() string { return filepath.Join(f.folder, "kubectl") }

// says has kubectl print text when it is asked about list, metric, or hpa-NAME.
func (f fake) says(about, text string) {
	f.t.Helper()
	partial := filepath.Join(f.folder, "partial")
	if err := os.WriteFile(partial, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(partial, filepath.Join(f.folder, about)); err != nil {
		f.t.Fatal(err)
	}
}

func (f fake) calls() [][]string {
	f.t.Helper()
	notes, err := filepath.Glob(filepath.Join(f.folder, "call.*"))
	if err != nil {
		f.t.Fatal(err)
	}
	var calls [][]string
	for _, note := range notes {
		text, err := os.ReadFile(note)
		if err != nil {
			f.t.Fatal(err)
		}
		calls = append(calls, strings.Split(strings.TrimSuffix(string(text), "\n"), "\n"))
	}
	return calls
}

func metric(value string) string { return `{"items": [{"value": "` + value + `"}]}` }

// object is one of KEDA's, with one kafka trigger that KEDA has taken up.
func object(name, metadata string) string {
	return `{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"namespace": "shop", "name": "` + name + `"},
		"spec": {"scaleTargetRef": {"name": "x"}, "triggers": [{"type": "kafka", "metadata": {` + metadata + `"topic": "t", "consumerGroup": "g", "bootstrapServers": "k:9092"}}]},
		"status": {"externalMetricNames": ["s0-kafka-t"], "hpaName": "keda-hpa-` + name + `", "triggersActivity": {"s0-kafka-t": {"isActive": true}}}}`
}

func list(objects ...string) string {
	return `{"kind": "List", "items": [` + strings.Join(objects, ", ") + `]}`
}

// source answers for lagwise; it observes anew at each question.
type source struct {
	value float64
	err   error
	// before is called before each answer, with the number of questions so far.
	before func(s *source, asked int)

	mu    sync.Mutex
	asked int
}

func (*source) Metric() scalers.Metric { return scalers.Metric{Name: "kafka-t", Target: 10} }

func (s *source) Evaluate(context.Context) (scalers.Evaluation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.before != nil {
		s.before(s, s.asked)
	}
	return scalers.Evaluation{Value: s.value, Active: s.value > 0, ObservedAt: time.Now()}, s.err
}

func auditor(f fake, s *source) *gather.Auditor {
	linter := lint.Linter{Sources: map[string]lint.Source{"kafka": {Keys: kafka.Keys()}}}
	return &gather.Auditor{
		Kubectl: gather.Kubectl{Path: f.path()}, Linter: linter, Interval: 10 * time.Millisecond, Refresh: 10 * time.Millisecond,
		Known: audit.Known{Keys: map[string]scalers.KeyTable{"kafka": kafka.Keys()}},
		Build: func(string, scalers.Trigger) scalers.Scaler { return s },
		Tell:  func(string) {},
	}
}

func shown(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func only(t *testing.T, found audit.Found) audit.Row {
	t.Helper()
	report := audit.ReportOn(found)
	if len(report.Triggers) != 1 {
		t.Fatalf("want one trigger, got %+v", report.Triggers)
	}
	return report.Triggers[0]
}

// Whatever is asked of kubectl, it is "get", with flags that say where to look and nothing else.
func TestKubectlOnlyGets(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.says("list", list(object("orders", ""), object("--kubeconfig=x", ""), object("lasting", `"excludePersistentLag": "true", `)))
	f.says("metric", metric("25"))
	f.says("hpa-keda-hpa-lasting", `{"status": {"currentReplicas": 1, "currentMetrics": [{"external": {"metric": {"name": "s0-kafka-t"}, "current": {"averageValue": "25"}}}]}}`)
	a := auditor(f, &source{value: 25})
	a.Kubectl.Kubeconfig, a.Kubectl.Context, a.Watch = "/k", "prod", 200*time.Millisecond
	found, err := a.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range audit.ReportOn(found).Triggers {
		if row.Unknown > 0 || row.EverDiffered() {
			t.Errorf("got %s", shown(t, row))
		}
	}
	allowed := []string{"--request-timeout=30s", "--kubeconfig=/k", "--context=prod", "--all-namespaces", "--namespace=shop", "--output=json", "--raw", "--"}
	kinds := map[string]bool{}
	for _, call := range f.calls() {
		if call[0] != "get" {
			t.Fatalf("kubectl %q was run", call)
		}
		for i, argument := range call[1:] {
			switch {
			case slices.Contains(allowed, argument):
			case call[i] == "--raw":
				if !strings.HasPrefix(argument, "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/s0-kafka-t?") {
					t.Errorf("asked for %s", argument)
				}
				kinds["metric"] = true
			case call[i] == "--":
				kinds["hpa "+argument] = true
			default:
				kinds[argument] = true
			}
		}
	}
	want := []string{"horizontalpodautoscalers.v2.autoscaling", "hpa keda-hpa-lasting", "metric", "scaledobjects.keda.sh,scaledjobs.keda.sh"}
	if got := slices.Sorted(maps.Keys(kinds)); !slices.Equal(got, want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
}

// A difference that begins while audit watches is told then, and has an end.
func TestWatchNoticesADifference(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.says("list", list(object("orders", "")))
	f.says("metric", metric("25"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	const differsFrom, more = 8, 8
	end := 0
	a := auditor(f, &source{value: 25, before: func(s *source, asked int) {
		switch {
		case asked == differsFrom:
			s.value = 40
		case end > 0 && asked > end:
			stop()
		}
	}})
	a.Watch = time.Hour
	var told []string
	a.Tell = func(text string) {
		told = append(told, text)
		f.says("metric", metric("40")) // KEDA comes to the same a moment later
		end = differsFrom + 6 + more   // a difference is asked about three times, twice each
	}
	found, err := a.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	row := only(t, found)
	if len(told) != 1 || !strings.Contains(told[0], "shop/orders, trigger 0: KEDA 25 active, lagwise 40 active") {
		t.Errorf("told %q", told)
	}
	if len(row.Differences) != 1 || row.Differences[0].By != 15 || row.Same < 2 || row.Latest.Verdict != audit.Same {
		t.Errorf("got %s", shown(t, row))
	}
	if !found.EndedEarly {
		t.Error("the end of the watch was not its own, and nobody says so")
	}
}

// What is asked twice of something that moves is compared with both of lagwise's answers, and asked again.
func TestADifferenceIsAskedAboutAgain(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.says("list", list(object("orders", "")))
	f.says("metric", metric("25"))
	found, err := auditor(f, &source{value: 40, before: func(_ *source, asked int) {
		if asked == 4 {
			f.says("metric", metric("40"))
		}
	}}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if row := only(t, found); row.Latest.Verdict != audit.Same || row.EverDiffered() {
		t.Errorf("got %s", shown(t, row))
	}
}

// A trigger that somebody edits or deletes meanwhile is compared until then, and its row says so.
func TestChangedTriggersAreLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.says("list", list(object("orders", ""), object("gone", ""), object("stays", "")))
	f.says("metric", metric("25"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	a := auditor(f, &source{value: 25, before: func(_ *source, asked int) {
		switch asked {
		case 4:
			f.says("list", list(object("orders", `"lagThreshold": "7", `), object("new", ""), object("stays", "")))
		case 30:
			stop()
		}
	}})
	a.Watch = time.Hour
	found, err := a.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	report := audit.ReportOn(found)
	if len(report.Triggers) != 3 || !strings.Contains(report.Triggers[0].Gone, "deleted") || !strings.Contains(report.Triggers[1].Gone, "changed") || report.Triggers[2].Gone != "" {
		t.Fatalf("got %s", shown(t, report.Triggers))
	}
	if orders, stays := report.Triggers[1], report.Triggers[2]; orders.Rounds >= stays.Rounds {
		t.Errorf("what was changed was asked about in %d rounds, the other in %d", orders.Rounds, stays.Rounds)
	}
}

// Not knowing is a row's own finding, never a zero.
func TestNoAnswerIsNoNumber(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.says("list", list(object("orders", "")))
	found, err := auditor(f, &source{err: scalers.Errorf(scalers.CauseUnreachable, "k:9092 is unreachable")}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	row := only(t, found)
	if row.KEDA.Value != nil || row.KEDA.Why != "Error from server (NotFound): no metric" {
		t.Errorf("KEDA: %+v", row.KEDA)
	}
	if row.Lagwise.Value != nil || row.Lagwise.Cause != "unreachable" || row.Latest.Verdict != audit.Unknown || row.Move != audit.Look {
		t.Errorf("got %s", shown(t, row))
	}
}

// Where the cluster cannot be read at all there is no report.
func TestUnreadableCluster(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	if _, err := auditor(f, &source{}).Run(t.Context()); err == nil || !strings.Contains(err.Error(), "Error from server (NotFound): no list") {
		t.Errorf("got %v", err)
	}
	a := auditor(f, &source{})
	a.Kubectl.Path = "no-such-kubectl"
	if _, err := a.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "--kubectl") {
		t.Errorf("got %v", err)
	}
}
