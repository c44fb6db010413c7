package server_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/server"
)

// discreet is a scaler whose time-outs its callers may not read.
type discreet struct{ *fakeScaler }

func (d discreet) Redact(err error) error {
	return &scalers.Redacted{Err: err, Caller: scalers.Errorf(scalers.CauseUnreachable, "see the log")}
}

// The caller reads what an error has for callers, and the log has all of it; so it is with a time-out of the server's own.
func TestCallersReadLessThanTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging, letGo := stuck()
		for logged, scaler := range map[string]scalers.Scaler{
			"connection refused":    always(scalers.Evaluation{}, scalers.CannotConnect("kafka:9092", errors.New("connection refused"))),
			"no answer within 1.5s": discreet{hanging},
		} {
			log, written := newLog()
			r := serve(t, lend(scaler), server.Options{Log: log})
			_, err := r.IsActive(t.Context(), ref())
			wantCode(t, err, codes.Unavailable)
			if text := status.Convert(err).Message(); strings.Contains(text, logged) || !strings.Contains(text, "log") {
				t.Errorf("the caller reads %q", text)
			}
			wantLines(t, written, 1, logged)
		}
		letGo()
	})
}
