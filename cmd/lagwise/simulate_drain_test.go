package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/lagwise/lagwise/internal/simulate"
)

// drained is a workload with drainWithin, and nothing else set that concerns the number of replicas.
const drained = `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: consumer}
spec:
  scaleTargetRef: {name: consumer}
  minReplicaCount: 0
  maxReplicaCount: %d
  triggers:
    - type: external-push
      metadata:
        scalerAddress: lagwise.keda.svc:6000
        bootstrapServers: kafka.svc:9092
        consumerGroup: consumer
        topic: messages
        drainWithin: %s
        recordsPerSecondPerReplica: "3"
`

func drainedFile(t *testing.T, most int, within string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "so.yaml")
	if err := os.WriteFile(path, fmt.Appendf(nil, drained, most, within), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	drainPartitions = 24
	drainPerReplica = 3.0
	drainWithin     = 60.0 // seconds
	drainPodStart   = 20.0
	drainLongest    = 1.15*drainWithin + drainPodStart
)

// TestDrainWithinIsKeptBySteadyStreams: whatever comes steadily, up to nine tenths of what a replica for each partition gets done, and
// however uneven as long as the hottest partition alone can be done: no record waits for longer than 1.15 of the time and the start of
// a pod, its first minute included; no more replicas run than 1.15 of the fewest whose busiest consumer has time to spare; and the
// stream is never put to sleep.
func TestDrainWithinIsKeptBySteadyStreams(t *testing.T) {
	t.Parallel()
	path := drainedFile(t, drainPartitions, "1m")
	fourHours := func(t *testing.T, rate, skew float64) simulate.Result {
		t.Helper()
		return played(t, path, "--rate", fmt.Sprint(rate), "--skew", fmt.Sprint(skew), "--partitions", fmt.Sprint(drainPartitions),
			"--per-replica", fmt.Sprint(drainPerReplica), "--pod-start", fmt.Sprintf("%gs", drainPodStart), "--for", "4h")[0]
	}
	for skew, rates := range map[float64][]float64{
		0:    {0.5, 3, 6, 10, 18, 20, 30, 35, 40, 44, 50, 56, 60, 64.8},
		0.25: {3, 8, 16, 25, 34, 39},
		0.5:  {3, 8, 12, 16, 22},
	} {
		for _, rate := range rates {
			t.Run(fmt.Sprintf("skew %g, %g a second", skew, rate), func(t *testing.T) {
				t.Parallel()
				result := fourHours(t, rate, skew)
				if result.MaxAge > drainLongest {
					t.Errorf("a record waited for %.1f s, at most %.1f is promised", result.MaxAge, drainLongest)
				}
				fewest := fewestThatKeepUp(rate, skew)
				if mean := result.ReplicaSeconds / (4 * 3600); mean > 1.15*float64(fewest) {
					t.Errorf("%.2f replicas run in the mean, and %d keep up", mean, fewest)
				}
				for _, change := range result.Replicas {
					if change.Replicas == 0 && change.At > 0 {
						t.Fatalf("asleep after %.0f s", change.At)
					}
				}
				// Once the beginning is made up for, which takes as long as the HPA's stabilization, no record waits for the whole time.
				for _, point := range result.Points {
					if point.At > 900 && point.Age > drainWithin {
						t.Fatalf("a record has waited for %.1f s after %.0f s", point.Age, point.At)
					}
				}
			})
		}
	}
}

// TestDrainWithinIsKeptWheneverTheHPALooks: a stream that starts from nothing needs most of the HPA's steps, and is done in time
// whenever the first of them comes.
func TestDrainWithinIsKeptWheneverTheHPALooks(t *testing.T) {
	t.Parallel()
	path := drainedFile(t, drainPartitions, "1m")
	for _, after := range []string{"0s", "1s", "4s", "4900ms", "5s", "7s", "10s", "12s", "14900ms"} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			for _, rate := range []float64{0.5, 3, 6, 10, 11, 12, 13, 16, 18, 24, 36, 44, 64.8} {
				for _, skew := range []float64{0, 0.25, 0.5} {
					if shares(skew)[0]*rate > drainPerReplica { // the hottest partition alone is too much for its consumer
						continue
					}
					result := played(t, path, "--rate", fmt.Sprint(rate), "--skew", fmt.Sprint(skew), "--partitions", fmt.Sprint(drainPartitions),
						"--per-replica", fmt.Sprint(drainPerReplica), "--pod-start", fmt.Sprintf("%gs", drainPodStart), "--for", "5m", "--hpa-sync-after", after)[0]
					if result.MaxAge > drainLongest {
						t.Errorf("skew %g, %g a second: a record waited for %.1f s, at most %.1f is promised", skew, rate, result.MaxAge, drainLongest)
					}
				}
			}
		})
	}
}

// fewestThatKeepUp is the fewest replicas at which the busiest consumer has a hundredth of its time to spare: one without any never
// works off what has come while partitions changed hands. Partitions are spread by range.
func fewestThatKeepUp(rate, skew float64) int {
	part := shares(skew)
	for replicas := 1; replicas < drainPartitions; replicas++ {
		busiest, next := 0.0, 0
		for member := range replicas {
			count, load := drainPartitions/replicas, 0.0
			if member < drainPartitions%replicas {
				count++
			}
			for range count {
				load += part[next] * rate
				next++
			}
			busiest = max(busiest, load)
		}
		if busiest <= 0.99*drainPerReplica {
			return replicas
		}
	}
	return drainPartitions
}

// shares is the part of the records that each partition gets.
func shares(skew float64) (part [drainPartitions]float64) {
	sum := 0.0
	for i := range part {
		part[i] = math.Pow(float64(i+1), -skew)
		sum += part[i]
	}
	for i := range part {
		part[i] /= sum
	}
	return part
}

// A burst that falls unevenly into the partitions is done in time as well, as long as the hottest partition alone can be.
func TestDrainWithinIsKeptByUnevenBursts(t *testing.T) {
	t.Parallel()
	for _, skew := range []float64{0, 0.25, 0.5} {
		result := played(t, drainedFile(t, drainPartitions, "5m"), "--burst", "5000", "--skew", fmt.Sprint(skew), "--partitions", fmt.Sprint(drainPartitions),
			"--per-replica", "3", "--pod-start", "20s", "--for", "30m")[0]
		if took := result.Bursts[0].Drained; took == nil || *took > 1.15*300+drainPodStart {
			t.Errorf("skew %g: a burst took %v s", skew, took)
		}
	}
}
