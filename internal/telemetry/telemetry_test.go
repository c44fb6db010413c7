package telemetry_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	"github.com/lagwise/lagwise/internal/telemetry"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/sessions"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// The reference page, the dashboards and the alerts are held to the rows; so the rows are held to what is exported.
func TestRowsAreWhatIsExported(t *testing.T) {
	t.Parallel()
	for _, like := range []telemetry.Style{"", telemetry.StyleKMinion, telemetry.StyleExporter} {
		options := all()
		options.Like = like
		r := everything()
		r.groups = append(r.groups, recreated("billing", "refunds"))
		families, err := shown(r, options).Gather()
		if err != nil {
			t.Fatal(err)
		}
		exported := map[string]string{}
		for _, family := range families {
			name := family.GetName()
			if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
				continue
			}
			exported[name] = fmt.Sprint(strings.ToLower(family.GetType().String()), labelsOf(family))
		}
		described := map[string]string{}
		for _, row := range telemetry.Rows(like) {
			described[row.Name] = fmt.Sprint(row.Kind, slices.Sorted(slices.Values(row.Labels)))
		}
		if !maps.Equal(exported, described) {
			t.Errorf("like %q: exported %v, described %v", like, exported, described)
		}
	}
}

// KMinion's own names end in _sum where they should not.
func TestPrometheusFindsNothingWrongWithTheNames(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(shown(everything(), all()))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		if !strings.HasPrefix(problem.Metric, "lagwise_kafka_") {
			t.Errorf("%s: %s", problem.Metric, problem.Text)
		}
	}
}

func labelsOf(family *dto.MetricFamily) []string {
	var names []string
	for _, label := range family.GetMetric()[0].GetLabel() {
		names = append(names, label.GetName())
	}
	return names
}

func TestATriggerTellsWhatItAnswers(t *testing.T) {
	t.Parallel()
	r := everything()
	wantSamples(t, samples(t, shown(r, all()), "lagwise_trigger"), `
		lagwise_trigger_active{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 1
		lagwise_trigger_asked_timestamp_seconds{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 1001
		lagwise_trigger_decisions_total{connection="payments",metric="kafka-orders",name="orders",namespace="shop",rule="activate",scaler="kafka",trigger="1"} 2
		lagwise_trigger_decisions_total{connection="payments",metric="kafka-orders",name="orders",namespace="shop",rule="committed",scaler="kafka",trigger="1"} 3
		lagwise_trigger_failures_total{cause="timed_out",connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 1
		lagwise_trigger_known{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 1
		lagwise_trigger_observed_timestamp_seconds{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 1000
		lagwise_trigger_stalled{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 2
		lagwise_trigger_target{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 10
		lagwise_trigger_value{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 42
		lagwise_triggers{scaler="kafka",state="active"} 1
		lagwise_triggers_left_out 0
	`)
}

// Not knowing is never 0.
func TestATriggerWithoutAnAnswerHasNoValue(t *testing.T) {
	t.Parallel()
	r := everything()
	r.triggers[0].Known = false
	got := samples(t, shown(r, all()), "lagwise_trigger_value", "lagwise_trigger_active", "lagwise_trigger_known", "lagwise_triggers{")
	wantSamples(t, got, `
		lagwise_trigger_known{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 0
		lagwise_triggers{scaler="kafka",state="unknown"} 1
	`)
}

func TestWhatIsGoneIsNotShown(t *testing.T) {
	t.Parallel()
	r := everything()
	telemetry := shown(r, all())
	if samples(t, telemetry, "lagwise_trigger_known", "lagwise_kafka", "lagwise_session") == "" {
		t.Fatal("nothing is shown")
	}
	r.triggers, r.sessions, r.groups = nil, nil, nil
	wantSamples(t, samples(t, telemetry, "lagwise_trigger_", "lagwise_kafka", "lagwise_session"), "")
}

