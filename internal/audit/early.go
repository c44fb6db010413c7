package audit

import (
	"fmt"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// lookBack is the key of KEDA's triggers for which lagwise looks back by a key of its own, which has a default.
func lookBack() map[string]string {
	return map[string]string{"excludePersistentLag": "persistentLagInterval"}
}

// TooEarly says why lagwise's answer does not count yet when it has looked for so long: some rules look back, and know less than
// those of a lagwise that has run for longer. It is empty once the answer counts.
func (s Subject) TooEarly(looked time.Duration) string {
	values, _, _ := s.Keys.Decode(s.Plan.Metadata)
	for _, key := range s.Keys {
		wanted := key.Origin == scalers.Own && key.Kind == scalers.KindDuration && values.Given(key.Name)
		for flag, interval := range lookBack() {
			wanted = wanted || (key.Name == interval && s.flag(flag))
		}
		// A refresh more: an observation is to be as old as that.
		if needs := values.Duration(key.Name); wanted && looked < needs+lateness {
			return fmt.Sprintf("%s looks back for %v, and audit has looked for %v: --watch compares", key.Name, needs, looked.Round(time.Second))
		}
	}
	return ""
}

// lateness is how much older than asked for an observation may have to be.
const lateness = 10 * time.Second
