package scalers_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
)

func TestAFactoryTellsOfUnknownKeysAndRefusesWrongOnes(t *testing.T) {
	t.Parallel()
	wrong := errors.New("topic: missing")
	for name, test := range map[string]struct {
		err     error
		refused bool
	}{"right": {nil, false}, "wrong": {wrong, true}} {
		var log bytes.Buffer
		made := scalers.NewFactory(
			func(scalers.Trigger) (string, scalers.Metric, []string, error) {
				return "settings", scalers.Metric{Name: "m", Target: 7}, []string{"ownedBy"}, test.err
			},
			func(settings string, metric scalers.Metric) scalers.Scaler {
				if settings != "settings" {
					t.Errorf("%s: built of %q", name, settings)
				}
				return closable{Scaler: scalers.NewRefused(metric, nil)}
			},
			slog.New(slog.NewTextHandler(&log, nil)),
		)(trigger("a"))
		if _, refused := made.(*scalers.Refused); refused != test.refused || made.Metric().Target != 7 {
			t.Errorf("%s: made %#v", name, made)
		}
		if _, err := made.Evaluate(t.Context()); !errors.Is(err, test.err) {
			t.Errorf("%s: says %v", name, err)
		}
		if !strings.Contains(log.String(), "keys=[ownedBy]") || !strings.Contains(log.String(), "shop/a") {
			t.Errorf("%s: logged %q", name, log.String())
		}
	}
}