func TestWhatIsTooManyIsCountedAndNotListed(t *testing.T) {
	t.Parallel()
	r := &running{}
	for i := range 5 {
		r.triggers = append(r.triggers, standing(uint64(i), "orders"))
		r.groups = append(r.groups, progress(0, fmt.Sprint("billing-", i), "orders"))
	}
	options := all()
	options.Limit = 3
	got := samples(t, shown(r, options), "lagwise_trigger_known", "lagwise_triggers", "lagwise_kafka_consumer_group_topic_lag{", "lagwise_kafka_consumer_group_topic_partition_lag{",
		"lagwise_kafka_topic", "lagwise_group")
	wantSamples(t, got, `
		lagwise_group_partitions_left_out 6
		lagwise_groups_left_out 2
		lagwise_kafka_consumer_group_topic_lag{connection="payments",group_id="billing-0",topic_name="orders"} 5
		lagwise_kafka_consumer_group_topic_lag{connection="payments",group_id="billing-1",topic_name="orders"} 5
		lagwise_kafka_consumer_group_topic_lag{connection="payments",group_id="billing-2",topic_name="orders"} 5
		lagwise_kafka_consumer_group_topic_partition_lag{connection="payments",group_id="billing-0",partition_id="0",topic_name="orders"} 5
		lagwise_kafka_consumer_group_topic_partition_lag{connection="payments",group_id="billing-0",partition_id="1",topic_name="orders"} 0
		lagwise_kafka_topic_high_water_mark_sum{connection="payments",topic_name="orders"} 26
		lagwise_kafka_topic_partition_high_water_mark{connection="payments",partition_id="0",topic_name="orders"} 10
		lagwise_kafka_topic_partition_high_water_mark{connection="payments",partition_id="1",topic_name="orders"} 7
		lagwise_kafka_topic_partition_high_water_mark{connection="payments",partition_id="2",topic_name="orders"} 9
		lagwise_trigger_known{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="0"} 1
		lagwise_trigger_known{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="1"} 1
		lagwise_trigger_known{connection="payments",metric="kafka-orders",name="orders",namespace="shop",scaler="kafka",trigger="2"} 1
		lagwise_triggers{scaler="kafka",state="active"} 5
		lagwise_triggers_left_out 2
	`)
}

// Two triggers may count the same group, and one of them may have looked later.
func TestLagHasTheNamesOfTheExporterThatIsReplaced(t *testing.T) {
	t.Parallel()
	r := &running{groups: []cluster.Progress{progress(1, "billing", "orders"), progress(0, "billing", "orders")}}
	options := all()
	options.Like = telemetry.StyleKMinion
	wantSamples(t, samples(t, shown(r, options), "kminion_"), `
		kminion_kafka_consumer_group_topic_lag{connection="payments",group_id="billing",topic_name="orders"} 5
		kminion_kafka_consumer_group_topic_offset_sum{connection="payments",group_id="billing",topic_name="orders"} 13
		kminion_kafka_consumer_group_topic_partition_lag{connection="payments",group_id="billing",partition_id="0",topic_name="orders"} 5
		kminion_kafka_consumer_group_topic_partition_lag{connection="payments",group_id="billing",partition_id="1",topic_name="orders"} 0
		kminion_kafka_topic_high_water_mark_sum{connection="payments",topic_name="orders"} 27
		kminion_kafka_topic_partition_high_water_mark{connection="payments",partition_id="0",topic_name="orders"} 11
		kminion_kafka_topic_partition_high_water_mark{connection="payments",partition_id="1",topic_name="orders"} 7
		kminion_kafka_topic_partition_high_water_mark{connection="payments",partition_id="2",topic_name="orders"} 9
	`)
	options.Like = telemetry.StyleExporter
	wantSamples(t, samples(t, shown(r, options), "kafka_"), `
		kafka_consumergroup_current_offset{connection="payments",consumergroup="billing",partition="0",topic="orders"} 6
		kafka_consumergroup_current_offset{connection="payments",consumergroup="billing",partition="1",topic="orders"} 7
		kafka_consumergroup_current_offset_sum{connection="payments",consumergroup="billing",topic="orders"} 13
		kafka_consumergroup_lag{connection="payments",consumergroup="billing",partition="0",topic="orders"} 5
		kafka_consumergroup_lag{connection="payments",consumergroup="billing",partition="1",topic="orders"} 0
		kafka_consumergroup_lag_sum{connection="payments",consumergroup="billing",topic="orders"} 5
		kafka_topic_partition_current_offset{connection="payments",partition="0",topic="orders"} 11
		kafka_topic_partition_current_offset{connection="payments",partition="1",topic="orders"} 7
		kafka_topic_partition_current_offset{connection="payments",partition="2",topic="orders"} 9
	`)
}

