package kafka

import (
	"math"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyQuietPeriod  = "quietPeriod"
	keyHoldReplicas = "holdReplicas"
)

// holdKeys keep consumers running for a while.
func holdKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyQuietPeriod, Kind: scalers.KindDuration, Origin: scalers.Own,
			Bounds: &scalers.Bounds{Min: int64(time.Second), Max: int64(24 * time.Hour)},
			Help:   "Stay active until this long after the last record came or the last commit moved. Not with activationLagThreshold above 0.",
		},
		{
			Name: keyHoldReplicas, Kind: scalers.KindInteger, Origin: scalers.Own, Default: "1", Bounds: &scalers.Bounds{Min: 1, Max: math.MaxInt32},
			Help: "Replicas that run at least, while quietPeriod holds.",
		},
	}
}

// addHold puts these keys into the rules.
func addHold(rules *lag.Rules, values scalers.Values) error {
	if values.Given(keyHoldReplicas) && !values.Given(keyQuietPeriod) {
		return scalers.Errorf(scalers.CauseRefused, "%s: missing; %s needs it", keyQuietPeriod, keyHoldReplicas)
	}
	if values.Given(keyQuietPeriod) && values.Integer(keyActivation) > 0 {
		return scalers.Errorf(scalers.CauseRefused, "%s and %s exclude each other: any record holds, however small the lag", keyQuietPeriod, keyActivation)
	}
	rules.QuietPeriod, rules.HoldReplicas = values.Duration(keyQuietPeriod), values.Integer(keyHoldReplicas)
	return nil
}
