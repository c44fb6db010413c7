package kafka

import (
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyActivation       = "activationLagThreshold"
	keyActivateOn       = "activateOn"
	keyNewRecordsWithin = "newRecordsWithin"
	keySustainedFor     = "sustainedFor"

	onLag, onNewRecords = "lag", "newRecords"
)

// activationKeys say when there is work at all.
func activationKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyActivation, Kind: scalers.KindInteger, Origin: scalers.FromKEDA, Default: "0", Bounds: scalers.AtLeast(0),
			Help: "The trigger is active while lag is above this.",
		},
		{
			Name: keyActivateOn, Kind: scalers.KindChoice, Origin: scalers.Own, Default: onLag, Choices: []string{onLag, onNewRecords},
			Help: "newRecords: active by lag, and also while records were produced within newRecordsWithin; for groups without commits, with scaleToZeroOnInvalidOffset.",
		},
		{
			Name: keyNewRecordsWithin, Kind: scalers.KindDuration, Origin: scalers.Own, Default: "1m",
			Bounds: upToADay(),
			Help:   "How long a record counts as new for activateOn: newRecords.",
		},
		{
			Name: keySustainedFor, Kind: scalers.KindDuration, Origin: scalers.Own,
			Bounds:   upToADay(),
			Excludes: []string{keyQuietPeriod, keyMinActive, keyCommitsStop},
			Help:     "Activate only when lag has been above activationLagThreshold for this long. Not with activateOn newRecords.",
		},
	}
}

// addActivation puts these keys into the rules.
func addActivation(rules *lag.Rules, values scalers.Values) error {
	rules.ActivationThreshold = values.Integer(keyActivation)
	rules.SustainedFor = values.Duration(keySustainedFor)
	if values.Text(keyActivateOn) == onNewRecords {
		if err := notWith(values, keySustainedFor, keyActivateOn, onNewRecords); err != nil {
			return err
		}
		rules.NewRecordsWithin = values.Duration(keyNewRecordsWithin)
		return nil
	}
	if values.Given(keyNewRecordsWithin) {
		return scalers.Errorf(scalers.CauseRefused, "%s is for %s: %s: say so, or leave %s out",
			keyNewRecordsWithin, keyActivateOn, onNewRecords, keyNewRecordsWithin)
	}
	return nil
}
