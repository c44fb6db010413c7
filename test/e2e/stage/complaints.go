package stage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Complaints is what was said against a ScaledObject so far: warnings among its events and those of its HPA, each with the
// number of times, and errors in the log of KEDA's operator. What has left no trace adds nothing to them.
func (s *Scenario) Complaints(scaledObject string) []string {
	s.t.Helper()
	return append(s.warnings(scaledObject), s.operatorErrors(scaledObject)...)
}

func (s *Scenario) warnings(scaledObject string) []string {
	s.t.Helper()
	events, err := s.Client.CoreV1().Events(s.Namespace).List(s.t.Context(), metav1.ListOptions{FieldSelector: "type=Warning"})
	s.Fatal(err)
	var found []string
	for _, event := range events.Items {
		if about := event.InvolvedObject.Name; about != scaledObject && about != "keda-hpa-"+scaledObject || !isOfScaler(event.Message) {
			continue
		}
		times := event.Count
		if event.Series != nil {
			times = event.Series.Count
		}
		found = append(found, fmt.Sprintf("event %s of %s, %d times: %s", event.Reason, event.InvolvedObject.Name, times, event.Message))
	}
	slices.Sort(found)
	return found
}

// apiClient is in the stack of an error that KEDA has with the Kubernetes API, which on a busy machine answers late; that
// says nothing about a scaler.
const apiClient = "k8s.io/client-go/rest."

// streamEnded is what KEDA 2.16 logs of a push stream that was ended in order, before it opens the next one.
const streamEnded = `"logger":"external_push_scaler","msg":"error running internalRun"`

// overtaken is what Kubernetes says when KEDA and the HPA's controller have written to one object at once. Both try again.
const overtaken = "the object has been modified; please apply your changes to the latest version and try again"

// isOfScaler leaves out what is told as an error and says nothing about a scaler.
func isOfScaler(line string) bool {
	ended := strings.Contains(line, streamEnded) && strings.Contains(line, `"error":"EOF"`)
	return !ended && !strings.Contains(line, apiClient) && !strings.Contains(line, overtaken)
}

func (s *Scenario) operatorErrors(scaledObject string) []string {
	s.t.Helper()
	log, err := os.ReadFile(filepath.Join(s.Cluster.Logs(), "keda-operator.log"))
	s.Fatal(err)
	var found []string
	for line := range strings.Lines(string(log)) {
		about := strings.Contains(line, `"`+s.Namespace+`"`) && strings.Contains(line, `"`+scaledObject+`"`)
		if strings.HasPrefix(line, `{"level":"error"`) && about && isOfScaler(line) {
			found = append(found, "operator: "+strings.TrimSpace(line))
		}
	}
	return found
}
