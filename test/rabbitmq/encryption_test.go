//go:build rabbitmq

package rabbitmq_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/scalers/secret"
	"github.com/lagwise/lagwise/test/certificates"
	"github.com/lagwise/lagwise/test/realrabbit"
)

// worker is a user of the broker's without a password: a certificate is all that it can prove itself with.
const worker = "worker"

// vault is a broker that speaks TLS, and who may vouch for its clients.
type vault struct {
	t      *testing.T
	broker *realrabbit.Broker
	right  *certificates.Authority
	// wrong is nobody's authority, false calls itself by the right one's name.
	wrong, false *certificates.Authority
}

func newVault(t *testing.T, demanding bool) vault {
	t.Helper()
	v := vault{t: t}
	for name, into := range map[string][]**certificates.Authority{"authority": {&v.right, &v.false}, "another": {&v.wrong}} {
		for _, authority := range into {
			var err error
			if *authority, err = certificates.NewAuthority(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	started, err := realrabbit.Start(t.Context(), realrabbit.Options{
		Encryption: &realrabbit.Encryption{Authority: v.right, Demanding: demanding},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := started.Stop(); err != nil {
			t.Error(err)
		}
	})
	v.broker = started
	if err := started.AddUser(t.Context(), worker); err != nil {
		t.Fatal(err)
	}
	return v
}

// connection is the right one, with a password, under a name; edits come after that.
func (v vault) connection(name string, edits ...func(*rabbitmq.Connection)) rabbitmq.Connection {
	c := rabbitmq.Connection{
		Name: name, AMQP: v.broker.EncryptedAddress(), Encrypted: true, Management: "https://" + v.broker.EncryptedManagementAddress(),
		Vhost: "/", Username: realrabbit.User, Password: realrabbit.Password, TLS: broker.TLS{CA: string(v.right.Certificate)},
	}
	for _, edit := range edits {
		edit(&c)
	}
	return c
}

// shows has lagwise show a certificate of this name.
func (v vault) shows(by *certificates.Authority, name string) func(*rabbitmq.Connection) {
	v.t.Helper()
	identity, err := by.Identify(certificates.Subject{Name: name})
	if err != nil {
		v.t.Fatal(err)
	}
	return func(c *rabbitmq.Connection) {
		c.TLS.Certificate, c.TLS.Key = string(identity.Certificate), secret.Text(identity.Key)
	}
}

func withoutUser(c *rabbitmq.Connection) { c.Username, c.Password = "", "" }

// answered is what comes of a connection: the queue's messages, or an error with these words, by AMQP and by HTTP.
type answered struct {
	connection rabbitmq.Connection
	amqp, http string
	cause      scalers.Cause
}

func (v vault) holds(l *lab, queue string, cases []answered) {
	v.t.Helper()
	const messages = 3
	l.publish(queue, messages)
	for _, one := range cases {
		for protocol, words := range map[string]string{"amqp": one.amqp, "http": one.http} {
			scaler := l.scaler("queueName", queue, "connection", one.connection.Name, "protocol", protocol)
			if words == "" {
				l.eventuallyValue(scaler, messages) // by HTTP once the broker has counted
				continue
			}
			// What a broker says as it hangs up is lost now and then: the end of the connection overtakes it.
			l.eventually(scaler, func(evaluation scalers.Evaluation, err error) bool {
				if err == nil {
					v.t.Fatalf("%s by %s: want %q, got %+v", one.connection.Name, protocol, words, evaluation)
				}
				cause, _ := scalers.CauseOf(err)
				return strings.Contains(err.Error(), words) && strings.Contains(err.Error(), "at "+one.connection.Name) && cause == one.cause
			})
		}
	}
}

func connectionsOf(cases []answered) []rabbitmq.Connection {
	all := make([]rabbitmq.Connection, len(cases))
	for i := range cases {
		all[i] = cases[i].connection
	}
	return all
}

// Nothing is asked of a broker that proves nothing, and what is wrong is said with the connection's name. A certificate is a login by
// AMQP alone, where no user is given: EXTERNAL.
func TestEncryptedBroker(t *testing.T) {
	t.Parallel()
	v := newVault(t, false)
	const (
		unknown  = "certificate signed by unknown authority"
		inClear  = "TLS is spoken there: say amqps or https"
		noLogin  = "it wants a username and a password, also from those who show a certificate"
		nobody   = "the broker has no user by the name in the certificate"
		notTaken = "lagwise's is not by an authority that is taken there: the broker has no user"
		noOffer  = "the broker takes no certificate for a login (EXTERNAL)"
	)
	cases := []answered{
		{v.connection("right"), "", "", 0},
		{v.connection("system", func(c *rabbitmq.Connection) { c.TLS.CA = "" }), unknown, unknown, scalers.CauseUnreachable},
		{v.connection("other-authority", func(c *rabbitmq.Connection) { c.TLS.CA = string(v.wrong.Certificate) }), unknown, unknown, scalers.CauseUnreachable},
		{v.connection("same-name", func(c *rabbitmq.Connection) { c.TLS.CA = string(v.false.Certificate) }), unknown, unknown, scalers.CauseUnreachable},
		{v.connection("any", func(c *rabbitmq.Connection) { c.TLS.CA, c.TLS.SkipVerify = "", true }), "", "", 0},
		{v.connection("other-host", func(c *rabbitmq.Connection) {
			c.AMQP, c.Management = strings.Replace(c.AMQP, "127.0.0.1", "localhost", 1), strings.Replace(c.Management, "127.0.0.1", "localhost", 1)
		}), "wanted to match localhost", "wanted to match localhost", scalers.CauseUnreachable},
		{v.connection("in-clear", func(c *rabbitmq.Connection) {
			c.Encrypted, c.Management = false, strings.Replace(c.Management, "https", "http", 1)
		}), inClear, inClear, scalers.CauseUnreachable},
		{v.connection("worker", v.shows(v.right, worker), withoutUser), "", noLogin, scalers.CauseUnauthenticated},
		{v.connection("nobody", v.shows(v.right, "nobody"), withoutUser), nobody, noLogin, scalers.CauseUnauthenticated},
		{v.connection("not-taken", v.shows(v.wrong, worker), withoutUser), notTaken, noLogin, scalers.CauseUnauthenticated},
		{v.connection("not-offered", v.shows(v.right, worker), withoutUser, func(c *rabbitmq.Connection) {
			c.AMQP, c.Encrypted = v.broker.Address(), false
		}), noOffer, noLogin, scalers.CauseUnauthenticated},
	}
	l := newLab(t, v.broker, connectionsOf(cases)...)
	v.holds(l, l.queue(), cases)
}

// A broker that demands certificates hangs up on those who have none, after the handshake, and says why to nobody who does not listen.
func TestBrokerThatDemandsCertificates(t *testing.T) {
	t.Parallel()
	v := newVault(t, true)
	const (
		none     = "a certificate is asked for, and lagwise has none (tls.certificateFile)"
		notTaken = "a certificate is asked for, and lagwise's is not by an authority that is taken there"
		noLogin  = "it wants a username and a password"
	)
	cases := []answered{
		{v.connection("without"), none, none, scalers.CauseUnreachable},
		{v.connection("not-taken", v.shows(v.wrong, worker)), notTaken, notTaken, scalers.CauseUnreachable},
		{v.connection("forged", v.shows(v.false, worker)), "remote error: tls: ", "remote error: tls: ", scalers.CauseUnreachable},
		{v.connection("with-a-password", v.shows(v.right, worker)), "", "", 0},
		{v.connection("worker", v.shows(v.right, worker), withoutUser), "", noLogin, scalers.CauseUnauthenticated},
	}
	l := newLab(t, v.broker, connectionsOf(cases)...)
	v.holds(l, l.queue(), cases)

	queue := l.queue()
	seen := l.follow(l.scaler("queueName", queue, "connection", "worker", "protocol", "amqp"))
	l.becomes(seen, false)
	began := time.Now()
	l.publish(queue, 1)
	e := l.becomes(seen, true)
	t.Logf("published -> pushed over TLS: %s, looked for %t", time.Since(began), !e.WokenAt.IsZero())
}
