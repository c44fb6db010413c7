package parity_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	fake "github.com/lagwise/lagwise/test/nerdgraph"
)

// KEDA's scaler has no setting for where New Relic is; its client reads one from the environment, which lagwise's never does.
func TestNewRelicAgreesWithKEDA(t *testing.T) {
	server := fake.New()
	local := httptest.NewServer(server)
	defer local.Close()
	t.Setenv("NEW_RELIC_NERDGRAPH_BASE_URL", local.URL)

	pool := nerdgraph.NewPool(nerdgraph.Options{})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- pool.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	subscribe := func(connection nerdgraph.Connection, want nerdgraph.Want) newrelic.Subscription {
		return pool.Subscribe(connection, want)
	}
	build := newrelic.New(subscribe, scalers.NewConnections(map[string]scalers.Grant[nerdgraph.Connection]{
		"prod": {Connection: nerdgraph.Connection{Name: "prod", URL: local.URL, Key: "NRAK-1", Interval: time.Hour}},
	}), slog.New(slog.DiscardHandler))

	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	var refused, failed, active int
	for i := range 400 {
		nrql := fmt.Sprintf("SELECT %d", i)
		rows := randomRows(random)
		server.Set(nrql, fake.Rows(rows...))
		metadata := randomNewRelic(random)
		metadata["nrql"] = nrql
		theirs := map[string]string{"queryKey": "NRAK-1"}
		ours := map[string]string{"scaler": "new-relic", "connection": "prod"}
		for key, value := range metadata {
			theirs[key], ours[key] = value, value
		}
		about := fmt.Sprintf("seed %d, state %d: %v, %v", seed, i, metadata, rows)
		scaler := build(scalers.Trigger{Metadata: ours})
		evaluation, ourErr := scaler.Evaluate(t.Context())
		their, err := keda.NewNewRelicScaler(&scalersconfig.ScalerConfig{TriggerMetadata: theirs, AuthParams: map[string]string{}})
		if err != nil {
			refused++
			if cause, _ := scalers.CauseOf(ourErr); cause != scalers.CauseRefused {
				t.Fatalf("%s: KEDA refuses: %v; lagwise: %+v, %v", about, err, evaluation, ourErr)
			}
			continue
		}
		spec := their.GetMetricSpecForScaling(t.Context())[0].External
		if metric := scaler.Metric(); spec.Metric.Name != "s0-"+metric.Name || math.Abs(spec.Target.AverageValue.AsApproximateFloat64()-metric.Target) > 1e-9 {
			t.Fatalf("%s: KEDA's metric is %v, lagwise's %+v", about, spec, metric)
		}
		values, open, err := their.GetMetricsAndActivity(t.Context(), "name")
		switch {
		case err != nil || ourErr != nil:
			failed++
			if (err != nil) != (ourErr != nil) {
				t.Fatalf("%s: KEDA says %v, lagwise %v", about, err, ourErr)
			}
		case open != evaluation.Active || math.Abs(max(0, values[0].Value.AsApproximateFloat64())-evaluation.Value) > 1e-9:
			t.Fatalf("%s: KEDA says %v, %v; lagwise %+v", about, open, &values[0].Value, evaluation)
		case open:
			active++
		}
	}
	t.Logf("400 states: %d refused, %d without an answer, %d active", refused, failed, active)
	if refused == 0 || failed == 0 || active == 0 {
		t.Error("some kind of state was never tried")
	}
}

// randomRows leave out rows with several numbers, of which KEDA takes any.
func randomRows(random *rand.Rand) []map[string]any {
	var rows []map[string]any
	for range random.IntN(3) {
		row := map[string]any{}
		if random.IntN(2) == 0 {
			row["facet"] = []any{"web", nil, true, "12", map[string]any{"95": 1.5}}[random.IntN(5)]
		}
		if random.IntN(4) > 0 {
			row["count"] = float64(random.IntN(20_000)-5_000) / 1000
		}
		rows = append(rows, row)
	}
	return rows
}

func randomNewRelic(random *rand.Rand) map[string]string {
	metadata := map[string]string{}
	for key, values := range map[string][]string{
		"account":             {"1", "7", "7", "7", "7", "7", "ABC", ""},
		"region":              {"", "", "US", "EU", "eu"},
		"threshold":           {"70", "0.5", "1", "12.25", "one", ""},
		"activationThreshold": {"", "0", "5", "-2", "2.5", "x"},
		"noDataError":         {"", "true", "false", "1", "0", "perhaps"},
	} {
		value := values[random.IntN(len(values))]
		if value != "" {
			metadata[key] = value
		}
		if random.IntN(3) > 0 && (value == "" || value == "ABC" || value == "one" || value == "x" || value == "perhaps") {
			metadata[key] = values[1] // most triggers are good ones
		}
	}
	if metadata["region"] == "" {
		delete(metadata, "region")
	}
	return metadata
}
