package kafka

import (
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyOnStall    = "onStall"
	keyStallAfter = "stallAfter"

	stallReport, stallHold = "report", "hold"
)

// stallKeys tell of consumers that get nothing done.
func stallKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyOnStall, Kind: scalers.KindChoice, Origin: scalers.Own, Choices: []string{stallReport, stallHold},
			Help: "report: tell of partitions whose commits stand still although they have lag and the group has consumers. hold: add no replicas for them, either. hold is not with excludePersistentLag.",
		},
		{
			Name: keyStallAfter, Kind: scalers.KindDuration, Origin: scalers.Own, Default: "10m", Bounds: upToADay(),
			Help: "How long commits must stand still for onStall: longer than the longest batch takes.",
		},
	}
}

// addStall puts these keys into the rules.
func addStall(rules *lag.Rules, values scalers.Values) error {
	switch {
	case !values.Given(keyOnStall) && values.Given(keyStallAfter):
		return scalers.Errorf(scalers.CauseRefused, "%s: missing; %s needs it", keyOnStall, keyStallAfter)
	case !values.Given(keyOnStall):
		return nil
	}
	rules.StallAfter, rules.HoldStalled = values.Duration(keyStallAfter), values.Text(keyOnStall) == stallHold
	if rules.HoldStalled && rules.ExcludePersistentLag {
		return scalers.Errorf(scalers.CauseRefused, "%s %s and %s exclude each other: one keeps replicas for lag that stands still, the other takes them away",
			keyOnStall, stallHold, keyExcludePersistent)
	}
	return nil
}
