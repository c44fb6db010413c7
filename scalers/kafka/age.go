package kafka

import (
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyLagTime           = "lagTimeThreshold"
	keyActivationLagTime = "activationLagTimeThreshold"
)

// ageKeys measure lag in time.
func ageKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyLagTime, Kind: scalers.KindDuration, Origin: scalers.Own,
			Bounds:   upToADay(),
			Excludes: []string{keyDrainWithin, keyLagThresholdByTopic},
			Help:     "Ask for one replica for each of this that the oldest waiting record has aged; where lagThreshold is set as well, whichever asks for more. Needs READ on the topic; not with aggregate max.",
		},
		{
			Name: keyActivationLagTime, Kind: scalers.KindDuration, Origin: scalers.Own,
			Bounds:   upToADay(),
			Excludes: []string{keyActivation, keySustainedFor, keyQuietPeriod, keyMinActive, keyCommitsStop},
			Help:     "The trigger is active while a record waits that is older than this. Not with activateOn newRecords.",
		},
	}
}

// addAge puts these keys into the rules.
func addAge(rules *lag.Rules, values scalers.Values) error {
	if err := notWith(values, keyLagTime, keyAggregate, aggregateMax); err != nil {
		return err
	}
	if err := notWith(values, keyActivationLagTime, keyActivateOn, onNewRecords); err != nil {
		return err
	}
	rules.Age, rules.AgeBesideLag = values.Duration(keyLagTime), values.Given(keyLagThreshold)
	rules.ActivationAge = values.Duration(keyActivationLagTime)
	return nil
}
