package gather

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
	"github.com/lagwise/lagwise/internal/manifest"
)

// Kubectl reads a cluster by the program kubectl, which knows every way to log in. Empty fields leave the choice to it.
type Kubectl struct {
	// Path is the program, "kubectl" unless given.
	Path                string
	Kubeconfig, Context string
}

// requestTimeout bounds one request; a whole list may take several.
const requestTimeout = 30 * time.Second

// get is all that is ever run: "kubectl get".
func (k Kubectl) get(ctx context.Context, what ...string) ([]byte, error) {
	path := k.Path
	if path == "" {
		path = "kubectl"
	}
	arguments := []string{"get", "--request-timeout=" + requestTimeout.String()}
	if k.Kubeconfig != "" {
		arguments = append(arguments, "--kubeconfig="+k.Kubeconfig)
	}
	if k.Context != "" {
		arguments = append(arguments, "--context="+k.Context)
	}
	command := exec.CommandContext(ctx, path, append(arguments, what...)...) //nolint:gosec // the user's own kubectl; no shell takes its arguments apart
	command.WaitDelay = time.Second
	var said, complained bytes.Buffer
	command.Stdout, command.Stderr = &said, &complained
	err := command.Run()
	switch complaint := lastLine(complained.String()); {
	case err == nil:
		return said.Bytes(), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("kubectl is not there: install it, or name it with --kubectl")
	case complaint != "":
		return nil, errors.New(complaint)
	default:
		return nil, fmt.Errorf("running kubectl: %w", err)
	}
}

// lastLine is where kubectl says what went wrong, after warnings.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// workloads reads all ScaledObjects and ScaledJobs, of one namespace or of all.
func (k Kubectl) workloads(ctx context.Context, namespace string) ([]manifest.Workload, map[audit.Owner]audit.State, error) {
	where := "--all-namespaces"
	if namespace != "" {
		where = "--namespace=" + namespace
	}
	list, err := k.get(ctx, "scaledobjects.keda.sh,scaledjobs.keda.sh", where, "--output=json")
	if err != nil {
		return nil, nil, fmt.Errorf("reading ScaledObjects and ScaledJobs: %w", err)
	}
	workloads, err := manifest.Read("the cluster", bytes.NewReader(list))
	if err != nil {
		return nil, nil, fmt.Errorf("reading ScaledObjects and ScaledJobs: %w", err)
	}
	states, err := audit.States(list)
	return workloads, states, err
}

// answer is KEDA's number for a trigger, or why there is none.
func (k Kubectl) answer(ctx context.Context, s audit.Subject) audit.Answer {
	question := s.Question()
	answer := audit.Answer{Active: s.Active(), Why: question.Why}
	var value float64
	var said []byte
	var err error
	switch {
	case question.Path != "":
		if said, err = k.get(ctx, "--raw", question.Path); err == nil {
			value, err = audit.MetricOf(said)
		}
	case question.HPA != "":
		answer.Late = true
		if said, err = k.get(ctx, "horizontalpodautoscalers.v2.autoscaling", "--namespace="+s.Namespace, "--output=json", "--", question.HPA); err == nil {
			value, answer.Exact, err = audit.HPAMetricOf(said, question.Metric)
		}
	default:
		return answer
	}
	answer.At = time.Now()
	if err != nil {
		answer.Why = err.Error()
		return answer
	}
	answer.Value = &value
	return answer
}
