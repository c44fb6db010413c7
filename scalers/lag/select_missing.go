package lag

import (
	"fmt"
	"strings"
)

// missingNamed is how many missing topics are called by name, to keep reasons short.
const missingNamed = 3

// missingTopics tells of listed topics that the cluster does not have. They count nothing and are no error, because the
// others still tell of work (KEDA: apache_kafka_scaler.go asks only about the topics that the metadata holds).
func missingTopics(seen Observation) (Step, Note) {
	step := Step{Name: "missing", Key: "topic"}
	missing := seen.MissingTopics
	switch {
	case len(missing) == 0:
		return step, Note{}
	case len(missing) <= missingNamed:
		return step, Note{Text: "not in the cluster and counting nothing: " + strings.Join(missing, ", ")}
	default:
		return step, Note{Text: fmt.Sprintf("not in the cluster and counting nothing: %s and %d more",
			strings.Join(missing[:missingNamed], ", "), len(missing)-missingNamed)}
	}
}
