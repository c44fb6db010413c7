package telemetry_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/telemetry"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
	"github.com/lagwise/lagwise/scalers/sessions"
)

// running is what there is to show.
type running struct {
	triggers []scalers.Standing
	sessions []sessions.Status
	groups   []cluster.Progress
	// certificates are those in use.
	certificates []telemetry.Certificate
	serving      atomic.Bool
}

func (r *running) Standings() []scalers.Standing            { return r.triggers }
func (r *running) Status() []sessions.Status                { return r.sessions }
func (r *running) certificatesNow() []telemetry.Certificate { return r.certificates }

func (r *running) Progress() []cluster.Progress { return r.groups }

// standing is a trigger that has answered.
func standing(serial uint64, name string) scalers.Standing {
	return scalers.Standing{
		Namespace: "shop", Name: name, Source: "kafka", Connection: "payments", Serial: serial,
		Metric:    scalers.Metric{Name: "kafka-orders", Target: 10},
		Latest:    scalers.Evaluation{Value: 42, Active: true, Stalled: 2, ObservedAt: time.Unix(1000, 0)},
		Known:     true,
		Decisions: map[string]uint64{"committed": 3, "activate": 2},
		Failures:  map[scalers.Cause]uint64{scalers.CauseTimedOut: 1},
		Asked:     time.Unix(1001, 0),
	}
}

// progress is a group in a topic of three partitions: one lags by 5, one not at all, and one has no commit.
func progress(at int64, group, topic string) cluster.Progress {
	return cluster.Progress{Connection: "payments", Group: group, Observation: lag.Observation{
		At: time.Unix(at, 0), Partitions: []lag.Partition{
			{Topic: topic, ID: 0, End: 10 + at, Committed: 5 + at, HasCommitted: true, Facts: &lag.Facts{Records: &lag.Records{
				From: 5 + at, Through: 6 + at, Count: 1, Offset: 5 + at, Timestamp: time.Unix(at-90, 0), HasTimestamp: true,
			}}},
			{Topic: topic, ID: 1, End: 7, Committed: 7, HasCommitted: true},
			{Topic: topic, ID: 2, End: 9},
		},
	}}
}

// recreated is a group in a topic that was created again: the commits of two partitions are left from the one before.
func recreated(group, topic string) cluster.Progress {
	return cluster.Progress{Connection: "payments", Group: group, Observation: lag.Observation{
		At: time.Unix(0, 0), Partitions: []lag.Partition{
			{Topic: topic, ID: 0, End: 0, Committed: 100, HasCommitted: true},
			{Topic: topic, ID: 1, End: 5, Committed: 0, HasCommitted: true},
			{Topic: topic, ID: 2, End: 5, Committed: 6, HasCommitted: true},
			{Topic: topic, ID: 3, End: 5},
		},
	}}
}

// shown makes what is seen of it from outside.
func shown(r *running, options telemetry.Options) *telemetry.Telemetry {
	t := telemetry.New("no_certificate", "other")
	t.Show(telemetry.Sources{Triggers: r, Sessions: []telemetry.Sessions{r}, Groups: r, Serving: r.serving.Load, Certificates: r.certificatesNow}, options)
	return t
}

// everything is a lagwise of which every metric has something to tell.
func everything() *running {
	r := &running{
		triggers: []scalers.Standing{standing(1, "orders")},
		groups:   []cluster.Progress{progress(0, "billing", "orders")},
		sessions: []sessions.Status{{
			Source: "kafka", Connection: "payments", Triggers: 1, Fault: "unreachable", Down: true,
			Refreshes: sessions.Refreshes{Done: 2, Took: time.Second, Latest: time.Second / 2, Failed: 1, Pause: 5 * time.Second},
			Requests:  []sessions.Requests{{Name: "ListOffsets", Sent: 3, Failed: map[string]uint64{"timed_out": 1}}},
			Waits:     []sessions.Count{{What: "tails", N: 1}, {What: "partitions", N: 3}, {What: "newcomer_partitions", N: 2}},
			Woken:     4,
		}},
		certificates: []telemetry.Certificate{{Setting: "tls.certificateFile", NotBefore: time.Unix(1000, 0), NotAfter: time.Unix(2000, 0)}},
	}
	r.serving.Store(true)
	return r
}

// all shows the most that there is.
func all() telemetry.Options {
	return telemetry.Options{Version: "v1", Lag: telemetry.DetailPartition, Limit: 100}
}

// serve answers HTTP until the test ends.
func serve(t *testing.T, telemetry *telemetry.Telemetry) (url string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- telemetry.Run(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return "http://" + listener.Addr().String()
}

func get(t *testing.T, url string) (code int, page string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode, string(text)
}

// samples scrapes, and leaves only the samples of the metrics whose names begin as given, without their help.
func samples(t *testing.T, telemetry *telemetry.Telemetry, beginnings ...string) string {
	t.Helper()
	_, page := get(t, serve(t, telemetry)+"/metrics")
	var kept strings.Builder
	for line := range strings.Lines(page) {
		for _, beginning := range beginnings {
			if strings.HasPrefix(line, beginning) {
				kept.WriteString(line)
				break
			}
		}
	}
	return kept.String()
}

func wantSamples(t *testing.T, got, want string) {
	t.Helper()
	want = strings.ReplaceAll(strings.TrimLeft(want, "\n"), "\t", "")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
