package rotation_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers/rotation"
)

func TestCredentialsAreTriedUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		type attempt struct {
			credentials string
			failures    int
			at          time.Duration
		}
		var tried []attempt
		began, taken := time.Now(), "nothing"
		ctx, stop := context.WithCancel(t.Context())
		rotate, ended := rotation.New[string](), make(chan struct{})
		go func() {
			defer close(ended)
			rotate.Run(ctx, func(failures int) time.Duration { return time.Duration(failures) * time.Second }, func(next string, failures int) error {
				tried = append(tried, attempt{next, failures, time.Since(began)})
				if next != taken {
					return errors.New("not yet")
				}
				return nil
			})
		}()
		rotate.To("overtaken")
		rotate.To("first") // of two that nobody took up yet the newer one counts
		synctest.Wait()
		time.Sleep(3500 * time.Millisecond)
		synctest.Wait()
		taken = "second"
		rotate.To("second")
		time.Sleep(time.Hour)
		stop()
		<-ended
		want := []attempt{{"first", 0, 0}, {"first", 1, time.Second}, {"first", 2, 3 * time.Second}, {"second", 0, 3500 * time.Millisecond}}
		if !slices.Equal(tried, want) {
			t.Errorf("tried %v", tried)
		}
	})
}
