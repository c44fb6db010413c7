// Lab runs lagwise with many triggers on a real Kafka, for a browser that looks at its page. It prints the page's address,
// then takes orders on its standard input: "burst N" puts N records into the topic of trigger shop/orders. It ends with its input.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/test/process"
)

func main() {
	path := flag.String("lagwise", "bin/lagwise", "the program")
	triggers := flag.Int("triggers", 1000, "how many")
	course := flag.Bool("course", false, "let work come and go by itself")
	flag.Parse()
	if err := run(*path, *triggers, *course); err != nil {
		log.Fatal(err)
	}
}

func run(path string, triggers int, course bool) error {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	starting, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	b, err := startBroker(starting)
	if err != nil {
		return err
	}
	defer func() { _ = b.Stop() }() // its folder is all that could be left
	lagwise, addresses, err := start(path)
	if err != nil {
		return err
	}
	defer lagwise.Kill()
	connection, err := grpc.NewClient(addresses["lagwise answers KEDA"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connecting to lagwise: %w", err)
	}
	var streams sync.WaitGroup
	for _, ref := range references(b.Address(), triggers) {
		streams.Go(func() { follow(ctx, pb.NewExternalScalerClient(connection), ref) })
	}
	if course {
		streams.Go(func() { b.comeAndGo(ctx) })
	}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]string{"page": "http://" + addresses["status page"]}); err != nil {
		return fmt.Errorf("telling the address: %w", err)
	}
	err = b.obey(os.Stdin)
	stop()
	streams.Wait()
	return err
}

// start runs lagwise, and gives the addresses that it logs.
func start(path string) (*process.Process, map[string]string, error) {
	addresses := map[string]string{}
	lagwise, err := process.Start(process.Program{
		Path: path, Args: []string{
			"serve", "--listen=127.0.0.1:0", "--http.listen=", "--health.listen=", "--page.listen=127.0.0.1:0", "--refreshInterval=1s", "--logFormat=json",
		},
		Ready: func(text string) bool {
			var line struct{ Msg, Address string }
			if json.Unmarshal([]byte(text), &line) == nil && line.Address != "" {
				addresses[line.Msg] = line.Address
			}
			return line.Msg == "status page"
		},
	})
	if err != nil {
		return nil, nil, err
	}
	patience, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := lagwise.AwaitReady(patience); err != nil {
		lagwise.Kill()
		return nil, nil, err
	}
	return lagwise, addresses, nil
}

// references are triggers of all kinds; shop/orders is the one with the topic of its own.
func references(address string, triggers int) []*pb.ScaledObjectRef {
	named := func(namespace, name string, metadata map[string]string) *pb.ScaledObjectRef {
		return &pb.ScaledObjectRef{Namespace: namespace, Name: name, ScalerMetadata: metadata}
	}
	refs := []*pb.ScaledObjectRef{
		named("shop", "orders", map[string]string{
			"bootstrapServers": address, "consumerGroup": ordersGroup, "topic": ordersTopic, "lagThreshold": "50", "activationLagThreshold": "5",
		}),
		named("shop", "nightly-report", map[string]string{
			"scaler": "cron", "timezone": "Europe/Berlin", "start": "0 20 * * *", "end": "0 6 * * *", "desiredReplicas": "4",
		}),
		named("billing", "invoices", map[string]string{"bootstrapServers": "127.0.0.1:1", "consumerGroup": "invoices", "topic": "invoices"}),
		named("billing", "misspelt", map[string]string{"bootstrapServers": address, "consumerGroup": "g", "topic": "t", "lagTreshold": "5"}),
	}
	for i := len(refs); i < triggers; i++ {
		namespace := []string{"shop", "billing", "search", "warehouse"}[i%4]
		metadata := map[string]string{
			"bootstrapServers": address, "consumerGroup": groupName(i % groups), "topic": topicName(i % topics), "lagThreshold": fmt.Sprint(5 * (1 + i%7)),
		}
		if i%3 == 0 {
			metadata["offsetResetPolicy"] = "earliest"
		}
		refs = append(refs, named(namespace, fmt.Sprintf("worker-%04d", i), metadata))
	}
	return refs
}

// follow asks as KEDA does: a poll now and then, and a stream that is opened again when it ends.
func follow(ctx context.Context, client pb.ExternalScalerClient, ref *pb.ScaledObjectRef) {
	for ctx.Err() == nil {
		_, _ = client.IsActive(ctx, ref)
		stream, err := client.StreamIsActive(ctx, ref)
		for err == nil {
			_, err = stream.Recv()
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
		}
	}
}

// obey takes orders until there are no more.
func (b *broker) obey(from io.Reader) error {
	orders := bufio.NewScanner(from)
	for orders.Scan() {
		var records int
		if _, err := fmt.Sscanf(strings.TrimSpace(orders.Text()), "burst %d", &records); err != nil {
			return fmt.Errorf("%q is no order: %w", orders.Text(), err)
		}
		if err := b.produce(ordersTopic, records); err != nil {
			return err
		}
	}
	return orders.Err() //nolint:wrapcheck // a closed input, or one that cannot be read
}
