package kafka

import (
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyQuietPeriod  = "quietPeriod"
	keyHoldReplicas = "holdReplicas"
	keyMinActive    = "minActive"
	keyCommitsStop  = "holdUntilCommitsStop"

	// commitsStill is several times the five seconds after which consumers commit unless told otherwise.
	commitsStill = 30 * time.Second
)

// holdKeys keep consumers running for a while.
func holdKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyQuietPeriod, Kind: scalers.KindDuration, Origin: scalers.Own,
			Bounds: upToADay(),
			Help:   "Stay active until this long after the last record came or the last commit moved. Not with activationLagThreshold above 0.",
		},
		{
			Name: keyHoldReplicas, Kind: scalers.KindInteger, Origin: scalers.Own, Default: "1", Bounds: upToAllReplicas(),
			Help: "Replicas that run at least, while quietPeriod holds.",
		},
		{
			Name: keyMinActive, Kind: scalers.KindDuration, Origin: scalers.Own,
			Bounds: upToADay(),
			Help:   "Stay active for this long at least from each record or commit, for consumers that commit before they process. Not with activationLagThreshold above 0.",
		},
		{
			Name: keyCommitsStop, Kind: scalers.KindFlag, Origin: scalers.Own, Default: "false", Excludes: []string{keyQuietPeriod},
			Help: "Stay active, at lag 0 as well, until the group's commits have stood still for 30 seconds, which quietPeriod waits for, too. Not with activationLagThreshold above 0.",
		},
	}
}

// addHold puts these keys into the rules.
func addHold(rules *lag.Rules, values scalers.Values) error {
	if values.Given(keyHoldReplicas) && !values.Given(keyQuietPeriod) {
		return scalers.Errorf(scalers.CauseRefused, "%s: missing; %s needs it", keyQuietPeriod, keyHoldReplicas)
	}
	if values.Integer(keyActivation) > 0 {
		for _, key := range []string{keyQuietPeriod, keyMinActive} {
			if values.Given(key) {
				return scalers.Errorf(scalers.CauseRefused, "%s and %s exclude each other: any record holds, however small the lag", key, keyActivation)
			}
		}
		if values.Flag(keyCommitsStop) {
			return scalers.Errorf(scalers.CauseRefused, "%s and %s exclude each other: any commit holds, however small the lag", keyCommitsStop, keyActivation)
		}
	}
	rules.QuietPeriod, rules.HoldReplicas = values.Duration(keyQuietPeriod), values.Integer(keyHoldReplicas)
	rules.MinActive = values.Duration(keyMinActive)
	if values.Flag(keyCommitsStop) {
		rules.CommitsStill = commitsStill
	}
	return nil
}
