package cluster

import (
	"errors"
	"testing"
	"testing/synctest"
)

func TestLetGoTellsHowClosingWent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failure, released := errors.New("no"), make(chan struct{})
		if err := letGo(func() error { return failure }); !errors.Is(err, failure) {
			t.Errorf("closing failed: %v", err)
		}
		if err := letGo(func() error { <-released; return nil }); !errors.Is(err, errNeverClosed) {
			t.Errorf("closing never ended: %v", err)
		}
		close(released)
	})
}
