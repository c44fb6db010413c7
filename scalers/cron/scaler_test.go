package cron_test

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
)

// seoul is the trigger of a user's write-up.
func seoul(more map[string]string) map[string]string {
	metadata := map[string]string{
		"scaler": "cron", "timezone": "Asia/Seoul", "start": "00,15,30,45 * * * *", "end": "05,20,35,50 * * * *", "desiredReplicas": "1",
	}
	maps.Copy(metadata, more)
	return metadata
}

func build(metadata map[string]string) scalers.Scaler {
	return cron.New(slog.New(slog.DiscardHandler))(scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata})
}

func evaluate(t *testing.T, scaler scalers.Scaler) scalers.Evaluation {
	t.Helper()
	evaluation, err := scaler.Evaluate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return evaluation
}

func TestMetricIsNamedAsKEDANamesIt(t *testing.T) {
	t.Parallel()
	metric := build(seoul(nil)).Metric()
	if want := "cron-Asia-Seoul-00Cm15Cm30Cm45xxxx-05Cm20Cm35Cm50xxxx"; metric.Name != want || metric.Target != 1 {
		t.Errorf("got %+v, want %s", metric, want)
	}
}

// A bubble's clock begins on 1 January 2000, a Saturday, at midnight UTC: nine in Seoul.
func TestWindowOpensAndShuts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scaler := build(seoul(map[string]string{"desiredReplicas": "3"}))
		time.Sleep(4*time.Minute + 59*time.Second)
		if got := evaluate(t, scaler); !got.Active || got.Value != 3 {
			t.Errorf("just before its end: %+v", got)
		}
		time.Sleep(time.Second)
		if got := evaluate(t, scaler); got.Active || got.Value != 0 {
			t.Errorf("at its end: %+v", got)
		}
	})
}

func TestWatchTellsOfEachChangeAsItHappens(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		watcher, ok := build(seoul(nil)).(scalers.Watcher)
		if !ok {
			t.Fatal("a cron scaler cannot watch")
		}
		ctx, stop := context.WithTimeout(t.Context(), 31*time.Minute)
		defer stop()
		began, was := time.Now(), false
		var changes []time.Duration
		if err := watcher.Watch(ctx, func(evaluation scalers.Evaluation) error {
			if evaluation.Active != was {
				was = evaluation.Active
				changes = append(changes, time.Since(began).Truncate(time.Millisecond))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		want := []time.Duration{0, 5 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute}
		if len(changes) != len(want) {
			t.Fatalf("got %v, want %v", changes, want)
		}
		for i := range want {
			if changes[i] != want[i] {
				t.Errorf("change %d after %v, want %v", i, changes[i], want[i])
			}
		}
	})
}

func TestSeveralWindows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scaler := build(map[string]string{
			"scaler": "cron", "timezone": "UTC", "windowPairing": "nextEnd",
			"windows": "0 6 * * * | 0 22 * * * | 3\n0 12 * * * | 0 13 * * * | 10 ; 30 12 * * * | 0 14 * * * | 5\n",
		})
		for _, step := range []struct {
			at   time.Duration
			want float64
		}{{0, 0}, {6 * time.Hour, 3}, {12 * time.Hour, 10}, {13 * time.Hour, 5}, {14 * time.Hour, 3}, {22 * time.Hour, 0}} {
			time.Sleep(time.Until(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(step.at)))
			if got := evaluate(t, scaler); got.Value != step.want || got.Active != (step.want > 0) {
				t.Errorf("after %v: %+v, want %v", step.at, got, step.want)
			}
		}
	})
}

// A bubble begins on a Saturday: KEDA's window of weekdays is open, because its end comes before Monday's start.
func TestPairingChangesTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for pairing, open := range map[string]bool{"": true, "keda": true, "nextEnd": false} {
			scaler := build(map[string]string{
				"scaler": "cron", "timezone": "UTC", "start": "30 6 * * 1-5", "end": "10 22 * * *", "desiredReplicas": "4",
				"windowPairing": pairing,
			})
			if got := evaluate(t, scaler); got.Active != open || (got.Value == 4) != open {
				t.Errorf("windowPairing %q on a Saturday: %+v, want open %v", pairing, got, open)
			}
		}
	})
}

