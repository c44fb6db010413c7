package cron

import (
	"math"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/schedule"
)

// Names of keys that are read or spoken of in more than one place.
const (
	keyTimezone = "timezone"
	keyStart    = "start"
	keyEnd      = "end"
	keyReplicas = "desiredReplicas"
	keyWindows  = "windows"
	keyPairing  = "windowPairing"
	keyExclude  = "excludeDates"

	pairingKEDA, pairingNextEnd = "keda", "nextEnd"
)

// Keys is every key of a cron trigger (KEDA: pkg/scalers/cron_scaler.go, cronMetadata).
func Keys() scalers.KeyTable {
	return append(scalers.KeyTable{
		{
			Name: keyTimezone, Kind: scalers.KindText, Origin: scalers.FromKEDA, Required: true, Check: checkTimezone,
			Help: "Time zone of the windows, such as Asia/Seoul.",
		},
		{
			Name: keyStart, Kind: scalers.KindText, Origin: scalers.FromKEDA, Excludes: []string{keyWindows},
			Help: `When the window opens: minute, hour, day, month, weekday, such as "30 6 * * 1-5".`,
		},
		{
			Name: keyEnd, Kind: scalers.KindText, Origin: scalers.FromKEDA, Excludes: []string{keyWindows},
			Help: "When the window shuts, written alike.",
		},
		{
			Name: keyReplicas, Kind: scalers.KindInteger, Origin: scalers.FromKEDA, Excludes: []string{keyWindows},
			Bounds: &scalers.Bounds{Min: 1, Max: math.MaxInt32},
			Help:   "Replicas while the window is open.",
		},
		{
			Name: keyWindows, Kind: scalers.KindText, Origin: scalers.Own,
			Help: `Several windows instead of one: "START | END | REPLICAS", one on each line. While several are open, the largest number counts.`,
		},
		{
			Name: keyPairing, Kind: scalers.KindChoice, Origin: scalers.Own, Default: pairingKEDA, Choices: []string{pairingKEDA, pairingNextEnd},
			Help: "keda: open when the next end comes sooner than the next start. nextEnd: open from each start to the first end after it, as the words say, also when clocks change.",
		},
		{
			Name: keyExclude, Kind: scalers.KindList, Origin: scalers.Own, Check: checkDates,
			Help: "Days on which all windows are shut, such as 2026-12-25 or 2026-12-24..2027-01-02, comma-separated.",
		},
	}, scalers.CommonKeys()...)
}

func checkTimezone(value string) error {
	_, err := schedule.ParseZone(value)
	return err
}

func checkDates(value string) error {
	_, err := schedule.ParseDates(strings.Split(value, ","))
	return err
}
