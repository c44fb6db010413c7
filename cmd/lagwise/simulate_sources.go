package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/internal/simulate"
	"github.com/lagwise/lagwise/scalers"
)

// simulated are the sources that can be simulated. A live one is read at each question, as KEDA's own scalers do.
func simulated(live bool) map[string]simulate.Source {
	return map[string]simulate.Source{
		"cron": simulatedCron, "kafka": simulatedKafka(live), "new-relic": simulatedNewRelic(live), "rabbitmq": simulatedRabbitMQ(live),
	}
}

// assumeConnection has a trigger name a connection where it is KEDA's own, which has its credentials from a TriggerAuthentication.
// What it says of them itself is no business of a simulation.
func assumeConnection(trigger scalers.Trigger, table scalers.KeyTable) scalers.Trigger {
	trigger.Metadata = maps.Clone(trigger.Metadata)
	for _, key := range table {
		if key.Origin == scalers.Credential {
			delete(trigger.Metadata, key.Name)
		}
	}
	trigger.Metadata["connection"] = "simulated"
	return trigger
}

// playable makes triggers of a workload's, as KEDA asks lagwise about them, or its own scalers. Left out are those whose source cannot be
// simulated, such as cpu.
func playable(w manifest.Workload) (triggers []simulate.Trigger, leftOut []manifest.Trigger, err error) {
	for _, trigger := range w.Triggers {
		played := simulate.Trigger{
			Trigger: scalers.Trigger{Namespace: w.Namespace, Name: w.Name, Metadata: trigger.Metadata},
			Pushed:  trigger.Type == "external-push",
		}
		name, builtIn := lint.Builtin()[trigger.Type]
		if !builtIn {
			name = trigger.Metadata["scaler"]
			if name == "" {
				name = scalers.DefaultScaler
			}
		}
		source, known := simulated(builtIn)[name]
		external := strings.HasPrefix(trigger.Type, "external")
		switch {
		case !builtIn && !external:
			leftOut = append(leftOut, trigger)
			continue
		case !known:
			return nil, nil, fmt.Errorf("%s: a trigger of scaler %q cannot be simulated; those of %s can", trigger.Place, name, canBePlayed())
		case trigger.MetricType == "Value":
			return nil, nil, fmt.Errorf("%s: metricType Value cannot be simulated yet", trigger.Place)
		}
		played.Source = source
		triggers = append(triggers, played)
	}
	if len(triggers) == 0 {
		return nil, nil, fmt.Errorf("%s: no trigger can be simulated; those of %s can", w.Place, canBePlayed())
	}
	return triggers, leftOut, nil
}

func canBePlayed() string { return strings.Join(slices.Sorted(maps.Keys(simulated(false))), ", ") }

// tellOf says what the figures do not show because of a trigger that is left out.
func tellOf(leftOut manifest.Trigger) string {
	text := fmt.Sprintf("%s: a trigger of type %s is left out of the simulation: with it the HPA may want more replicas than are shown", leftOut.Place, leftOut.Type)
	if leftOut.Type == "cpu" || leftOut.Type == "memory" { // KEDA's own two that never wake a workload
		return text
	}
	return text + ", and KEDA may keep the workload awake"
}

// asKEDA gives a workload whose triggers are KEDA's own: without lagwise's keys, and polled.
func asKEDA(w manifest.Workload) manifest.Workload {
	builtin, tables := lint.Builtin(), keyTables()
	changed := w
	changed.Triggers = slices.Clone(w.Triggers)
	for i := range changed.Triggers {
		trigger := &changed.Triggers[i]
		name := trigger.Metadata["scaler"]
		if name == "" {
			name = scalers.DefaultScaler
		}
		if !strings.HasPrefix(trigger.Type, "external") || builtin[name] != name {
			continue
		}
		trigger.Type = name
		trigger.Metadata = maps.Clone(trigger.Metadata)
		for _, key := range tables[name] {
			if key.Origin != scalers.FromKEDA {
				delete(trigger.Metadata, key.Name)
			}
		}
	}
	return changed
}
