package lag

import "fmt"

// DrainPastTolerance has the HPA act on the replicas that DrainInTime asks for, up and down. No cap at partitions applies to what the
// HPA has to be asked for so that it acts: it comes down to the replicas afterwards. What maxRecordsPerSecond allows is not exceeded.
func DrainPastTolerance(d Drain, consumers int64) Gate {
	return pastTolerance("drainWithin", func(v View, t Total, a Answer) int64 {
		if d.PerReplica == 0 && !v.knowsPace() {
			return a.Value // it is lag
		}
		replicas := divideUp(a.Value, t.Target)
		value := raised(a.Value, replicas, v, t, consumers)
		if d.AtMost > 0 && value > times(d.most(), t.Target) {
			return a.Value
		}
		return lowered(value, replicas, v, t, consumers)
	})
}

// AgePastTolerance has the HPA act on the replicas that ByAge asks for. No cap at partitions applies, as with DrainPastTolerance.
func AgePastTolerance(consumers int64) Gate {
	return pastTolerance("lagTimeThreshold", func(v View, t Total, a Answer) int64 {
		return raised(a.Value, divideUp(a.Value, t.Target), v, t, consumers)
	})
}

func pastTolerance(key string, value func(View, Total, Answer) int64) Gate {
	return Gate{
		Step: Step{Name: "tolerance", Key: key, Needs: Needs{Consumers: true}},
		Do: func(v View, t Total, a Answer) (Answer, Note) {
			asked := a.Value
			if a.Value = value(v, t, a); a.Value == asked {
				return a, Note{}
			}
			return a, Note{Text: fmt.Sprintf("%d is within the HPA's tolerance of what runs: %d, so that it acts", asked, a.Value)}
		},
	}
}