func TestLagIsListedAsFinelyAsIsWanted(t *testing.T) {
	t.Parallel()
	for detail, want := range map[telemetry.Detail]string{
		telemetry.DetailNone:      "",
		telemetry.DetailTopic:     "lagwise_kafka_consumer_group_topic_partitions_without_commit{connection=\"payments\",group_id=\"billing\",topic_name=\"orders\"} 1\n",
		telemetry.DetailPartition: "",
	} {
		options := all()
		options.Lag = detail
		got := samples(t, shown(everything(), options), "lagwise_kafka_consumer_group_topic_partition")
		if detail == telemetry.DetailPartition {
			if strings.Count(got, "_partition_lag{") != 2 {
				t.Errorf("%s: %s", detail, got)
			}
			continue
		}
		wantSamples(t, got, want)
	}
}

// Times are read for the triggers that ask for them. One that does not ask may have looked later.
func TestLagInTimeIsToldWhereItIsKnown(t *testing.T) {
	t.Parallel()
	seconds := func(change func(*running)) string {
		r := everything()
		change(r)
		return samples(t, shown(r, all()), "lagwise_kafka_consumer_group_topic_lag_seconds", "lagwise_kafka_consumer_group_topic_partition_lag_seconds")
	}
	const labels = `connection="payments",group_id="billing"`
	known := fmt.Sprintf(`
		lagwise_kafka_consumer_group_topic_lag_seconds{%s,topic_name="orders"} 90
		lagwise_kafka_consumer_group_topic_partition_lag_seconds{%s,partition_id="0",topic_name="orders"} 90
		lagwise_kafka_consumer_group_topic_partition_lag_seconds{%s,partition_id="1",topic_name="orders"} 0
	`, labels, labels, labels)
	wantSamples(t, seconds(func(*running) {}), known)
	wantSamples(t, seconds(func(r *running) {
		later := progress(1, "billing", "orders")
		later.Observation.Partitions[0].Facts = nil
		r.groups = append(r.groups, later)
	}), known)
	wantSamples(t, seconds(func(r *running) {
		r.groups[0].Observation.Partitions[0].Facts.Records.HasTimestamp = false
	}), fmt.Sprintf("lagwise_kafka_consumer_group_topic_partition_lag_seconds{%s,partition_id=\"1\",topic_name=\"orders\"} 0\n", labels))
	wantSamples(t, seconds(func(r *running) { r.groups[0].Observation.Partitions[0].Facts = nil }), "")
}

// Which partition it is is known without metrics.lag: partition as well, in no more series than limits.metrics.
func TestCommitsPastTheEndAreNamed(t *testing.T) {
	t.Parallel()
	const metric = "lagwise_kafka_consumer_group_topic_partition_offsets_past_end"
	r := everything()
	r.groups = append(r.groups, recreated("billing", "refunds"), recreated("billing", "returns"))
	options := all()
	for _, options.Lag = range []telemetry.Detail{telemetry.DetailTopic, telemetry.DetailPartition} {
		wantSamples(t, samples(t, shown(r, options), metric), `
			lagwise_kafka_consumer_group_topic_partition_offsets_past_end{connection="payments",group_id="billing",partition_id="0",topic_name="refunds"} 100
			lagwise_kafka_consumer_group_topic_partition_offsets_past_end{connection="payments",group_id="billing",partition_id="0",topic_name="returns"} 100
			lagwise_kafka_consumer_group_topic_partition_offsets_past_end{connection="payments",group_id="billing",partition_id="2",topic_name="refunds"} 1
			lagwise_kafka_consumer_group_topic_partition_offsets_past_end{connection="payments",group_id="billing",partition_id="2",topic_name="returns"} 1
		`)
	}
	options.Limit = 3
	if got := samples(t, shown(r, options), metric); strings.Count(got, metric) != 3 {
		t.Errorf("with limit 3: %s", got)
	}
	options.Lag = telemetry.DetailNone
	wantSamples(t, samples(t, shown(r, options), metric), "")
}