func TestExcludedDaysAreShut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		scaler := build(map[string]string{
			"scaler": "cron", "timezone": "UTC", "start": "0 0 * * *", "end": "59 23 * * *", "desiredReplicas": "2",
			"excludeDates": "2000-01-01, 2000-01-03..2000-01-04",
		})
		for day, open := range []bool{false, true, false, false, true} {
			time.Sleep(time.Until(time.Date(2000, 1, 1+day, 12, 0, 0, 0, time.UTC)))
			got := evaluate(t, scaler)
			if got.Active != open {
				t.Errorf("day %d: %+v", day+1, got)
			}
			if !open && !strings.Contains(got.Reasons[0].Text, "excluded") {
				t.Errorf("day %d: no reason names the exclusion: %+v", day+1, got.Reasons)
			}
		}
	})
}

func TestRefusedMetadataIsNamedAndHasAMetric(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change map[string]string
		want   string
	}{
		"bad zone":           {map[string]string{"timezone": "Asia/Soul"}, `timezone "Asia/Soul": want a time zone`},
		"no zone":            {map[string]string{"timezone": ""}, "timezone: missing"},
		"no end":             {map[string]string{"end": ""}, "end: missing"},
		"start is no cron":   {map[string]string{"start": "at six"}, `start "at six": want five fields`},
		"same":               {map[string]string{"end": "00,15,30,45 * * * *"}, `start and end are both "00,15,30,45 * * * *"`},
		"no replicas":        {map[string]string{"desiredReplicas": "0"}, `desiredReplicas "0": want a whole number`},
		"misspelt":           {map[string]string{"desiredReplica": "1"}, `"desiredReplica" is not a key; did you mean desiredReplicas?`},
		"both forms":         {map[string]string{"windows": "0 1 * * * | 0 2 * * * | 1"}, "start and windows exclude each other"},
		"window of a word":   {map[string]string{"windows": "always"}, `windows "always": want START | END | REPLICAS`},
		"window without":     {map[string]string{"windows": "0 1 * * * | 0 2 * * * | none"}, `windows "0 1 * * * | 0 2 * * * | none": want a number of replicas`},
		"no window":          {map[string]string{"windows": " ;"}, `windows ";": want at least one window`},
		"second window":      {map[string]string{"windows": "0 1 * * * | 0 2 * * * | 1\nat six | 0 2 * * * | 1"}, `windows "at six | 0 2 * * * | 1": start "at six": want five fields`},
		"its end":            {map[string]string{"windows": "0 1 * * * | 0 2 * * | 1"}, `windows "0 1 * * * | 0 2 * * | 1": end "0 2 * *": want five fields`},
		"same in windows":    {map[string]string{"windows": "0 1 * * * | 0 1 * * * | 1"}, `windows "0 1 * * * | 0 1 * * * | 1": start and end are both`},
		"excluded date":      {map[string]string{"excludeDates": "Christmas"}, `excludeDates "Christmas"`},
		"pairing":            {map[string]string{"windowPairing": "next"}, `windowPairing "next": want one of keda, nextEnd`},
		"a start that never": {map[string]string{"windowPairing": "nextEnd", "start": "0 0 30 2 *"}, `start "0 0 30 2 *": never comes`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			metadata := seoul(test.change)
			if _, several := test.change["windows"]; several && name != "both forms" {
				delete(metadata, "start")
				delete(metadata, "end")
				delete(metadata, "desiredReplicas")
			}
			scaler := build(metadata)
			if metric := scaler.Metric(); metric.Target != 1 || !strings.HasPrefix(metric.Name, "cron-") {
				t.Errorf("metric %+v", metric)
			}
			_, err := scaler.Evaluate(t.Context())
			if cause, ok := scalers.CauseOf(err); !ok || cause != scalers.CauseRefused || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestTheTableOfKeysIsSound(t *testing.T) {
	t.Parallel()
	values, _, _ := cron.Keys().Decode(map[string]string{"timezone": "UTC"})
	if got := values.Text("windowPairing"); got != "keda" {
		t.Errorf("windowPairing is %q without a key: that is not KEDA's answer", got)
	}
}

func FuzzTriggersNeverPanic(f *testing.F) {
	f.Add("UTC", "0 6 * * *", "0 7 * * *", "", "nextEnd", "2026-12-25")
	f.Add("Asia/Seoul", "TZ=", "CRON_TZ=UTC 0 7 * * *", "0 1 * * * | 0 2 * * * | 1", "keda", "..")
	f.Fuzz(func(t *testing.T, zone, start, end, windows, pairing, excluded string) {
		scaler := build(map[string]string{
			"scaler": "cron", "timezone": zone, "start": start, "end": end, "windows": windows, "windowPairing": pairing,
			"excludeDates": excluded, "desiredReplicas": "1",
		})
		evaluation, err := scaler.Evaluate(t.Context())
		if err == nil && evaluation.Active != (evaluation.Value > 0) {
			t.Errorf("%+v", evaluation)
		}
	})
}
