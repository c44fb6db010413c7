package cluster

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/lagwise/lagwise/scalers/lag"
)

// Want is what one trigger asks a session to observe.
type Want struct {
	Group string
	// Topics in the trigger's order; none means every topic in which the group has a commit
	// (KEDA: kafka_scaler.go, getTopicPartitions).
	Topics []string
	// Pattern matches the names of topics instead: those of every moment, so that new ones are followed. Nil for none.
	Pattern *regexp.Regexp
	// Counts reports whether a partition is asked for; nil for all of them. The others are in Observation.Excluded.
	Counts func(topic string, id int32) bool
	Needs  lag.Needs
}

// discovers says whether the group's commits tell which topics count.
func (w Want) discovers() bool { return len(w.Topics) == 0 && w.Pattern == nil }

// list says whether absent topics are part of an answer (a list of topics) or its failure (a single topic).
func (w Want) list() bool { return len(w.Topics) > 1 }

// Longest topic name that Kafka allows (org.apache.kafka.common.internals.Topic).
const maxTopicName = 249

// CheckTopic says what is wrong with a topic's name, which Kafka would not allow.
func CheckTopic(name string) error {
	switch {
	case name == "." || name == "..":
		return fmt.Errorf(`a topic cannot be named "." or ".."`)
	case len(name) > maxTopicName:
		return fmt.Errorf("a topic's name has at most %d characters", maxTopicName)
	}
	illegal := strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	})
	if name == "" || illegal {
		return fmt.Errorf("want a topic's name: letters, digits, '.', '_' and '-'")
	}
	return nil
}

// result is what was observed for one Want, or why it could not be.
type result struct {
	observation lag.Observation
	fault       *Fault
	// partial reports that Kafka did not answer for a part that the observation can do without.
	partial bool
}
