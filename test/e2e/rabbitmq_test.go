package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// withRabbit starts a RabbitMQ with empty queues, and a lagwise that knows it as "rabbit". The channel is for filling the queues.
func withRabbit(t *testing.T, s *stage.Scenario, queues ...string) (*realrabbit.Broker, *amqp.Channel) {
	t.Helper()
	rabbit, channel := startRabbit(t, s, queues...)
	password := filepath.Join(t.TempDir(), "password")
	s.Fatal(os.WriteFile(password, []byte(realrabbit.Password+"\n"), 0o600))
	s.OwnLagwise(lagwise.Options{Config: fmt.Sprintf(
		"connections: [{name: rabbit, type: rabbitmq, amqp: 'amqp://%s', management: 'http://%s', username: %s, passwordFile: %q}]\n",
		rabbit.Address(), rabbit.ManagementAddress(), realrabbit.User, password)})
	return rabbit, channel
}

// startRabbit starts a RabbitMQ with empty queues.
func startRabbit(t *testing.T, s *stage.Scenario, queues ...string) (*realrabbit.Broker, *amqp.Channel) {
	t.Helper()
	rabbit, err := realrabbit.Start(t.Context(), realrabbit.Options{})
	s.Fatal(err)
	t.Cleanup(func() {
		if err := rabbit.Stop(); err != nil {
			t.Error(err)
		}
	})
	connection, err := amqp.Dial(rabbit.URL("/"))
	s.Fatal(err)
	t.Cleanup(func() { _ = connection.Close() })
	channel, err := connection.Channel()
	s.Fatal(err)
	for _, queue := range queues {
		_, err := channel.QueueDeclare(queue, true, false, false, false, nil)
		s.Fatal(err)
	}
	return rabbit, channel
}

func send(t *testing.T, s *stage.Scenario, channel *amqp.Channel, queue string, n int) {
	t.Helper()
	for range n {
		s.Fatal(channel.PublishWithContext(t.Context(), "", queue, false, false, amqp.Publishing{Body: []byte("message")}))
	}
}

// Workers of a queue of requests to grade, between four and five of them, one for each 40 that wait.
func TestWorkersOfARabbitMQQueue(t *testing.T) {
	t.Parallel()
	const queue = "grading.omr-request"
	s := shared.Scenario(t)
	_, channel := withRabbit(t, s, queue)
	s.Deploy("grading-svc", stage.Pause())
	replicas := s.Replicas("grading-svc")
	s.Apply("rabbitmq-queue.yaml", stage.Set(5, "spec", "pollingInterval"),
		stage.Set(0, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown", "stabilizationWindowSeconds"))
	s.AwaitCondition("grading-svc", "Ready", "True")
	replicas.Reach(4, stage.Patience)
	send(t, s, channel, queue, 200)
	replicas.Reach(5, stage.Patience)
	_, err := channel.QueuePurge(queue, false)
	s.Fatal(err)
	replicas.Reach(4, stage.Patience)
}

// A message wakes a Deployment at zero at once, and what a worker holds unacknowledged keeps it awake.
func TestAMessageOfRabbitMQWakesASleeper(t *testing.T) {
	t.Parallel()
	const queue = "invoices"
	s := shared.Scenario(t)
	_, channel := withRabbit(t, s, queue)
	s.Deploy(queue, stage.Pause())
	s.Apply("rabbitmq-push.yaml", stage.Set(5, "spec", "pollingInterval"), stage.Set(20, "spec", "cooldownPeriod"))
	s.AwaitCondition(queue, "Ready", "True")
	replicas := s.Replicas(queue)
	began := time.Now()
	send(t, s, channel, queue, 1)
	took := replicas.Reach(1, stage.Patience).At.Sub(began)
	s.Figure("message of RabbitMQ -> Deployment at 1", round(took))
	message, found, err := channel.Get(queue, false)
	if err != nil || !found {
		t.Fatalf("the message is gone: %t, %v", found, err)
	}
	s.Hold(45*time.Second, func() error { // longer than cooldownPeriod, a poll and the age of the broker's statistics
		if now := replicas.Now(); now.Wanted < 1 {
			return fmt.Errorf("%d replicas while a message is unacknowledged", now.Wanted)
		}
		return nil
	})
	s.Fatal(message.Ack(false))
	replicas.Reach(0, stage.Patience)
}

// The HPA takes the larger of what the queue and what cpu ask for. A worker that holds the last message counts as long as it works on
// it; cpu alone does not keep anybody awake, whatever is burnt.
func TestRabbitMQAndCPU(t *testing.T) {
	t.Parallel()
	const queue = "thumbnails"
	s := shared.Scenario(t)
	_, channel := withRabbit(t, s, queue)
	s.Deploy(queue, stage.Pause().Requesting("100m"))
	s.Burn(queue, "20m")
	s.Apply("rabbitmq-and-cpu.yaml", stage.Set(5, "spec", "pollingInterval"), stage.Set(10, "spec", "cooldownPeriod"))
	s.AwaitCondition(queue, "Ready", "True")
	replicas := s.Replicas(queue)
	send(t, s, channel, queue, 1)
	replicas.Reach(1, stage.Patience)
	message, found, err := channel.Get(queue, false)
	if err != nil || !found {
		t.Fatalf("the message is gone: %t, %v", found, err)
	}

	began := time.Now()
	s.Burn(queue, "270m")
	s.Figure("cpu -> Deployment at 4", round(replicas.Reach(4, stage.Patience).At.Sub(began))) // 270m by 70 % of 100m
	s.Eventually(stage.Patience, seesCPUAndExternal(s, queue))
	send(t, s, channel, queue, 239)
	replicas.Reach(6, stage.Patience) // 240 by 40
	_, err = channel.QueuePurge(queue, false)
	s.Fatal(err)
	replicas.Reach(4, stage.Patience)
	s.Burn(queue, "20m")
	replicas.Reach(1, stage.Patience)
	s.Burn(queue, "270m")
	replicas.Reach(4, stage.Patience)
	s.Fatal(message.Ack(false))
	replicas.Reach(0, stage.Patience)
	if most := replicas.Most(); most != 6 {
		t.Errorf("want no more than the larger of 4 and 6 replicas, got %d: %s", most, replicas)
	}
}

// seesCPUAndExternal complains until the HPA has a figure of both.
func seesCPUAndExternal(s *stage.Scenario, scaledObject string) func() error {
	return func() error {
		hpa, err := s.HPA(scaledObject)
		if err != nil {
			return err
		}
		var cpu, external bool
		for _, metric := range hpa.Status.CurrentMetrics {
			cpu = cpu || metric.Resource != nil && metric.Resource.Current.AverageUtilization != nil
			external = external || metric.External != nil && metric.External.Current.AverageValue != nil
		}
		if !cpu || !external {
			return fmt.Errorf("want figures of cpu and of lagwise's trigger, the HPA has %v", hpa.Status.CurrentMetrics)
		}
		return nil
	}
}
