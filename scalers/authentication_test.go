package scalers_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/secret"
)

// ring is followed, and tells what a test wants to have read.
type ring struct {
	mu       sync.Mutex
	named    scalers.Authentication
	tell     func(map[string]secret.Text, error)
	followed int
}

func (r *ring) follow(named scalers.Authentication, tell func(map[string]secret.Text, error)) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.named, r.tell = named, tell
	r.followed++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.followed--
	}
}

// loggedIn answers with the length of its password, and watches until it is closed.
type loggedIn struct {
	password secret.Text
	gone     chan struct{}
}

func (l loggedIn) Metric() scalers.Metric { return scalers.Metric{Name: "m", Target: 5} }

func (l loggedIn) Evaluate(context.Context) (scalers.Evaluation, error) {
	evaluation, known := l.Known()
	if !known {
		return scalers.Evaluation{}, errors.New("asked after its end")
	}
	return evaluation, nil
}

func (l loggedIn) Known() (scalers.Evaluation, bool) {
	select {
	case <-l.gone:
		return scalers.Evaluation{}, false
	default:
		return scalers.Evaluation{Value: float64(len(l.password)), Active: true}, true
	}
}

func (l loggedIn) Watch(ctx context.Context, seen func(scalers.Evaluation) error) error {
	if evaluation, known := l.Known(); known {
		if err := seen(evaluation); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
	case <-l.gone:
	}
	return nil
}

func (l loggedIn) Close() error {
	close(l.gone)
	return nil
}

// source makes scalers of those who have a password, as every source does.
func source(trigger scalers.Trigger) scalers.Scaler {
	if err := scalers.Unread(trigger); err != nil {
		return scalers.NewRefused(scalers.Metric{Name: "m", Target: 5}, err)
	}
	return loggedIn{trigger.Credentials["password"], make(chan struct{})}
}

func naming(more ...string) scalers.Trigger {
	metadata := map[string]string{"authenticationRefName": "login"}
	for i := 0; i < len(more); i += 2 {
		metadata[more[i]] = more[i+1]
	}
	return scalers.Trigger{Namespace: "shop", Name: "orders", Metadata: metadata}
}

func TestWhichAuthenticationIsNamed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		more []string
		want scalers.Authentication
	}{
		{nil, scalers.Authentication{Namespace: "shop", Name: "login"}},
		{[]string{"authenticationRefKind", "TriggerAuthentication"}, scalers.Authentication{Namespace: "shop", Name: "login"}},
		{[]string{"authenticationRefKind", "ClusterTriggerAuthentication"}, scalers.Authentication{Cluster: true, Name: "login"}},
	} {
		var r ring
		scalers.Authenticated(source, r.follow)(naming(test.more...))
		if r.named != test.want {
			t.Errorf("%v: %+v is read", test.more, r.named)
		}
	}
	var r ring
	scaler := scalers.Authenticated(source, r.follow)(scalers.Trigger{Namespace: "shop", Name: "orders"})
	if _, err := scaler.Evaluate(t.Context()); err != nil || r.followed != 0 {
		t.Errorf("a trigger that names none: %v, %d followed", err, r.followed)
	}
}

func TestWithoutAReaderATriggerIsRefused(t *testing.T) {
	t.Parallel()
	scaler := source(naming())
	_, err := scaler.Evaluate(t.Context())
	if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused || !strings.Contains(err.Error(), `authenticationRefName "login": lagwise's configuration has no triggerAuthentications`) {
		t.Error(err)
	}
}

func TestAnswersWaitForWhatIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r ring
		scaler := scalers.Authenticated(source, r.follow)(naming())
		if metric := scaler.Metric(); metric != (scalers.Metric{Name: "m", Target: 5}) {
			t.Errorf("%+v", metric)
		}
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := scaler.Evaluate(hurried); err == nil {
			t.Error("an answer before anything was read")
		} else if cause, _ := scalers.CauseOf(err); cause != scalers.CauseUnreachable {
			t.Errorf("%v is %v", err, cause)
		}
		go r.tell(map[string]secret.Text{"password": "four"}, nil)
		if got, err := scaler.Evaluate(t.Context()); err != nil || got.Value != 4 {
			t.Errorf("%+v, %v", got, err)
		}
		if got, known := scaler.(scalers.Prompt).Known(); !known || got.Value != 4 {
			t.Errorf("%+v, %t", got, known)
		}
		r.tell(nil, scalers.Errorf(scalers.CauseNotFound, "it is gone"))
		if _, err := scaler.Evaluate(t.Context()); err == nil || err.Error() != "it is gone" {
			t.Errorf("after it is gone: %v", err)
		}
		if _, known := scaler.(scalers.Prompt).Known(); known {
			t.Error("known although it is gone")
		}
	})
}

