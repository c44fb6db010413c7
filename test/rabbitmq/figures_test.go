//go:build rabbitmq

package rabbitmq_test

import (
	"strings"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// By AMQP ready messages count; by HTTP the unacknowledged ones as well, unless the trigger says otherwise.
func TestWhatCounts(t *testing.T) {
	t.Parallel()
	l := newLabWith(t, shared, patientOptions())
	queue := l.queue()
	l.publish(queue, 7)
	for range 3 { // delivered, and never acknowledged
		if _, found, err := l.channel.Get(queue, false); err != nil || !found {
			t.Fatal(found, err)
		}
	}
	byAMQP := l.scaler("queueName", queue, "protocol", "amqp")
	byHTTP := l.scaler("queueName", queue, "protocol", "http")
	ready := l.scaler("queueName", queue, "protocol", "http", "excludeUnacknowledged", "true")
	l.eventuallyValue(byAMQP, 4)
	l.eventuallyValue(byHTTP, 7)
	l.eventuallyValue(ready, 4)

	detail, err := scalers.DetailOf(t.Context(), byHTTP)
	if err != nil || len(detail.Parts) != 1 {
		t.Fatal(detail, err)
	}
	part := detail.Parts[0]
	if part.Name != queue || part.Left != 7 || part.Figures[0].Value != 4 || part.Figures[1].Value != 3 || !part.Figures[1].Known {
		t.Errorf("shown: %+v", part)
	}
	detail, err = scalers.DetailOf(t.Context(), byAMQP)
	if err != nil || detail.Parts[0].Figures[1].Known {
		t.Errorf("AMQP knows of unacknowledged messages: %+v, %v", detail, err)
	}
}

// A URL of the workload's environment works as it does in KEDA.
func TestHostsFromTheEnvironment(t *testing.T) {
	t.Parallel()
	l := newLab(t, shared)
	queue := l.queue()
	l.publish(queue, 2)
	l.eventuallyValue(l.scaler("queueName", queue, "hostFromEnv", shared.URL("/")), 2)
	l.eventuallyValue(l.scaler("queueName", queue, "hostFromEnv", shared.ManagementURL()), 2)
	l.eventuallyValue(l.scaler("queueName", queue, "hostFromEnv", shared.ManagementURL()+"/%2F"), 2)
	l.eventuallyValue(l.scaler("queueName", queue, "hostFromEnv", "amqp://"+shared.Address()+"/nowhere", "vhostName", "/",
		"usernameFromEnv", "guest", "passwordFromEnv", "guest"), 2)
}

// Looking takes nothing and touches nothing: messages stay in their order, and none has been delivered before.
func TestMessagesAreLeftAlone(t *testing.T) {
	t.Parallel()
	l := newLab(t, shared)
	queue := l.queue()
	seen := l.follow(l.scaler("queueName", queue, "protocol", "amqp", "activationValue", "100"))
	l.becomes(seen, false)
	for i := range 50 {
		if err := l.channel.PublishWithContext(t.Context(), "", queue, false, false, amqp.Publishing{Body: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	for e := l.becomes(seen, false); e.Value != 50; e = l.becomes(seen, false) { //nolint:revive // nothing else is to be done
	}
	for i := range 50 {
		message, found, err := l.channel.Get(queue, true)
		if err != nil || !found || message.Redelivered || message.Body[0] != byte(i) {
			t.Fatalf("message %d: found %t, redelivered %t, %v, %v", i, found, message.Redelivered, message.Body, err)
		}
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	t.Parallel()
	l := newLab(t, shared)
	queue := l.queue()
	for name, test := range map[string]struct {
		pairs []string
		cause scalers.Cause
		words string
	}{
		"no queue by AMQP":    {[]string{"queueName", "nowhere", "protocol", "amqp"}, scalers.CauseNotFound, `no queue 'nowhere'`},
		"no queue by HTTP":    {[]string{"queueName", "nowhere", "protocol", "http"}, scalers.CauseNotFound, `404`},
		"no vhost by AMQP":    {[]string{"queueName", queue, "protocol", "amqp", "vhostName", "none"}, scalers.CauseUnauthenticated, "vhost"},
		"no vhost by HTTP":    {[]string{"queueName", queue, "protocol", "http", "vhostName", "none"}, scalers.CauseNotFound, `404`},
		"no stranger by AMQP": {[]string{"queueName", queue, "protocol", "amqp", "connection", "stranger"}, scalers.CauseUnauthenticated, "username or password"},
		"no stranger by HTTP": {[]string{"queueName", queue, "protocol", "http", "connection", "stranger"}, scalers.CauseUnauthenticated, "401"},
		"nobody there":        {[]string{"queueName", queue, "hostFromEnv", "amqp://guest:hunter2@127.0.0.1:1/"}, scalers.CauseUnreachable, "refused"},
		"nobody there, HTTP":  {[]string{"queueName", queue, "hostFromEnv", "http://guest:hunter2@127.0.0.1:1/"}, scalers.CauseUnreachable, "refused"},
		"no AMQP there":       {[]string{"queueName", queue, "hostFromEnv", "amqp://guest:hunter2@" + shared.ManagementAddress()}, 0, ""},
		"no HTTP there":       {[]string{"queueName", queue, "hostFromEnv", "http://guest:hunter2@" + shared.Address()}, 0, ""},
		"no such pattern":     {[]string{"queueName", "(", "protocol", "http", "useRegex", "true"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := *l
			l.t = t
			l.eventually(l.scaler(test.pairs...), func(e scalers.Evaluation, err error) bool {
				if err == nil {
					t.Fatalf("answered with %+v", e)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("a password is repeated: %v", err)
				}
				cause, _ := scalers.CauseOf(err) // a busy broker is first said to have taken too long
				return cause != 0 && (test.cause == 0 || cause == test.cause) && strings.Contains(err.Error(), test.words)
			})
		})
	}
}

// Of a host that a trigger names by itself, and that allowedBrokers does not list, callers read what RabbitMQ itself says, by either
// protocol: it proves that a broker is there.
func TestWhatABrokerSaysIsForCallers(t *testing.T) {
	t.Parallel()
	l := newLab(t, shared)
	queue := l.queue()
	login := realrabbit.User + ":" + realrabbit.Password + "@"
	for name, test := range map[string]struct {
		pairs []string
		cause scalers.Cause
	}{
		"no queue by AMQP":    {[]string{"queueName", "nowhere", "hostFromEnv", "amqp://" + login + shared.Address()}, scalers.CauseNotFound},
		"no queue by HTTP":    {[]string{"queueName", "nowhere", "hostFromEnv", "http://" + login + shared.ManagementAddress()}, scalers.CauseNotFound},
		"no stranger by AMQP": {[]string{"queueName", queue, "hostFromEnv", "amqp://stranger:hunter2@" + shared.Address()}, scalers.CauseUnauthenticated},
		"no stranger by HTTP": {[]string{"queueName", queue, "hostFromEnv", "http://stranger:hunter2@" + shared.ManagementAddress()}, scalers.CauseUnauthenticated},
		"no such pattern":     {[]string{"queueName", "(", "useRegex", "true", "hostFromEnv", "http://" + login + shared.ManagementAddress()}, scalers.CauseRefused},
		"no broker":           {[]string{"queueName", queue, "hostFromEnv", "http://" + login + shared.Address()}, scalers.CauseUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := *l
			l.t = t
			l.eventually(l.scaler(test.pairs...), func(e scalers.Evaluation, err error) bool {
				if err == nil {
					t.Fatalf("answered with %+v", e)
				}
				shown := scalers.ForCaller(err)
				cause, _ := scalers.CauseOf(shown)
				t.Logf("the caller reads %v; the operator reads %v", shown, err)
				return cause == test.cause
			})
		})
	}
}

// A queue that is missing closes a channel, and disturbs nobody else on the connection.
func TestAMissingQueueDisturbsNobody(t *testing.T) {
	t.Parallel()
	l := newLab(t, shared)
	queue, other := l.queue(), l.queue()
	missing := l.queue()
	if _, err := l.channel.QueueDelete(missing, false, false, false); err != nil {
		t.Fatal(err)
	}
	for range 20 { // more than there are channels
		if _, err := l.scaler("queueName", missing+"-"+l.queue(), "protocol", "amqp").Evaluate(t.Context()); err == nil {
			t.Fatal("a missing queue has an answer")
		}
	}
	gone := l.scaler("queueName", missing, "protocol", "amqp")
	seen := l.follow(l.scaler("queueName", queue, "protocol", "amqp"))
	l.becomes(seen, false)
	for round := range 5 {
		l.publish(queue, 1)
		l.becomes(seen, true)
		if _, err := gone.Evaluate(t.Context()); err == nil {
			t.Fatal("a missing queue has an answer")
		}
		l.eventuallyValue(l.scaler("queueName", other, "protocol", "amqp"), float64(round))
		l.publish(other, 1)
		if _, err := l.channel.QueuePurge(queue, false); err != nil {
			t.Fatal(err)
		}
		l.becomes(seen, false)
	}
	if _, err := l.channel.QueueDeclare(missing, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	l.eventuallyValue(gone, 0)
}

// Queues that push triggers wait for are asked about together: when some of them go, the others go on.
func TestQueuesGoWhileManyAreWaitedFor(t *testing.T) {
	t.Parallel()
	l := newLab(t, shared)
	queues := make([]string, 300)
	streams := make([]<-chan scalers.Evaluation, len(queues))
	var built []scalers.Scaler
	for i := range queues {
		queues[i] = l.queue("many")
		built = append(built, l.scaler("queueName", queues[i], "protocol", "amqp"))
		streams[i] = l.follow(built[i])
	}
	for _, stream := range streams {
		l.becomes(stream, false)
	}
	for i := 7; i < len(queues); i += 50 {
		if _, err := l.channel.QueueDelete(queues[i], false, false, false); err != nil {
			t.Fatal(err)
		}
	}
	for i := 8; i < len(queues); i += 50 {
		l.publish(queues[i], 1)
		l.becomes(streams[i], true)
	}
	for i := 7; i < len(queues); i += 50 {
		l.eventually(built[i], func(_ scalers.Evaluation, err error) bool {
			cause, _ := scalers.CauseOf(err)
			return cause == scalers.CauseNotFound
		})
		if _, err := l.channel.QueueDeclare(queues[i], true, false, false, false, nil); err != nil {
			t.Fatal(err)
		}
		l.publish(queues[i], 1)
		l.becomes(streams[i], true)
	}
}
