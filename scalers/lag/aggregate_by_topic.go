package lag

import "fmt"

// SumByTopic weighs each topic's lag by its own threshold, and makes the sum of them the metric: at lagThreshold 10 a lag of
// 100 in a topic whose threshold is 50 is worth 20, which is 2 replicas (key lagThresholdByTopic). Topics without a threshold
// of their own count as they are. What a topic is worth is rounded up.
func SumByTopic(thresholds map[string]int64) Aggregate {
	return Aggregate{Step: Step{Name: "by-topic", Key: "lagThresholdByTopic"}, Do: func(_ View, t Total) (int64, Note) {
		var worth int64
		counts := t.Counts
		for len(counts) > 0 {
			topic, lag := counts[0].Partition.Topic, int64(0)
			for len(counts) > 0 && counts[0].Partition.Topic == topic {
				lag = add(lag, counts[0].Lag)
				counts = counts[1:]
			}
			if threshold, own := thresholds[topic]; own {
				lag = scale(lag, t.Target, threshold)
			}
			worth = add(worth, lag)
		}
		if worth == t.Lag {
			return worth, Note{}
		}
		return worth, Note{Text: fmt.Sprintf("lag %d is worth %d at lagThreshold %d, by the thresholds of its topics", t.Lag, worth, t.Target)}
	}}
}