func TestWatchesGoOnWithAnotherPassword(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r ring
		scaler := scalers.Authenticated(source, r.follow)(naming())
		var seen []float64
		ended := make(chan error, 1)
		go func() {
			ended <- scaler.(scalers.Watcher).Watch(t.Context(), func(evaluation scalers.Evaluation) error {
				seen = append(seen, evaluation.Value)
				return nil
			})
		}()
		for _, password := range []secret.Text{"one", "three", "", "seventh"} {
			synctest.Wait()
			if password == "" {
				r.tell(nil, errors.New("not now"))
				continue
			}
			r.tell(map[string]secret.Text{"password": password}, nil)
		}
		synctest.Wait()
		if len(seen) != 3 || seen[0] != 3 || seen[1] != 5 || seen[2] != 7 {
			t.Errorf("seen %v", seen)
		}
		closer := scaler.(interface{ Close() error })
		if err := errors.Join(closer.Close(), closer.Close(), <-ended); err != nil || r.followed != 0 {
			t.Errorf("%v, %d followed", err, r.followed)
		}
		r.tell(map[string]secret.Text{"password": "late"}, nil) // closed at once, or it would be kept for ever
		if _, err := scaler.Evaluate(t.Context()); err == nil {
			t.Error("an answer after the end")
		}
	})
}

// connected is a scaler over the connection that its password names.
type connected struct {
	scalers.Scaler

	connection string
}

func (c connected) Connection() string { return c.connection }

func TestAnAuthenticatedTriggerHasTheConnectionOfItsPresentPassword(t *testing.T) {
	t.Parallel()
	var r ring
	scaler, is := scalers.Authenticated(func(trigger scalers.Trigger) scalers.Scaler {
		if trigger.Credentials == nil {
			return source(trigger)
		}
		return connected{source(trigger), string(trigger.Credentials["password"])}
	}, r.follow)(naming()).(scalers.Connected)
	if !is || scaler.Connection() != "" {
		t.Fatalf("%v before it was read", scaler)
	}
	r.tell(map[string]secret.Text{"password": "first"}, nil)
	if got := scaler.Connection(); got != "first" {
		t.Errorf("connection %q", got)
	}
}

// slow answers when it is told to, and not after its end.
type slow struct{ asked, gone chan struct{} }

func (s slow) Metric() scalers.Metric { return scalers.Metric{Name: "m", Target: 5} }

func (s slow) Evaluate(context.Context) (scalers.Evaluation, error) {
	close(s.asked)
	<-s.gone
	return scalers.Evaluation{}, errors.New("ended while it was asked")
}

func (s slow) Close() error {
	close(s.gone)
	return nil
}

func TestAQuestionOutlivesAChangeOfPassword(t *testing.T) {
	t.Parallel()
	first := slow{make(chan struct{}), make(chan struct{})}
	var r ring
	scaler := scalers.Authenticated(func(trigger scalers.Trigger) scalers.Scaler {
		if trigger.Credentials["password"] == "first" {
			return first
		}
		return source(trigger)
	}, r.follow)(naming())
	r.tell(map[string]secret.Text{"password": "first"}, nil)
	go func() {
		<-first.asked
		r.tell(map[string]secret.Text{"password": "second"}, nil)
	}()
	if got, err := scaler.Evaluate(t.Context()); err != nil || got.Value != 6 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParametersOfAnAuthentication(t *testing.T) {
	t.Parallel()
	table := scalers.KeyTable{
		{Name: "tls", Kind: scalers.KindChoice, Choices: []string{"enable", "disable"}, Default: "disable", Authentication: true},
		{Name: "password", Kind: scalers.KindText, Origin: scalers.Credential},
		{Name: "topic", Kind: scalers.KindText},
	}
	credentials := map[string]secret.Text{"tls": " enable ", "password": "hunter2", "topic": "theirs", "other": "x"}
	values, ignored, err := table.DecodeWith(map[string]string{"topic": "orders"}, credentials)
	if err != nil || len(ignored) > 0 || values.Text("tls") != "enable" || values.Text("password") != "hunter2" || values.Text("topic") != "orders" {
		t.Errorf("%+v, %v, %v", values, ignored, err)
	}
	if values, _, _ = table.DecodeWith(map[string]string{"tls": "disable"}, credentials); values.Text("tls") != "disable" {
		t.Error("metadata does not come first")
	}
	_, _, err = table.DecodeWith(nil, map[string]secret.Text{"tls": "hunter2"})
	if err == nil || !strings.Contains(err.Error(), "tls of the TriggerAuthentication: want one of enable, disable") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong parameter: %v", err)
	}
}
