//go:build kafka

package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/realkafka"
)

// login gives a user a password for SCRAM-SHA-512, in place of the one that it has.
func (o *operator) login(t *testing.T, user, password string) {
	t.Helper()
	result, err := o.admin.AlterUserScramCredentials(t.Context(), []kafka.UserScramCredentialUpsertion{{
		User: user, Password: []byte(password),
		ScramCredentialInfo: kafka.ScramCredentialInfo{Mechanism: kafka.ScramMechanismSHA512, Iterations: 4096},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for user, err := range result.Errors {
		if err.Code() != kafka.ErrNoError {
			t.Fatalf("password of %s: %v", user, err)
		}
	}
}

// askAll keeps asking about a trigger, and fails the test when it is ever told an error.
func (s *serving) askAll(t *testing.T, ref *pb.ScaledObjectRef) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	asking.Go(func() {
		for ctx.Err() == nil {
			if _, err := s.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: ref}); err != nil && ctx.Err() == nil {
				t.Errorf("no answer meanwhile: %v", err)
			}
		}
	})
	return func() {
		cancel()
		asking.Wait()
	}
}

// A mounted Secret changes before the broker knows of it. Its triggers are answered all the while, from fresh observations;
// nobody else's session is touched; and once the broker knows, the new password counts, for streams that were open before.
func TestRotation(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group, user := operator.topic(t, 1), fresh(t), fresh(t)
	operator.login(t, user, "first")
	for _, operation := range []kafka.ACLOperation{kafka.ACLOperationDescribe, kafka.ACLOperationRead} {
		operator.allow(t, "User:"+user, operation, kafka.ResourceTopic, topic)
	}
	operator.allow(t, "User:"+user, kafka.ACLOperationDescribe, kafka.ResourceGroup, group)
	operator.commit(t, group, topic, 0, 0)

	password := filepath.Join(t.TempDir(), "password")
	must(t, os.WriteFile(password, []byte("first"), 0o600))
	served := serve(t, fmt.Sprintf(`
{listen: 127.0.0.1:0, refreshInterval: 200ms, maxSnapshotAge: 15s, logFormat: json, connections: [
  {name: rotated, bootstrapServers: [%q], sasl: {mechanism: SCRAM-SHA-512, username: %q, passwordFile: %q}},
  {name: steady, bootstrapServers: [%q]}]}`, shared.SASLPlaintextAddress(), user, password, shared.Address()))
	by := func(connection string) *pb.ScaledObjectRef {
		return &pb.ScaledObjectRef{Namespace: "shop", Name: "worker", ScalerMetadata: map[string]string{
			"connection": connection, "consumerGroup": group, "topic": topic, "lagThreshold": "100",
		}}
	}
	for _, connection := range []string{"rotated", "steady"} {
		eventually(t, patience, func() error { return served.tells(t, by(connection), 0, false) })
		defer served.askAll(t, by(connection))()
	}
	stream, err := served.StreamIsActive(t.Context(), by("rotated"))
	must(t, err)

	must(t, os.WriteFile(password, []byte("second"), 0o600))
	served.says(t, "does not take the new credentials yet", "rotated")
	time.Sleep(16 * time.Second) // longer than an observation may serve
	operator.login(t, user, "second")
	served.says(t, "the credentials were exchanged", "rotated")

	operator.produce(t, topic, 0, 3)
	if pushed, err := stream.Recv(); err != nil || !pushed.GetResult() {
		t.Errorf("the stream says %v, %v after a record", pushed, err)
	}
	eventually(t, patience, func() error { return served.tells(t, by("rotated"), 3, true) })

	logged := served.logged.text()
	if strings.Contains(logged, "steady") || strings.Contains(logged, "second") {
		t.Errorf("another connection was touched, or a password logged:\n%s", logged)
	}
}

// What may use a connection, and where it leads, follows the file. A file that is wrong changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	operator := operatorOf(t, shared)
	topic, group := operator.topic(t, 1), fresh(t)
	operator.commit(t, group, topic, 0, 0)
	const settings = "{listen: '127.0.0.1:0', refreshInterval: 200ms, logFormat: json, allowedBrokers: [%s], connections: [%s]}"
	prod := fmt.Sprintf("{name: prod, bootstrapServers: [%q]}", shared.Address())
	served := serve(t, fmt.Sprintf(settings, "", ""))
	ref := func(metadata map[string]string) *pb.ScaledObjectRef {
		return &pb.ScaledObjectRef{Namespace: "shop", Name: "worker", ScalerMetadata: on(metadata, group, topic)}
	}
	named, direct := ref(map[string]string{"connection": "prod"}), ref(at(shared.Address()))
	refused := func(ref *pb.ScaledObjectRef, words string) func() error {
		return func() error {
			if _, err := served.IsActive(t.Context(), ref); status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), words) {
				return fmt.Errorf("want a refusal with %q, got %w", words, err)
			}
			return nil
		}
	}
	answered := func(ref *pb.ScaledObjectRef) func() error {
		return func() error { return served.tells(t, ref, 0, false) }
	}
	must(t, refused(named, "is not configured")())
	must(t, refused(direct, "allowedBrokers")())

	must(t, os.WriteFile(served.path, []byte(fmt.Sprintf(settings, "127.*", prod)), 0o600))
	eventually(t, patience, answered(named))
	eventually(t, patience, answered(direct))
	stream, err := served.StreamIsActive(t.Context(), named)
	must(t, err)

	must(t, os.WriteFile(served.path, []byte(fmt.Sprintf(settings, "127.*", "{name: prod}")), 0o600))
	served.says(t, "the old one stays", served.path+":1: connections[0] \\\"prod\\\": bootstrapServers: missing")
	must(t, answered(named)())
	must(t, os.WriteFile(served.path, []byte(fmt.Sprintf(settings, "kafka.*", "")), 0o600))
	must(t, served.process.Process.Signal(syscall.SIGHUP))
	eventually(t, patience, refused(named, "is not configured"))
	eventually(t, patience, refused(direct, "allowedBrokers"))
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the stream of a trigger whose connection is gone ended with %v, want EOF", err)
	}
	must(t, os.WriteFile(served.path, []byte(fmt.Sprintf(settings, "kafka.*", strings.ReplaceAll(prod, "prod", realkafka.Admin))), 0o600))
	served.says(t, "the configuration has changed", "connection "+realkafka.Admin)
}
