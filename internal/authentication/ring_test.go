package authentication_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/internal/authentication"
	"github.com/lagwise/lagwise/internal/kubernetes"
	"github.com/lagwise/lagwise/scalers/secret"
)

// told is what a follower was told, in words.
type told []string

func (t *told) take(credentials map[string]secret.Text, err error) {
	if err != nil {
		*t = append(*t, "no")
		return
	}
	*t = append(*t, string(credentials["password"]))
}

// following runs a ring on the objects inside a bubble.
func following(t *testing.T, objects *cluster, test func(*authentication.Ring)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ring := authentication.NewRing(authentication.Reader{Objects: objects}, authentication.Every, slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- ring.Run(ctx) }()
		test(ring)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func later() {
	time.Sleep(authentication.Every + time.Second)
	synctest.Wait()
}

func TestFollowersAreToldOfChanges(t *testing.T) {
	t.Parallel()
	objects := shop()
	following(t, objects, func(ring *authentication.Ring) {
		var first, second told
		stop := ring.Follow(login, first.take)
		synctest.Wait()
		later() // and nothing is new
		stopSecond := ring.Follow(login, second.take)
		synctest.Wait()
		objects.change(secretPath, `{"data": {"word": "YW5vdGhlcg==", "sasl": ""}}`, nil)
		later()
		stop()
		stop()
		objects.change(secretPath, `{"data": {"word": "bGFzdA==", "sasl": ""}}`, nil)
		later()
		if !slices.Equal(first, told{"hunter2", "another"}) || !slices.Equal(second, told{"hunter2", "another", "last"}) {
			t.Errorf("told %q and %q", first, second)
		}
		stopSecond()
		synctest.Wait()
		asked := objects.asked
		later()
		if objects.asked != asked {
			t.Error("still read although nobody follows")
		}
	})
}

func TestWhatIsKnownOutlastsAnOutageAlone(t *testing.T) {
	t.Parallel()
	objects := shop()
	following(t, objects, func(ring *authentication.Ring) {
		var seen told
		stop := ring.Follow(login, seen.take)
		synctest.Wait()
		for _, refused := range []error{
			errors.New("connection refused"),
			&kubernetes.StatusError{Code: http.StatusInternalServerError},
			&kubernetes.StatusError{Code: http.StatusForbidden},
			&kubernetes.StatusError{Code: http.StatusForbidden},
			nil,
		} {
			objects.change(secretPath, shop().objects[secretPath], refused)
			later()
		}
		if !slices.Equal(seen, told{"hunter2", "no", "hunter2"}) {
			t.Errorf("told %q", seen)
		}
		stop()
	})
}

func TestAnOutageAtTheBeginningIsToldAndOverSoon(t *testing.T) {
	t.Parallel()
	objects := shop()
	objects.change(secretPath, shop().objects[secretPath], errors.New("connection refused"))
	following(t, objects, func(ring *authentication.Ring) {
		var seen told
		stop := ring.Follow(login, seen.take)
		synctest.Wait()
		objects.change(secretPath, shop().objects[secretPath], nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !slices.Equal(seen, told{"no", "hunter2"}) {
			t.Errorf("told %q", seen)
		}
		stop()
	})
}
