//go:build rabbitmq

package rabbitmq_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/scalers/rabbitmq"
)

// A password is exchanged while triggers are answered and streams are open: first at the broker, and then in lagwise's file. New
// connections are made with the new one.
func TestPasswordsAreExchanged(t *testing.T) {
	l := newLab(t, mortal)
	const user = "rotated"
	setPassword := func(password string) {
		l.manage(http.MethodPut, "/api/users/"+user, `{"password":"`+password+`","tags":"management"}`)
	}
	setPassword("first")
	l.manage(http.MethodPut, "/api/permissions/%2F/"+user, `{"configure":"^$","write":"^$","read":"^$"}`)
	connection := rabbitmq.Connection{
		Name: "rotating", AMQP: mortal.Address(), Management: "http://" + mortal.ManagementAddress(), Vhost: "/", Username: user, Password: "first",
	}
	l.grants.Replace(map[string]rabbitmq.Grant{"rotating": {Connection: connection}}, "*")
	busy, idle := l.queue(), l.queue()
	l.publish(busy, 3)
	byAMQP := l.scaler("connection", "rotating", "queueName", busy, "protocol", "amqp")
	byHTTP := l.scaler("connection", "rotating", "queueName", busy, "protocol", "http")
	l.eventuallyValue(byAMQP, 3)
	l.eventuallyValue(byHTTP, 3)
	seen := l.follow(l.scaler("connection", "rotating", "queueName", idle, "protocol", "amqp"))
	l.becomes(seen, false)

	renewed := connection
	renewed.Password = "second"
	l.pool.Renew(renewed.Endpoints()...) // the broker does not know it yet
	l.publish(busy, 1)
	l.eventuallyValue(byAMQP, 4)
	setPassword("second")
	l.eventuallyValue(byHTTP, 4)
	for _, name := range l.connectionsOf(user) { // as a broker does that restarts
		l.manage(http.MethodDelete, "/api/connections/"+url.PathEscape(name), "")
	}
	l.publish(busy, 1)
	l.eventuallyValue(byAMQP, 5)
	l.publish(idle, 1)
	l.becomes(seen, true)
	l.eventuallyValue(l.scaler("connection", "rotating", "queueName", idle, "protocol", "amqp"), 1) // decoded with the first password
}

// manage asks the management API.
func (l *lab) manage(method, path, body string) *http.Response {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	l.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, method, l.broker.ManagementURL()+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode >= http.StatusBadRequest {
		l.t.Fatalf("%s %s: %s", method, path, response.Status)
	}
	return response
}

// connectionsOf waits until the broker's statistics list some of the user's.
func (l *lab) connectionsOf(user string) (names []string) {
	l.t.Helper()
	for began := time.Now(); len(names) == 0; time.Sleep(100 * time.Millisecond) {
		var all []struct{ Name, User string }
		if err := json.NewDecoder(l.manage(http.MethodGet, "/api/connections", "").Body).Decode(&all); err != nil {
			l.t.Fatal(err)
		}
		for _, one := range all {
			if one.User == user {
				names = append(names, one.Name)
			}
		}
		if time.Since(began) > patience {
			l.t.Fatal("the broker lists no connection of", user)
		}
	}
	return names
}
