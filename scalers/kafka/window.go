package kafka

import (
	"errors"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
	"github.com/lagwise/lagwise/scalers/schedule"
)

const (
	keyWindowStart    = "windowStart"
	keyWindowEnd      = "windowEnd"
	keyWindowTimezone = "windowTimezone"
	keyWindowMode     = "windowMode"
	keyWindowReplicas = "windowReplicas"

	modeGate, modeFloor, modeCap = "gate", "floor", "cap"
)

// windowKeys bind lag to times of the day, which KEDA's kafka trigger cannot. Whoever has a second trigger on the same
// workload should know that it still scales outside this one's window.
func windowKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyWindowStart, Kind: scalers.KindText, Origin: scalers.Own,
			Help: `When a window opens: minute, hour, day, month, weekday, such as "30 6 * * 1-5".`,
		},
		{
			Name: keyWindowEnd, Kind: scalers.KindText, Origin: scalers.Own,
			Help: "When it shuts, written alike: the first such time after each start.",
		},
		{
			Name: keyWindowTimezone, Kind: scalers.KindText, Origin: scalers.Own, Check: checkTimezone,
			Help: "Time zone of the window, such as Asia/Seoul. Needed with windowStart.",
		},
		{
			Name: keyWindowMode, Kind: scalers.KindChoice, Origin: scalers.Own, Default: modeGate, Choices: []string{modeGate, modeFloor, modeCap},
			Help: "gate: outside the window the trigger is inactive with 0. floor: inside it at least windowReplicas run. cap: inside it at most windowReplicas run.",
		},
		{
			Name: keyWindowReplicas, Kind: scalers.KindInteger, Origin: scalers.Own, Bounds: upToAllReplicas(),
			Help: "Replicas of windowMode floor or cap.",
		},
	}
}

func checkTimezone(value string) error {
	_, err := schedule.ParseZone(value)
	return err
}

// addWindow puts the keys of the window into the rules.
func addWindow(rules *lag.Rules, values scalers.Values) error {
	if err := checkWindowTogether(values); err != nil || !values.Given(keyWindowStart) {
		return err
	}
	location, err := parsed(values, keyWindowTimezone, schedule.ParseZone)
	if err != nil {
		return err
	}
	window, err := schedule.NewWindow(values.Text(keyWindowStart), values.Text(keyWindowEnd), location, schedule.ByNextEnd)
	if err != nil {
		return refuseWindow(err)
	}
	rules.Window, rules.WindowReplicas = window.At, values.Integer(keyWindowReplicas)
	switch values.Text(keyWindowMode) {
	case modeFloor:
		rules.WindowMode = lag.WindowFloor
	case modeCap:
		rules.WindowMode = lag.WindowCap
	}
	return nil
}

// checkWindowTogether: a window needs three keys, and a mode may need a fourth. None of them is dropped in silence.
func checkWindowTogether(values scalers.Values) error {
	together := []string{keyWindowStart, keyWindowEnd, keyWindowTimezone}
	for _, given := range append(together, keyWindowMode, keyWindowReplicas) {
		for _, needed := range together {
			if values.Given(given) && !values.Given(needed) {
				return scalers.Errorf(scalers.CauseRefused, "%s: missing; %s needs %s, %s and %s",
					needed, given, keyWindowStart, keyWindowEnd, keyWindowTimezone)
			}
		}
	}
	mode, hasReplicas := values.Text(keyWindowMode), values.Given(keyWindowReplicas)
	switch {
	case mode == modeGate && hasReplicas:
		return scalers.Errorf(scalers.CauseRefused, "%s is for %s %s or %s: say which, or leave %s out",
			keyWindowReplicas, keyWindowMode, modeFloor, modeCap, keyWindowReplicas)
	case mode != modeGate && !hasReplicas:
		return scalers.Errorf(scalers.CauseRefused, "%s: missing; %s %s needs it", keyWindowReplicas, keyWindowMode, mode)
	}
	return nil
}

func refuseWindow(err error) error {
	wrong, ok := errors.AsType[*schedule.Error](err)
	if !ok {
		return scalers.Errorf(scalers.CauseRefused, "%s, %s: %w", keyWindowStart, keyWindowEnd, err)
	}
	key := keyWindowStart
	if wrong.Side == schedule.End {
		key = keyWindowEnd
	}
	return scalers.Errorf(scalers.CauseRefused, "%s %s: %w", key, scalers.Quote(wrong.Text), wrong.Err)
}
