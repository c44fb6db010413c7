// Package budget_test holds the program to the memory that the chart asks for: under a fleet of honest triggers, at clusters of many
// brokers, and under what a hostile tenant can do through KEDA.
package budget_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/process"
)

const (
	// containerMiB is the memory limit of the chart, of which Go gets seven tenths. Resident memory is held to it: the limit of a
	// container does not count the program's own pages, so it is kinder.
	containerMiB = 100
	memoryLimit  = "GOMEMLIMIT=70MiB"
	// The honest fleet: push triggers with a group each, in so many namespaces, on topics of three partitions.
	honest, namespaces, topics, partitions = 1000, 10, 200, 3
	maxThreads                             = 600
)

// program is lagwise in a process of its own.
type program struct {
	*process.Process
	address string
}

func start(t *testing.T) program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "lagwise")
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "grpcnotrace", "-o", binary, "../../cmd/lagwise")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	ports, err := loopback.Ports(1)
	if err != nil {
		t.Fatal(err)
	}
	address := loopback.Address(ports[0])
	p, err := process.Start(process.Program{
		Path: binary, Args: []string{"serve", "--listen", address, "--http.listen", "", "--health.listen", "", "--page.listen", "", "--allowedBrokers", "*", "--logLevel", "error"},
		Env: []string{memoryLimit}, Log: filepath.Join(t.TempDir(), "log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(20 * time.Second) })
	return program{p, address}
}

func (p program) client(t *testing.T) pb.ExternalScalerClient {
	t.Helper()
	connection, err := grpc.NewClient(p.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return pb.NewExternalScalerClient(connection)
}

// figure reads one line of the process's status, such as VmHWM, its peak of resident memory.
func (p program) figure(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			number, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return number
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

func (p program) checkSize(t *testing.T, when string) {
	t.Helper()
	peak, now, threads := p.figure(t, "VmHWM")/1024, p.figure(t, "VmRSS")/1024, p.figure(t, "Threads")
	t.Logf("%s: %d MiB resident, %d at most, %d threads", when, now, peak, threads)
	if peak > containerMiB || threads > maxThreads {
		t.Errorf("%s: %d MiB resident at most, %d threads", when, peak, threads)
	}
}

// fleet is a Kafka cluster of fake brokers, and the honest triggers on it, each with its streams open.
type fleet struct {
	servers  string
	producer *kgo.Client
	streams  []grpc.ServerStreamingClient[pb.IsActiveResponse]
}

func startFleet(t *testing.T, p program, brokers int) *fleet {
	t.Helper()
	seeds := []kfake.Opt{kfake.NumBrokers(brokers)}
	for i := range topics {
		seeds = append(seeds, kfake.SeedTopics(partitions, topicName(i)))
	}
	cluster, err := kfake.NewCluster(seeds...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	producer, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	admin := kadm.NewClient(producer)
	for i := range honest {
		offsets := kadm.Offsets{}
		for id := range int32(partitions) {
			offsets.AddOffset(topicName(i%topics), id, 0, -1)
		}
		if err := admin.CommitAllOffsets(t.Context(), fmt.Sprintf("group-%d", i), offsets); err != nil {
			t.Fatal(err)
		}
	}
	f := &fleet{servers: strings.Join(cluster.ListenAddrs()[:3], ","), producer: producer}
	client := p.client(t)
	for i := range honest {
		stream, err := client.StreamIsActive(t.Context(), f.trigger(i))
		if err != nil {
			t.Fatal(err)
		}
		f.streams = append(f.streams, stream)
		specs, err := client.StreamMetricSpec(t.Context(), f.trigger(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := specs.Recv(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range honest {
		f.await(t, client, i)
	}
	return f
}

func topicName(i int) string { return fmt.Sprintf("topic-%d", i) }

func (f *fleet) trigger(i int) *pb.ScaledObjectRef {
	return &pb.ScaledObjectRef{
		Namespace: fmt.Sprintf("team-%d", i%namespaces), Name: fmt.Sprintf("worker-%d", i),
		ScalerMetadata: map[string]string{"bootstrapServers": f.servers, "consumerGroup": fmt.Sprintf("group-%d", i), "topic": topicName(i % topics)},
	}
}

// await asks until the trigger is answered.
func (f *fleet) await(t *testing.T, client pb.ExternalScalerClient, i int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		answer, err := client.IsActive(t.Context(), f.trigger(i))
		if err == nil && !answer.GetResult() {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("trigger %d: %v, %v", i, answer, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// ask asks about every trigger, one after the other, until ctx ends, and holds the answers to being right and in time. KEDA has two
// seconds for pushes while it waits for an answer.
func (f *fleet) ask(ctx context.Context, t *testing.T, client pb.ExternalScalerClient) (answered int) {
	t.Helper()
	for i := 0; ctx.Err() == nil; i = (i + 1) % honest {
		asking, cancel := context.WithTimeout(ctx, 2*time.Second)
		answer, err := client.IsActive(asking, f.trigger(i))
		cancel()
		if ctx.Err() == nil && (err != nil || answer.GetResult()) {
			t.Errorf("honest trigger %d: %v, %v", i, answer, err)
			return answered
		}
		answered++
		time.Sleep(time.Millisecond)
	}
	return answered
}

// wantPush has a record come on the last topic, whose triggers are to be told.
func (f *fleet) wantPush(t *testing.T) {
	t.Helper()
	pushed := make(chan error)
	for i := topics - 1; i < honest; i += topics {
		go func() {
			_, err := f.streams[i].Recv()
			pushed <- err
		}()
	}
	if err := f.producer.ProduceSync(t.Context(), &kgo.Record{Topic: topicName(topics - 1), Partition: partitions - 1}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	late := time.After(10 * time.Second)
	for range honest / topics {
		select {
		case err := <-pushed:
			if err != nil {
				t.Error(err)
			}
		case <-late:
			t.Fatal("a record was not pushed")
		}
	}
}

func TestManyBrokersCostLittle(t *testing.T) {
	for _, brokers := range []int{3, 30, 200} {
		t.Run(fmt.Sprint(brokers), func(t *testing.T) {
			p := start(t)
			f := startFleet(t, p, brokers)
			f.wantPush(t)
			p.checkSize(t, fmt.Sprintf("%d push triggers at %d brokers", honest, brokers))
		})
	}
}

// attacks are what a tenant can have KEDA ask, one call each, and the limit that the tenant is to be told of.
func attacks() map[string]func(i int) *pb.ScaledObjectRef {
	trigger := func(i int, metadata map[string]string) *pb.ScaledObjectRef {
		all := map[string]string{"consumerGroup": "g", "topic": "t", "bootstrapServers": "127.0.0.1:1"}
		maps.Copy(all, metadata)
		return &pb.ScaledObjectRef{Namespace: "hostile", Name: fmt.Sprintf("trigger-%d", i), ScalerMetadata: all}
	}
	invented := func(i int) string {
		var servers []string
		for j := range 10 {
			servers = append(servers, fmt.Sprintf("broker-%d-%d.nowhere.svc:9092", i, j))
		}
		return strings.Join(servers, ",")
	}
	return map[string]func(i int) *pb.ScaledObjectRef{
		"limits.sessions: invented brokers": func(i int) *pb.ScaledObjectRef {
			return trigger(i, map[string]string{"bootstrapServers": invented(i)})
		},
		"limits.sessions: dead brokers": func(i int) *pb.ScaledObjectRef {
			return trigger(i, map[string]string{"bootstrapServers": fmt.Sprintf("127.0.%d.%d:1", i/250, 1+i%250)})
		},
		"limits.metadataBytes: long metadata": func(i int) *pb.ScaledObjectRef {
			return trigger(i, map[string]string{"topic": strings.Repeat("x", 16_000), "lagThreshold": strconv.Itoa(i + 1)})
		},
		"limits.triggers: many triggers": func(i int) *pb.ScaledObjectRef {
			return trigger(i, map[string]string{"lagThreshold": strconv.Itoa(i + 1)})
		},
	}
}

func TestAHostileTenantTakesNothingFromTheOthers(t *testing.T) {
	p := start(t)
	f := startFleet(t, p, 3)
	p.checkSize(t, "before")

	ctx, stop := context.WithCancel(t.Context())
	var beside, attacking sync.WaitGroup
	var answered atomic.Int64
	asking := p.client(t)
	beside.Go(func() { answered.Store(int64(f.ask(ctx, t, asking))) })
	for name, attack := range attacks() {
		attacker := p.client(t)
		attacking.Go(func() {
			const each = 4100
			refused := 0
			for i := range each {
				calling, cancel := context.WithTimeout(ctx, 10*time.Second)
				_, err := attacker.GetMetricSpec(calling, attack(i))
				cancel()
				if status.Code(err) == codes.ResourceExhausted {
					refused++
				}
			}
			if refused < each/4 {
				t.Errorf("%s: %d of %d calls were refused", name, refused, each)
			}
		})
	}
	streamer := p.client(t)
	attacking.Go(func() { openStreams(ctx, t, streamer, f) })
	attacking.Wait()
	p.checkSize(t, "under attack")
	f.wantPush(t)
	stop()
	beside.Wait()
	if answered.Load() < honest {
		t.Errorf("%d honest questions were answered", answered.Load())
	}
	t.Logf("%d honest questions were answered meanwhile", answered.Load())
}

// openStreams opens as many streams as a client can, on one connection, and leaves them open.
func openStreams(ctx context.Context, t *testing.T, client pb.ExternalScalerClient, f *fleet) {
	t.Helper()
	refused := 0
	for i := range 20_000 {
		trigger := f.trigger(i % honest)
		trigger.Namespace = "hostile"
		opening, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		stream, err := client.StreamMetricSpec(ctx, trigger)
		if err == nil {
			received := make(chan error, 1)
			go func() {
				_, err := stream.Recv()
				received <- err
			}()
			select {
			case err = <-received:
			case <-opening.Done():
				err = opening.Err()
			}
		}
		cancel()
		if err != nil {
			refused++
		}
		if refused > 100 {
			break
		}
	}
	if refused == 0 {
		t.Error("streams without end")
	}
}
