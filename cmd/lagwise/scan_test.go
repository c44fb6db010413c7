package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/internal/config"
	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/test/transcript"
)

// sent is what the servers below send, and no caller may read.
const sent = "hunter2"

// hosts are what a trigger can find at an address: none is a broker.
func hosts(t *testing.T) map[string]string {
	t.Helper()
	closed := listenOn(t, nil)
	answering := func(code int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, _ *http.Request) {
			to.WriteHeader(code)
			_, _ = io.WriteString(to, body)
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	return map[string]string{
		"closed":        closed,
		"silent":        listenOn(t, func(net.Conn) {}),
		"hangs up":      listenOn(t, func(connection net.Conn) { _ = connection.Close() }),
		"another line":  listenOn(t, func(connection net.Conn) { _, _ = io.WriteString(connection, "SSH-2.0-"+sent+"\r\n") }),
		"after a line":  listenOn(t, func(connection net.Conn) { _, _ = bufio.NewReader(connection).ReadByte(); _ = connection.Close() }),
		"a page":        answering(http.StatusOK, "<html>"+sent+"</html>"),
		"other JSON":    answering(http.StatusOK, `{"password":"`+sent+`"}`),
		"another error": answering(http.StatusNotFound, `{"error":"not_found","reason":"`+sent+`"}`),
		"a login":       answering(http.StatusUnauthorized, `{"error":"x","reason":"`+sent+`"}`),
		"forbids":       answering(http.StatusForbidden, sent),
		"breaks":        answering(http.StatusInternalServerError, `{"error":"x","reason":"`+sent+`"}`),
		"moved":         answering(http.StatusTemporaryRedirect, sent),
	}
}

// listenOn hands over each connection until the test ends; without a handler nothing listens there any more.
func listenOn(t *testing.T, handle func(net.Conn)) (address string) {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	if handle == nil {
		_ = listener.Close()
		return address
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = connection.Close() })
			handle(connection)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-ended })
	return address
}

// triggersAt are one trigger of each kind that names a host by itself.
func triggersAt(address string) map[string]map[string]string {
	return map[string]map[string]string{
		"kafka":          {"bootstrapServers": address, "consumerGroup": "g", "topic": "orders"},
		"kafka by TLS":   {"bootstrapServers": address, "consumerGroup": "g", "topic": "orders", "tls": "enable"},
		"rabbitmq":       {"scaler": "rabbitmq", "queueName": "orders", "host": "amqp://" + address},
		"rabbitmq TLS":   {"scaler": "rabbitmq", "queueName": "orders", "host": "amqps://" + address},
		"rabbitmq http":  {"scaler": "rabbitmq", "queueName": "orders", "host": "http://" + address},
		"rabbitmq https": {"scaler": "rabbitmq", "queueName": "orders", "host": "https://" + address},
		"rabbitmq match": {"scaler": "rabbitmq", "queueName": "o.*", "useRegex": "true", "host": "http://" + address},
	}
}

// asked is what a caller reads about each kind of trigger at each host, by kind and host.
func asked(t *testing.T, allowed ...string) (read map[string]map[string]string, log *transcript.Text) {
	t.Helper()
	log = &transcript.Text{}
	_, client := serveInProcess(t, log, config.Config{
		RefreshInterval: 200 * time.Millisecond, MaxSnapshotAge: time.Minute, IdleAfter: time.Minute, AllowedBrokers: allowed,
		MaxTriggers: 1000, MaxSessions: 1000, MaxConnections: 100, LooksPerSecond: 1000,
	})
	asking := client(t)
	read = map[string]map[string]string{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for host, address := range hosts(t) {
		for kind, metadata := range triggersAt(address) {
			all.Go(func() {
				ref := &pb.ScaledObjectRef{Namespace: "shop", Name: kind + " " + host, ScalerMetadata: metadata}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				var got *status.Status
				for range 20 { // on a busy machine the first observation takes longer than a caller waits
					_, err := asking.GetMetrics(ctx, &pb.GetMetricsRequest{ScaledObjectRef: ref})
					if got = status.Convert(err); got.Code() != codes.DeadlineExceeded || host == "silent" {
						break
					}
				}
				text := strings.NewReplacer(address, "HOST", "127.0.0.1", "HOST").Replace(got.Message())
				mu.Lock()
				defer mu.Unlock()
				if read[kind] == nil {
					read[kind] = map[string]string{}
				}
				read[kind][host] = got.Code().String() + ": " + text
			})
		}
	}
	all.Wait()
	return read, log
}

// A trigger that names any host inside the cluster cannot find out what listens there, nor read what a server sends; the operator can.
func TestErrorsAreNoPortScanner(t *testing.T) {
	t.Parallel()
	read, log := asked(t, scalers.InCluster)
	for kind, byHost := range read {
		for host, text := range byHost {
			if text != byHost["closed"] || !strings.HasPrefix(text, "Unavailable: cannot connect") {
				t.Errorf("%s: %q is told from a closed port:\n%s\n%s", kind, host, text, byHost["closed"])
			}
		}
	}
	for _, cause := range []string{"connection refused", "401 Unauthorized"} {
		awaitTrue(t, "the log's "+cause, func() bool { return strings.Contains(log.String(), cause) })
	}
}

// Of a host that is listed the caller reads the cause, and still nothing of what a server sends.
func TestListedHostsGiveTheCause(t *testing.T) {
	t.Parallel()
	read, _ := asked(t, scalers.InCluster, "127.0.0.1")
	for kind, byHost := range read {
		if !strings.Contains(byHost["closed"], "connection refused") {
			t.Errorf("%s: %s", kind, byHost["closed"])
		}
		for host, text := range byHost {
			if strings.Contains(text, sent) || strings.Contains(text, "cannot connect, or") {
				t.Errorf("%s, %s: %s", kind, host, text)
			}
		}
	}
	for host, words := range map[string]string{"forbids": "403 Forbidden", "another error": "404 Not Found", "a page": "not the management API's"} {
		if text := read["rabbitmq http"][host]; !strings.Contains(text, words) {
			t.Errorf("%s: %s", host, text)
		}
	}
}