// A group without any commit has a lag that nobody knows.
func TestAGroupWithoutCommitsHasNoLag(t *testing.T) {
	t.Parallel()
	r := everything()
	for i := range r.groups[0].Observation.Partitions {
		r.groups[0].Observation.Partitions[i].HasCommitted = false
	}
	wantSamples(t, samples(t, shown(r, all()), "lagwise_kafka_consumer"), `
		lagwise_kafka_consumer_group_topic_partitions_without_commit{connection="payments",group_id="billing",topic_name="orders"} 3
	`)
}

// Names are the clients' to choose. Whatever they are, a scrape succeeds, and nothing in it acts on a terminal.
func TestHostileNamesAreHarmless(t *testing.T) {
	t.Parallel()
	hostile := []string{
		"a\nlagwise_ready 0\n", "\x1b[31mred", "\xff\xfe", `"} 1`, strings.Repeat("x", 10_000), strings.Repeat("x", 10_001), "", "日本", "a\x00b",
	}
	r := everything()
	for i, name := range hostile {
		trigger := standing(uint64(i), name)
		trigger.Namespace, trigger.Metric.Name = name, name
		r.triggers = append(r.triggers, trigger)
		r.groups = append(r.groups, progress(int64(i), name, "orders"))
		r.sessions = append(r.sessions, sessions.Status{Source: "kafka", Connection: name, Fault: name})
	}
	code, page := get(t, serve(t, shown(r, all()))+"/metrics")
	if code != 200 {
		t.Fatalf("%d: %s", code, page)
	}
	if strings.Contains(page, "\x1b") || strings.Contains(page, "\x00") || !utf8.ValidString(page) || strings.Contains(page, "\nlagwise_ready 0") {
		t.Error("a name acts on its reader")
	}
	for line := range strings.Lines(page) {
		if len(line) > 1200 {
			t.Errorf("a line of %d bytes: %.100s...", len(line), line)
		}
	}
	if !strings.Contains(page, `name="日本"`) {
		t.Error("a harmless name is not as it was")
	}
}

