package server_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
	"github.com/lagwise/lagwise/test/transcript"
)

func newLog() (*slog.Logger, *transcript.Text) {
	l := &transcript.Text{}
	return slog.New(slog.NewTextHandler(l, nil)), l
}

func wantStack(t *testing.T, log *transcript.Text, function string) {
	t.Helper()
	if text := log.String(); strings.Count(text, "level=ERROR") != 1 || !strings.Contains(text, function) {
		t.Errorf("want one error with the stack of %s, got:\n%s", function, text)
	}
}

func explode() { panic("password=hunter2") }

func TestPanicFellsOnlyItsOwnCall(t *testing.T) {
	for name, scaler := range map[string]scalers.Scaler{
		"in Evaluate": &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			explode()
			return scalers.Evaluation{}, nil
		}},
		"in Metric": &fakeScaler{metric: func() scalers.Metric {
			explode()
			return scalers.Metric{}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			log, written := newLog()
			r := serve(t, lend(scaler), server.Options{Log: log})
			_, err := r.GetMetrics(t.Context(), request())
			wantCode(t, err, codes.Internal)
			if strings.Contains(status.Convert(err).Message(), "hunter2") {
				t.Errorf("the client was told the panic's value: %v", err)
			}
			wantStack(t, written, "server_test.explode")
			if _, err := r.IsActive(t.Context(), nil); status.Code(err) != codes.InvalidArgument {
				t.Errorf("the server no longer answers: %v", err)
			}
		})
	}
}

func TestPanicOfAStreamEndsOnlyThatStream(t *testing.T) {
	log, written := newLog()
	r := serve(t, lend(&fakeScaler{metric: func() scalers.Metric {
		explode()
		return scalers.Metric{}
	}}), server.Options{Log: log})
	stream, err := r.StreamMetricSpec(t.Context(), ref())
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	wantCode(t, err, codes.Internal)
	wantStack(t, written, "server_test.explode")
	if _, err := r.IsActive(t.Context(), ref()); err != nil {
		t.Errorf("the server no longer answers: %v", err)
	}
}

func TestPanicOfAWatchEndsOnlyItsStream(t *testing.T) {
	log, written := newLog()
	w := &fakeWatcher{watch: func(context.Context, func(scalers.Evaluation) error) error {
		explode()
		return nil
	}}
	r := serve(t, lend(w), server.Options{Log: log})
	stream, err := r.StreamIsActive(t.Context(), ref())
	if err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	wantCode(t, err, codes.Internal)
	wantStack(t, written, "server_test.explode")
	if _, err := r.IsActive(t.Context(), ref()); err != nil {
		t.Errorf("the server no longer answers: %v", err)
	}
}

func TestPanicAfterTheCallerLeftIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, written := newLog()
		scaler := &fakeScaler{evaluate: func(context.Context) (scalers.Evaluation, error) {
			time.Sleep(time.Minute)
			explode()
			return scalers.Evaluation{}, nil
		}}
		r := serve(t, lend(scaler), server.Options{Log: log})
		_, err := r.IsActive(t.Context(), ref())
		wantCode(t, err, codes.DeadlineExceeded)
		time.Sleep(time.Minute)
		wantStack(t, written, "server_test.explode")
	})
}
