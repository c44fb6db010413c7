package e2e_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/names"
	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/loopback"
)

// Two replicas of lagwise behind one name are replaced one after the other, as Kubernetes does it: KEDA and the HPA notice
// nothing, and no activation is lost. Then one crashes, and at last both are gone for a while: replicas stay as they are.
func TestReplicasOfLagwise(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	replicas := newReplicaSet(t, s)
	first, second := replicas.add(), replicas.add()

	atTwo(s, "receipts", "kafka-polled-zero.yaml", 10, stage.Set(1, "spec", "pollingInterval"), longCoolDown())
	sleepy := asleep(s, "sleepy", stage.Set(10, "spec", "pollingInterval"))
	var onRoll [2][]*dormant // three for each replica that goes, so that some of their streams are on it
	for step := range onRoll {
		for i := range 3 {
			onRoll[step] = append(onRoll[step], asleep(s, fmt.Sprintf("rolled-%d-%d", step, i)))
		}
	}
	onCrash := asleep(s, "crashed")
	s.Eventually(stage.Patience, func() error { return scalingActiveSince(s, "receipts", time.Now()) })
	began, before := time.Now(), s.Complaints("receipts")

	third := replicas.add()
	replicas.remove(first)
	wakeAll(t, s, "replica replaced, record -> Deployment at 1", onRoll[0])
	fourth := replicas.add()
	// KEDA's gRPC client learned only when the first one went that there is a third, and not sooner than 30 s after it had
	// asked for the name before.
	<-time.After(minReady(t))
	replicas.remove(second)
	wakeAll(t, s, "next one replaced, record -> Deployment at 1", onRoll[1])
	wantStill(t, s, "receipts", 2, began)
	wantNoNewComplaints(t, s, "receipts", before)
	for _, rolled := range slices.Concat(onRoll[0], onRoll[1]) {
		wantNoNewComplaints(t, s, rolled.name, nil)
	}
	if err := scalingActiveSince(s, "receipts", began); err != nil {
		t.Error(err)
	}

	third.Kill()
	onCrash.knock()
	s.Figure("replica crashed, record -> Deployment at 1", onCrash.woke())
	wantStill(t, s, "receipts", 2, began)

	fourth.Kill()
	sleepy.knock()
	s.AwaitCondition("receipts", "Ready", "False")
	<-time.After(20 * time.Second) // twenty polls that fail
	wantStill(t, s, "receipts", 2, began)
	wantStill(t, s, "sleepy", 0, began)
	if err := errors.Join(third.Restart(s.Context()), fourth.Restart(s.Context())); err != nil {
		t.Fatal(err)
	}
	back := time.Now()
	woken := s.Replicas("sleepy").Reach(1, stage.Patience).At.Sub(back)
	s.Figure("all replicas back -> Deployment at 1, at pollingInterval 10", woken)
	s.AwaitCondition("receipts", "Ready", "True")
	wantStill(t, s, "receipts", 2, began)
}

// replicaSet is a headless Service and the instances of lagwise behind it.
type replicaSet struct {
	t        *testing.T
	scenario *stage.Scenario
	dns      *names.Server
	port     int
	started  int
	ready    []*lagwise.Instance
}

const serviceName = "lagwise.keda.svc"

func newReplicaSet(t *testing.T, s *stage.Scenario) *replicaSet {
	t.Helper()
	dns, err := names.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := dns.Stop(); err != nil {
			t.Error(err)
		}
	})
	free, err := loopback.Ports(1)
	if err != nil {
		t.Fatal(err)
	}
	s.ScalerAddress = dns.Target(serviceName, free[0])
	return &replicaSet{t: t, scenario: s, dns: dns, port: free[0]}
}

// add starts a replica, which the name stands for once it is ready.
func (r *replicaSet) add() *lagwise.Instance {
	r.t.Helper()
	r.started++
	own := netip.AddrFrom4([4]byte{127, 0, 1, byte(r.started)})
	instance := r.scenario.AnotherLagwise(fmt.Sprintf("replica-%d", r.started), lagwise.Options{
		Address: netip.AddrPortFrom(own, uint16(r.port)).String(),
		Args:    []string{"--refreshInterval=1s", "--maxSnapshotAge=15s"}, // a busy machine needs as much
	})
	r.ready = append(r.ready, instance)
	r.announce()
	return instance
}

// remove takes the oldest replica from behind the name, and stops it.
func (r *replicaSet) remove(oldest *lagwise.Instance) {
	r.t.Helper()
	if r.ready[0] != oldest {
		r.t.Fatal("replicas go in the order in which they came")
	}
	r.ready = r.ready[1:]
	r.announce()
	began := time.Now()
	oldest.Stop()
	r.scenario.Figure("SIGTERM -> replica gone", time.Since(began))
}

func (r *replicaSet) announce() {
	var addresses []netip.Addr
	for _, instance := range r.ready {
		addresses = append(addresses, netip.MustParseAddrPort(instance.Address()).Addr())
	}
	r.dns.Set(serviceName, addresses...)
}

// minReady is how long Kubernetes waits after a replica is ready, before it goes on, with the manifests that users install.
func minReady(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "manifests", "base", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var deployment appsv1.Deployment
	if err := yaml.Unmarshal(text, &deployment); err != nil {
		t.Fatal(err)
	}
	return time.Duration(deployment.Spec.MinReadySeconds) * time.Second
}

func wakeAll(t *testing.T, s *stage.Scenario, what string, all []*dormant) {
	t.Helper()
	for _, sleeping := range all {
		sleeping.knock()
	}
	longest := time.Duration(0)
	for _, sleeping := range all {
		longest = max(longest, sleeping.woke())
	}
	s.Figure(what, longest)
}

// scalingActiveSince says what the HPA has against its metric, or had since.
func scalingActiveSince(s *stage.Scenario, scaledObject string, since time.Time) error {
	hpa, err := s.HPA(scaledObject)
	if err != nil {
		return err
	}
	for _, condition := range hpa.Status.Conditions {
		if condition.Type != autoscalingv2.ScalingActive {
			continue
		}
		if condition.Status != corev1.ConditionTrue || condition.LastTransitionTime.After(since) {
			return fmt.Errorf("the HPA's ScalingActive is %s since %s: %s", condition.Status, condition.LastTransitionTime, condition.Message)
		}
		return nil
	}
	return errors.New("the HPA has no condition ScalingActive yet")
}
