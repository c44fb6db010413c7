package lag

import "fmt"

// Uncapped leaves the value alone and says where the cap at partitions would have changed it (key allowIdleConsumers).
func Uncapped() Limit {
	return Limit{Step: Step{Name: "cap", Key: "allowIdleConsumers"}, Do: func(_ View, t Total) (int64, Note) {
		if t.Value/t.Target <= t.Partitions {
			return t.Value, Note{}
		}
		return t.Value, Note{Text: fmt.Sprintf("lag %d may ask for more replicas than %s: not capped",
			t.Value, several(t.Partitions, "partition"))}
	}}
}
