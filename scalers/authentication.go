package scalers

import (
	"context"
	"io"
	"strings"
	"sync"

	"github.com/lagwise/lagwise/scalers/news"
	"github.com/lagwise/lagwise/scalers/secret"
)

const (
	keyAuthenticationName = "authenticationRefName"
	keyAuthenticationKind = "authenticationRefKind"

	triggerAuthentication        = "TriggerAuthentication"
	clusterTriggerAuthentication = "ClusterTriggerAuthentication"
)

// AuthenticationKeys are known to every scaler that logs in somewhere. They stand for a trigger's authenticationRef, which KEDA does
// not pass on to an external scaler.
func AuthenticationKeys() KeyTable {
	return KeyTable{
		{
			Name: keyAuthenticationName, Kind: KindText, Origin: Own, Excludes: []string{"connection"},
			Help: "TriggerAuthentication of the trigger's own namespace to log in by, where lagwise's configuration has `triggerAuthentications`.",
		},
		{
			Name: keyAuthenticationKind, Kind: KindChoice, Origin: Own, Default: triggerAuthentication,
			Choices: []string{triggerAuthentication, clusterTriggerAuthentication},
			Help:    "Kind of authenticationRefName.",
		},
	}
}

// Authentication is a TriggerAuthentication in a namespace, or a ClusterTriggerAuthentication, whose Namespace is empty.
type Authentication struct {
	Cluster         bool
	Namespace, Name string
}

// String names it for people.
func (a Authentication) String() string {
	if a.Cluster {
		return clusterTriggerAuthentication + " " + Quote(a.Name)
	}
	return triggerAuthentication + " " + Quote(a.Name) + " of namespace " + Quote(a.Namespace)
}

// Path names it whole, and no other by the same words.
func (a Authentication) Path() string {
	if a.Cluster {
		return clusterTriggerAuthentication + " " + a.Name
	}
	return triggerAuthentication + " " + a.Namespace + "/" + a.Name
}

// AuthenticationOf is the one that the trigger names; false where it names none.
func AuthenticationOf(trigger Trigger) (named Authentication, names bool) {
	name := strings.TrimSpace(trigger.Metadata[keyAuthenticationName])
	if name == "" {
		return Authentication{}, false
	}
	if strings.TrimSpace(trigger.Metadata[keyAuthenticationKind]) == clusterTriggerAuthentication {
		return Authentication{Cluster: true, Name: name}, true
	}
	return Authentication{Namespace: trigger.Namespace, Name: name}, true
}

// DropAuthentication has metadata name none.
func DropAuthentication(metadata map[string]string) {
	delete(metadata, keyAuthenticationName)
	delete(metadata, keyAuthenticationKind)
}

// Unread refuses a trigger that names a TriggerAuthentication of which nothing was read; nil for any other.
func Unread(trigger Trigger) error {
	if named, names := AuthenticationOf(trigger); names && trigger.Credentials == nil {
		return Errorf(CauseRefused,
			"%s %s: lagwise's configuration has no triggerAuthentications, so it is not read; have that turned on, or name a connection (connection: NAME)",
			keyAuthenticationName, Quote(named.Name))
	}
	return nil
}

// Follow has read called with what an authentication says, soon and after each change, until stop is called. It does no I/O itself.
// What it reads is either credentials or an error, which has a Cause.
type Follow func(named Authentication, read func(credentials map[string]secret.Text, err error)) (stop func())

// Authenticated makes factory build a trigger that names a TriggerAuthentication when that was read, and again whenever it has
// changed. Until then, and for one that cannot be read, the trigger has its metric and an error.
func Authenticated(factory Factory, follow Follow) Factory {
	return func(trigger Trigger) Scaler {
		named, names := AuthenticationOf(trigger)
		if !names {
			return factory(trigger)
		}
		unread := factory(trigger)
		a := &authenticated{metric: unread.Metric(), latest: unread, told: news.New(), gone: make(chan struct{})}
		a.stop = follow(named, func(credentials map[string]secret.Text, err error) {
			if err != nil {
				a.become(NewRefused(a.metric, err))
				return
			}
			with := trigger
			with.Credentials = credentials
			a.become(factory(with))
		})
		return a
	}
}