func TestSessionsOfOneNameCountTogether(t *testing.T) {
	t.Parallel()
	r := everything()
	r.sessions = append(r.sessions, sessions.Status{
		Source: "kafka", Connection: "payments", Triggers: 2, Refreshes: sessions.Refreshes{Done: 1, Took: time.Second, Pause: time.Second},
		Requests: []sessions.Requests{{Name: "ListOffsets", Sent: 1, Failed: map[string]uint64{"timed_out": 2}}, {Name: "OffsetFetch", Sent: 5}},
		Waits:    []sessions.Count{{What: "partitions", N: 1}},
	}, sessions.Status{
		Source: "rabbitmq", Connection: "payments", Triggers: 1, Refreshes: sessions.Refreshes{Done: 1, Took: time.Second, Pause: time.Second},
		Requests: []sessions.Requests{{Name: "queue.declare", Sent: 7}}, Waits: []sessions.Count{{What: "queues", N: 1}}, Woken: 1,
	})
	wantSamples(t, samples(t, shown(r, all()), "lagwise_session"), `
		lagwise_session_fault{connection="payments",kind="unreachable",source="kafka"} 1
		lagwise_session_pause_seconds{connection="payments",source="kafka"} 5
		lagwise_session_pause_seconds{connection="payments",source="rabbitmq"} 1
		lagwise_session_refresh_failures_total{connection="payments",source="kafka"} 1
		lagwise_session_refresh_failures_total{connection="payments",source="rabbitmq"} 0
		lagwise_session_refresh_latest_seconds{connection="payments",source="kafka"} 0.5
		lagwise_session_refresh_latest_seconds{connection="payments",source="rabbitmq"} 0
		lagwise_session_refresh_seconds_sum{connection="payments",source="kafka"} 2
		lagwise_session_refresh_seconds_count{connection="payments",source="kafka"} 3
		lagwise_session_refresh_seconds_sum{connection="payments",source="rabbitmq"} 1
		lagwise_session_refresh_seconds_count{connection="payments",source="rabbitmq"} 1
		lagwise_session_request_failures_total{connection="payments",kind="timed_out",request="ListOffsets",source="kafka"} 3
		lagwise_session_requests_total{connection="payments",request="ListOffsets",source="kafka"} 4
		lagwise_session_requests_total{connection="payments",request="OffsetFetch",source="kafka"} 5
		lagwise_session_requests_total{connection="payments",request="queue.declare",source="rabbitmq"} 7
		lagwise_session_triggers{connection="payments",source="kafka"} 3
		lagwise_session_triggers{connection="payments",source="rabbitmq"} 1
		lagwise_session_up{connection="payments",source="kafka"} 0
		lagwise_session_up{connection="payments",source="rabbitmq"} 1
		lagwise_session_waits{connection="payments",source="kafka",what="newcomer_partitions"} 2
		lagwise_session_waits{connection="payments",source="kafka",what="partitions"} 4
		lagwise_session_waits{connection="payments",source="kafka",what="tails"} 1
		lagwise_session_waits{connection="payments",source="rabbitmq",what="queues"} 1
		lagwise_session_wakes_total{connection="payments",source="kafka"} 4
		lagwise_session_wakes_total{connection="payments",source="rabbitmq"} 1
	`)
}

func TestTheEdgeCounts(t *testing.T) {
	t.Parallel()
	telemetry := shown(everything(), all())
	edge := telemetry.Edge
	edge.Answered("GetMetrics", codes.OK, 30*time.Microsecond)
	edge.Answered("GetMetrics", codes.Unavailable, 2*time.Second)
	edge.Answered("StreamIsActive", codes.OK, time.Hour)
	edge.Answered("Nonsense", codes.OK, time.Hour)
	edge.Answered("IsActive", codes.Code(99), time.Second)
	edge.Streaming("StreamIsActive", 1)
	edge.Streaming("StreamIsActive", 1)
	edge.Streaming("StreamIsActive", -1)
	edge.Pushed(time.Time{})
	edge.Pushed(time.Now())
	got := samples(t, telemetry, `grpc_server_handled_total{grpc_code="OK"`, `grpc_server_handled_total{grpc_code="Unavailable",grpc_method="GetMetrics"`,
		`grpc_server_handling_seconds_count`, "lagwise_streams", "lagwise_pushes_total", "lagwise_push_seconds_count")
	wantSamples(t, got, `
		grpc_server_handled_total{grpc_code="OK",grpc_method="GetMetricSpec",grpc_service="externalscaler.ExternalScaler",grpc_type="unary"} 0
		grpc_server_handled_total{grpc_code="OK",grpc_method="GetMetrics",grpc_service="externalscaler.ExternalScaler",grpc_type="unary"} 1
		grpc_server_handled_total{grpc_code="OK",grpc_method="IsActive",grpc_service="externalscaler.ExternalScaler",grpc_type="unary"} 0
		grpc_server_handled_total{grpc_code="OK",grpc_method="StreamIsActive",grpc_service="externalscaler.ExternalScaler",grpc_type="server_stream"} 1
		grpc_server_handled_total{grpc_code="OK",grpc_method="StreamMetricSpec",grpc_service="externalscaler.ExternalScaler",grpc_type="server_stream"} 0
		grpc_server_handled_total{grpc_code="Unavailable",grpc_method="GetMetrics",grpc_service="externalscaler.ExternalScaler",grpc_type="unary"} 1
		grpc_server_handling_seconds_count{grpc_method="GetMetricSpec",grpc_service="externalscaler.ExternalScaler",grpc_type="unary"} 0
		grpc_server_handling_seconds_count{grpc_method="GetMetrics",grpc_service="externalscaler.ExternalScaler",grpc_type="unary"} 2
		grpc_server_handling_seconds_count{grpc_method="IsActive",grpc_service="externalscaler.ExternalScaler",grpc_type="unary"} 1
		lagwise_push_seconds_count 1
		lagwise_pushes_total 2
		lagwise_streams{grpc_method="StreamIsActive"} 1
		lagwise_streams{grpc_method="StreamMetricSpec"} 0
	`)
}

