package server_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
	"github.com/lagwise/lagwise/test/transcript"
)

func wantLines(t *testing.T, log *transcript.Text, want int, about string) {
	t.Helper()
	if got := strings.Count(log.String(), about); got != want {
		t.Errorf("%d lines about %q, want %d:\n%s", got, about, want, log)
	}
}

func TestOutageIsLoggedOnceInAWhilePerTrigger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := newLog()
		outage := always(scalers.Evaluation{}, scalers.Errorf(scalers.CauseUnreachable, "no broker answers"))
		r := serve(t, lend(outage), server.Options{Log: log})
		for range 301 {
			_, _ = r.IsActive(t.Context(), ref())
			time.Sleep(time.Second)
		}
		wantLines(t, written, 2, "level=WARN")
		wantLines(t, written, 2, "namespace=shop name=orders code=Unavailable")

		other := ref()
		other.ScalerMetadata["topic"] = "returns"
		_, _ = r.IsActive(t.Context(), other)
		wantLines(t, written, 3, "level=WARN")
	})
}

func TestOutageOfManyTriggersDoesNotFloodTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := newLog()
		outage := always(scalers.Evaluation{}, scalers.Errorf(scalers.CauseUnreachable, "no broker answers"))
		r := serve(t, lend(outage), server.Options{Log: log})
		askAll := func() {
			for i := range 1000 {
				trigger := ref()
				trigger.Name = fmt.Sprint("orders-", i)
				_, _ = r.IsActive(t.Context(), trigger)
			}
		}
		askAll()
		wantLines(t, written, 60, "level=WARN")
		time.Sleep(time.Minute)
		askAll()
		wantLines(t, written, 120, "level=WARN")
		wantLines(t, written, 1, "unlogged=940")
	})
}

func TestRefusalIsLoggedOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := newLog()
		refused := always(scalers.Evaluation{}, scalers.Errorf(scalers.CauseRefused, "topic is missing"))
		r := serve(t, lend(refused), server.Options{Log: log})
		for range 24 {
			_, _ = r.IsActive(t.Context(), ref())
			time.Sleep(time.Hour)
		}
		wantLines(t, written, 1, "level=WARN")
	})
}

func TestMistakesOfOursAreErrorsAndClientsThatGoAreNothing(t *testing.T) {
	log, written := newLog()
	r := serve(t, lend(always(scalers.Evaluation{}, fmt.Errorf("odd\nlevel=ERROR forged"))), server.Options{Log: log})
	_, _ = r.IsActive(t.Context(), ref())
	wantLines(t, written, 1, "level=ERROR msg")

	log, written = newLog()
	r = serve(t, lend(always(scalers.Evaluation{}, context.Canceled)), server.Options{Log: log})
	_, _ = r.IsActive(t.Context(), ref())
	if written.String() != "" {
		t.Errorf("logged: %s", written)
	}
}

func TestPanicAtEveryPollDoesNotFloodTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := newLog()
		scaler := &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			explode()
			return scalers.Evaluation{}, nil
		}}
		p := serve(t, lend(scaler), server.Options{Log: log}).open(t)
		time.Sleep(time.Minute)
		wantOpen(t, p)
		wantStack(t, written, "server_test.explode")
	})
}

func TestLogLinesAreBounded(t *testing.T) {
	log, written := newLog()
	long := fmt.Errorf("%s", strings.Repeat("x", 100_000))
	_, _ = serve(t, lend(always(scalers.Evaluation{}, long)), server.Options{Log: log}).IsActive(t.Context(), ref())
	if got := len(written.String()); got == 0 || got > 1000 {
		t.Errorf("logged %d bytes", got)
	}
}

func TestOutageSeenByAStreamIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := newLog()
		causes := []scalers.Cause{scalers.CauseTimedOut, scalers.CauseUnreachable} // on opening, and then when polled
		scaler := &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			cause := causes[0]
			causes = causes[len(causes)-1:]
			return scalers.Evaluation{}, scalers.Errorf(cause, "no broker answers")
		}}
		p := serve(t, lend(scaler), server.Options{Log: log}).open(t)
		time.Sleep(time.Minute)
		wantOpen(t, p)
		wantLines(t, written, 1, "code=DeadlineExceeded")
		wantLines(t, written, 1, "code=Unavailable")
	})
}
