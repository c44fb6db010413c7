package kafka

import (
	"errors"
	"math"
	"strconv"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyDrainWithin = "drainWithin"
	keyPerReplica  = "recordsPerSecondPerReplica"
	keyMaxRecords  = "maxRecordsPerSecond"

	maxRate = 1_000_000 // records a second
)

// drainKeys make replicas of the time in which lag shall be gone.
func drainKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyDrainWithin, Kind: scalers.KindDuration, Origin: scalers.Own,
			Bounds:   upToADay(),
			Excludes: []string{keyLagThresholdByTopic},
			Help:     "Ask for the fewest replicas whose busiest consumer gets its lag, and what comes meanwhile, done in this time, which scaleDown.stabilizationWindowSeconds must not fall short of. Not with aggregate max.",
		},
		{
			Name: keyPerReplica, Kind: scalers.KindText, Origin: scalers.Own, Check: checkRate,
			Help: `Records that one replica gets done in a second, such as "3" or "0.25", for drainWithin. Without it that is measured by the commits.`,
		},
		{
			Name: keyMaxRecords, Kind: scalers.KindText, Origin: scalers.Own, Check: checkRate,
			Help: "Records that all replicas together may take in a second, such as the quota of an API, for drainWithin with recordsPerSecondPerReplica.",
		},
	}
}

func checkRate(value string) error {
	_, err := parseRate(value)
	return err
}

func parseRate(value string) (lag.Rate, error) {
	records, err := strconv.ParseFloat(value, 64)
	thousandths := math.Round(records * 1000)
	if err != nil || !(thousandths >= 1 && records <= maxRate) || math.Abs(records*1000-thousandths) > 1e-6 {
		return 0, errors.New(`want records a second, such as "3" or "0.25": from 0.001 to 1000000, three decimals at most`)
	}
	return lag.Rate(thousandths), nil
}

// addDrain puts these keys into the rules.
func addDrain(rules *lag.Rules, values scalers.Values) error {
	within, hasRate := values.Given(keyDrainWithin), values.Given(keyPerReplica)
	for _, key := range []string{keyPerReplica, keyMaxRecords} {
		if values.Given(key) && !within {
			return scalers.Errorf(scalers.CauseRefused, "%s: missing; %s needs it", keyDrainWithin, key)
		}
	}
	switch {
	case !within:
		return nil
	case !hasRate && values.Given(keyMaxRecords):
		return scalers.Errorf(scalers.CauseRefused, "%s: missing; %s needs it", keyPerReplica, keyMaxRecords)
	}
	if err := notWith(values, keyDrainWithin, keyAggregate, aggregateMax); err != nil {
		return err
	}
	rules.Drain.Within = values.Duration(keyDrainWithin)
	if !hasRate {
		return nil
	}
	var err error
	if rules.Drain.PerReplica, err = parsed(values, keyPerReplica, parseRate); err != nil || !values.Given(keyMaxRecords) {
		return err
	}
	rules.Drain.AtMost, err = parsed(values, keyMaxRecords, parseRate)
	return err
}
