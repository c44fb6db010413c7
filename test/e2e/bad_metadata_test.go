package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/realkafka"
)

// What is wrong with a trigger stands in "kubectl describe scaledobject", in words that name the thing to mend. Nobody else
// notices: a good trigger of the same ScaledObject scales it, and a good ScaledObject beside it hears of nothing. Once it is
// mended, it works.
func TestDescribeShowsTheCause(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	broker := s.OwnKafka(realkafka.Options{Secure: true})
	s.OwnLagwise(lagwise.Options{Config: "connections:\n" +
		connectionTo(t, broker, "right", realkafka.Password(realkafka.Admin)) + connectionTo(t, broker, "wrong", "not-the-password")})
	const partitions, bySibling, byBoth = 6, 3, 5
	payments, refunds, group := s.Topic("payments", partitions), s.Topic("refunds", partitions), s.Group("ledger")
	for partition := range int32(partitions) {
		s.Commit(group, payments, partition, 0)
		s.Commit(group, refunds, partition, 0)
	}
	s.Produce(payments, 0, 10*byBoth)
	s.Produce(refunds, 0, 10*bySibling)
	apply := func(name string, edits ...stage.Edit) {
		for trigger := range 2 {
			edits = append([]stage.Edit{
				stage.Set("right", "spec", "triggers", trigger, "metadata", "connection"),
				stage.Set(nil, "spec", "triggers", trigger, "metadata", "bootstrapServers"),
			}, edits...)
		}
		s.Apply("kafka-two-topics.yaml", append(edits, stage.Named(name))...)
	}
	metadata := func(key string, value any) stage.Edit {
		return stage.Set(value, "spec", "triggers", 0, "metadata", key)
	}

	broken := []struct {
		name string
		edit stage.Edit
		want string
	}{
		{"misspelt", metadata("lagThresold", "10"), `"lagThresold" is not a key; did you mean lagThreshold?`},
		{"missing", metadata("topic", "nowhere"), `topic "nowhere" does not exist, at right`},
		{"locked", metadata("connection", "wrong"), `authentication failed: connection wrong: `},
	}
	// The first of all answers waits for a connection, which on a busy machine takes longer than KEDA may wait.
	s.Deploy("first", stage.Pause())
	apply("first")
	s.Replicas("first").Reach(byBoth, stage.Patience)
	s.Deploy("good", stage.Pause())
	apply("good")
	for _, one := range broken {
		s.Deploy(one.name, stage.Pause())
		applied := time.Now()
		apply(one.name, one.edit)
		s.Eventually(stage.Patience, func() error {
			if said := s.Kubectl("describe", "scaledobject", one.name); !strings.Contains(said, one.want) {
				return fmt.Errorf("want %q in:\n%s", one.want, said)
			}
			return nil
		})
		s.Figure(one.name+": applied -> kubectl describe names the cause", time.Since(applied))
		s.Replicas(one.name).Reach(bySibling, stage.Patience)
	}

	good := s.Replicas("good")
	good.Reach(byBoth, stage.Patience)
	s.AwaitCondition("good", "Ready", "True")
	wantNoNewComplaints(t, s, "good", nil) // of the others' trouble
	for _, one := range broken {
		apply(one.name)
		s.Replicas(one.name).Reach(byBoth, stage.Patience)
		s.AwaitCondition(one.name, "Ready", "True")
	}
	if most := good.Most(); most != byBoth || good.Now().Wanted != byBoth {
		t.Errorf("the good ScaledObject was disturbed: %s", good)
	}
}

// connectionTo is a connection of lagwise's configuration, with a password that is right or not.
func connectionTo(t *testing.T, broker *stage.Kafka, name, password string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("  - name: %s\n    bootstrapServers: [%q]\n    sasl: {mechanism: SCRAM-SHA-512, username: %s, passwordFile: %q}\n",
		name, broker.SASLPlaintextAddress(), realkafka.Admin, file)
}