func TestCountingACallAllocatesNothing(t *testing.T) {
	edge := telemetry.New().Edge
	if allocations := testing.AllocsPerRun(100, func() { edge.Answered("GetMetrics", codes.OK, time.Millisecond) }); allocations > 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func TestHandshakesThatFailAreToldByTheirCause(t *testing.T) {
	t.Parallel()
	telemetry := shown(everything(), all())
	telemetry.Edge.HandshakeFailed("no_certificate")
	telemetry.Edge.HandshakeFailed("unheard of")
	wantSamples(t, samples(t, telemetry, "lagwise_tls"), `
		lagwise_tls_handshake_failures_total{cause="no_certificate"} 1
		lagwise_tls_handshake_failures_total{cause="other"} 0
	`)
}

func TestCertificatesAreToldAsTheyAreNow(t *testing.T) {
	t.Parallel()
	r := everything()
	telemetry := shown(r, all())
	wantSamples(t, samples(t, telemetry, "lagwise_certificate"), `
		lagwise_certificate_expiry_timestamp_seconds{connection="",setting="tls.certificateFile"} 2000
		lagwise_certificate_not_before_timestamp_seconds{connection="",setting="tls.certificateFile"} 1000
	`)
	r.certificates[0].Connection, r.certificates[0].NotAfter = "payments", time.Unix(3000, 0)
	wantSamples(t, samples(t, telemetry, "lagwise_certificate_expiry"), `
		lagwise_certificate_expiry_timestamp_seconds{connection="payments",setting="tls.certificateFile"} 3000
	`)
}

func TestReloadsAreToldByTheirOutcome(t *testing.T) {
	t.Parallel()
	telemetry := shown(everything(), all())
	telemetry.Reloads.Reloaded(true)
	telemetry.Reloads.Reloaded(false)
	wantSamples(t, samples(t, telemetry, "lagwise_config_reloads_total", "lagwise_config_last_reload_successful"), `
		lagwise_config_last_reload_successful 0
		lagwise_config_reloads_total{outcome="applied"} 1
		lagwise_config_reloads_total{outcome="refused"} 1
	`)
	telemetry.Reloads.Reloaded(true)
	wantSamples(t, samples(t, telemetry, "lagwise_config_last_reload_successful"), "lagwise_config_last_reload_successful 1\n")
}

func TestRefusedTriggersAreAStateOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := everything()
	r.triggers[0].Known = false
	r.triggers[0].Failures = map[scalers.Cause]uint64{scalers.CauseRefused: 1}
	wantSamples(t, samples(t, shown(r, all()), "lagwise_triggers{"), "lagwise_triggers{scaler=\"kafka\",state=\"refused\"} 1\n")
}

func TestPathsOverHTTP(t *testing.T) {
	t.Parallel()
	url := serve(t, shown(everything(), all()))
	for path, want := range map[string]int{"/metrics": 200, "/": 404, "/readyz": 404} {
		if code, page := get(t, url+path); code != want || page == "" {
			t.Errorf("%s: %d, %q", path, code, page)
		}
	}
}
