package rabbitmq_test

import (
	"testing"

	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

// By AMQP the management API is asked only what a password may be sent for.
func TestWhoIsAskedBesideAMQP(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		connection rabbitmq.Connection
		want       string
	}{
		{rabbitmq.Connection{Management: "http://rabbit:15672", Username: "me"}, "http://rabbit:15672"},
		{rabbitmq.Connection{Management: "https://rabbit", Username: "me"}, "https://rabbit"},
		{rabbitmq.Connection{Management: "https://rabbit", Username: "me", Encrypted: true}, "https://rabbit"},
		{rabbitmq.Connection{Management: "http://rabbit:15672", Username: "me", Encrypted: true}, ""},
		{rabbitmq.Connection{Management: "https://rabbit", Encrypted: true}, ""},
		{rabbitmq.Connection{Username: "me"}, ""},
	} {
		test.connection.AMQP = "rabbit:5672"
		if got := test.connection.Endpoints()[0].Management; got != test.want {
			t.Errorf("%+v: %q", test.connection, got)
		}
	}
}
