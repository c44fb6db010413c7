package parity_test

import (
	"testing"

	"github.com/go-logr/logr"
	controllerlog "sigs.k8s.io/controller-runtime/pkg/log"
)

// TestParity is one test because all of its parts share a broker and two lagwise processes, which take seconds to start.
func TestParity(t *testing.T) {
	controllerlog.SetLogger(logr.Discard()) // KEDA repeats there what it returns as errors.
	s := newStage(t)

	t.Run("random triggers", func(t *testing.T) { testRandomTriggers(t, s) })
	t.Run("random topic lists", func(t *testing.T) { testRandomLists(t, s) })
	t.Run("changing state", func(t *testing.T) { testChangingState(t, s) })
	t.Run("persistent lag", func(t *testing.T) { testPersistentLag(t, s) })
	t.Run("refused triggers", func(t *testing.T) { testRefusedTriggers(t, s) })
	t.Run("differences", func(t *testing.T) { testDifferences(t, s) })
	t.Run("wire", func(t *testing.T) { testWire(t, s) })
	t.Run("wire of old KEDA", func(t *testing.T) { testOldWire(t, s) })
	t.Run("external scaler", func(t *testing.T) { testExternalScaler(t, s) })
	t.Run("link", func(t *testing.T) { testLink(t, s) })
	t.Run("external push scaler", func(t *testing.T) { testExternalPushScaler(t, s) })
}