// authenticated is the scaler of a trigger that logs in by a TriggerAuthentication: one after the other, each for as long as that
// stays as it is.
type authenticated struct {
	metric Metric
	stop   func()
	told   *news.News
	gone   chan struct{}

	mu     sync.Mutex
	latest Scaler
	closed bool
}

func (a *authenticated) become(next Scaler) {
	a.mu.Lock()
	before := a.latest
	if a.closed {
		before = next
	} else {
		a.latest = next
	}
	a.mu.Unlock()
	closeScaler(before) // which ends its watches, so that they go on with the next one
	a.told.Tell()
}

func closeScaler(scaler Scaler) {
	if closer, ok := scaler.(io.Closer); ok {
		_ = closer.Close()
	}
}

func (a *authenticated) present() Scaler {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.latest
}

// Metric is the one that metadata alone gives.
func (a *authenticated) Metric() Metric { return a.metric }

// Evaluate waits until the TriggerAuthentication was read.
func (a *authenticated) Evaluate(ctx context.Context) (Evaluation, error) {
	detail, err := a.ask(ctx, func(scaler Scaler) (Detail, error) {
		evaluation, err := scaler.Evaluate(ctx)
		return Detail{Evaluation: evaluation}, err
	})
	return detail.Evaluation, err
}

// Detail waits as Evaluate does.
func (a *authenticated) Detail(ctx context.Context) (Detail, error) {
	return a.ask(ctx, func(scaler Scaler) (Detail, error) { return DetailOf(ctx, scaler) })
}

// ask asks again where the scaler was replaced while it was asked.
func (a *authenticated) ask(ctx context.Context, question func(Scaler) (Detail, error)) (Detail, error) {
	select {
	case <-ctx.Done():
		return Detail{}, Errorf(CauseUnreachable, "the TriggerAuthentication was not read yet: %w", context.Cause(ctx))
	case <-a.gone:
		return Detail{}, Errorf(CauseUnreachable, "the trigger was forgotten because nobody asked about it: ask again")
	case <-a.told.First():
	}
	for {
		asked := a.present()
		detail, err := question(asked)
		if err == nil || ctx.Err() != nil || asked == a.present() {
			return detail, err
		}
	}
}

// Redact has the present scaler redact an error.
func (a *authenticated) Redact(err error) error {
	if redactor, ok := a.present().(Redactor); ok {
		return redactor.Redact(err)
	}
	return err
}

// Known is what the present scaler knows.
func (a *authenticated) Known() (Evaluation, bool) {
	if prompt, ok := a.present().(Prompt); ok {
		return prompt.Known()
	}
	return Evaluation{}, false
}

// Watch goes on with the next scaler when one ends because the TriggerAuthentication has changed.
func (a *authenticated) Watch(ctx context.Context, seen func(Evaluation) error) error {
	changed, stop := a.told.Listen()
	defer stop()
	for {
		if watcher, ok := a.present().(Watcher); ok {
			if err := watcher.Watch(ctx, seen); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.gone:
			return nil
		case <-changed:
		}
	}
}

// Connection is that of the present scaler.
func (a *authenticated) Connection() string {
	if connected, is := a.present().(Connected); is {
		return connected.Connection()
	}
	return ""
}

// Uses says that no named connection is used, so that the trigger is looked at anew when what triggers may reach by themselves
// changes.
func (a *authenticated) Uses(connection string) bool { return connection == "" }

// Close ends the present scaler as well. It may be called more than once.
func (a *authenticated) Close() error {
	a.mu.Lock()
	again := a.closed
	a.closed = true
	a.mu.Unlock()
	if again {
		return nil
	}
	a.stop()
	close(a.gone)
	closeScaler(a.present())
	return nil
}
