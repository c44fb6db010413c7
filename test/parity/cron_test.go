package parity_test

import (
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	keda "github.com/kedacore/keda/v2/pkg/scalers"
	"github.com/kedacore/keda/v2/pkg/scalers/scalersconfig"
	v2 "k8s.io/api/autoscaling/v2"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
)

// cronInstants is how many instants are compared in all, each of the schedules at some hundred of them.
var cronInstants = flag.Int("cron-instants", 1_000_000, "instants at which KEDA's cron scaler and lagwise's are compared")

const instantsEach = 500

// KEDA's scaler asks the clock itself, so both are asked inside a bubble, whose time is the same for both and passes as
// the test wants it.
func TestCronAgreesWithKEDAAtRandomInstants(t *testing.T) {
	t.Parallel()
	const lanes = 4
	for lane := range lanes {
		t.Run(fmt.Sprint(lane), func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			random := rand.New(rand.NewPCG(seed, uint64(lane)))
			active := 0
			for range max(1, *cronInstants/lanes/instantsEach) {
				synctest.Test(t, func(t *testing.T) { active += compareCron(t, random, seed) })
			}
			if active == 0 {
				t.Error("no window was ever open")
			}
		})
	}
}

// compareCron puts one random schedule to both at random instants, and says how often it was open.
func compareCron(t *testing.T, random *rand.Rand, seed uint64) (active int) {
	t.Helper()
	metadata := randomCron(random)
	theirs, err := keda.NewCronScaler(&scalersconfig.ScalerConfig{TriggerMetadata: metadata, AuthParams: map[string]string{}})
	ours := cron.New(slog.New(slog.DiscardHandler))(scalers.Trigger{Metadata: metadata})
	if err != nil {
		if _, refusal := ours.Evaluate(t.Context()); refusal == nil {
			t.Fatalf("seed %d: KEDA refuses %v: %v", seed, metadata, err)
		}
		return 0
	}
	if name := theirs.GetMetricSpecForScaling(t.Context())[0].External.Metric.Name; name != "s0-"+ours.Metric().Name {
		t.Fatalf("seed %d: KEDA names %v %s, lagwise %s", seed, metadata, name, ours.Metric().Name)
	}
	for range instantsEach {
		time.Sleep(randomStep(random))
		values, open, err := theirs.GetMetricsAndActivity(t.Context(), "name")
		if err != nil {
			t.Fatal(err)
		}
		evaluation, err := ours.Evaluate(t.Context())
		if err != nil {
			t.Fatalf("seed %d: KEDA takes %v: %v", seed, metadata, err)
		}
		if open != evaluation.Active || values[0].Value.AsApproximateFloat64() != evaluation.Value {
			t.Fatalf("seed %d: %v at %v: KEDA says %v, %v; lagwise %+v", seed, metadata, time.Now(), open, &values[0].Value, evaluation)
		}
		if open {
			active++
		}
	}
	return active
}

// randomStep is often a whole minute, so that instants fall on the edges of windows.
func randomStep(random *rand.Rand) time.Duration {
	switch random.IntN(4) {
	case 0:
		return time.Until(time.Now().Truncate(time.Minute).Add(time.Minute))
	case 1:
		return time.Duration(random.Int64N(int64(2 * time.Hour)))
	case 2:
		return time.Duration(random.Int64N(int64(40 * 24 * time.Hour)))
	default:
		return time.Nanosecond
	}
}

func randomCron(random *rand.Rand) map[string]string {
	zones := []string{"UTC", "Asia/Seoul", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"}
	return map[string]string{
		"timezone": zones[random.IntN(len(zones))], "start": randomExpression(random), "end": randomExpression(random),
		"desiredReplicas": fmt.Sprint(1 + random.IntN(100)),
	}
}

func randomExpression(random *rand.Rand) string {
	if random.IntN(50) == 0 {
		return []string{"0 0 30 2 *", "0 0 29 2 *", "0 0 31 4 *"}[random.IntN(3)]
	}
	fields := make([]string, 5)
	for i, bounds := range [][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}} {
		fields[i] = randomField(random, bounds[0], bounds[1], i >= 2)
	}
	return strings.Join(fields, " ")
}

func randomField(random *rand.Rand, least, most int, mostlyAny bool) string {
	number := func() int { return least + random.IntN(most-least+1) }
	if mostlyAny && random.IntN(4) > 0 {
		return "*"
	}
	switch random.IntN(6) {
	case 0:
		return "*"
	case 1:
		return fmt.Sprintf("*/%d", 1+random.IntN(most))
	case 2:
		first := number()
		return fmt.Sprintf("%d-%d", first, first+random.IntN(most-first+1))
	case 3:
		return fmt.Sprintf("%d,%d,%d", number(), number(), number())
	default:
		return fmt.Sprint(number())
	}
}

// A bad zone is refused at once; KEDA fails at each poll instead.
func TestCronRefusesABadZoneAtOnce(t *testing.T) {
	t.Parallel()
	metadata := map[string]string{"timezone": "Asia/Soul", "start": "0 6 * * *", "end": "0 7 * * *", "desiredReplicas": "1"}
	theirs, err := keda.NewCronScaler(&scalersconfig.ScalerConfig{TriggerMetadata: metadata, MetricType: v2.AverageValueMetricType})
	if err != nil {
		t.Fatalf("KEDA refuses it at once, too: %v", err)
	}
	if _, _, err := theirs.GetMetricsAndActivity(t.Context(), "name"); err == nil {
		t.Error("KEDA answers")
	}
	if _, err := cron.New(slog.New(slog.DiscardHandler))(scalers.Trigger{Metadata: metadata}).Evaluate(t.Context()); err == nil {
		t.Error("lagwise answers")
	}
}
