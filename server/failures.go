package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// failures is where errors end: each becomes a gRPC status, and a log line unless much the same was said of the same
// trigger a short while ago.
type failures struct {
	log   *slog.Logger
	quiet *quiet
}

func newFailures(log *slog.Logger) *failures {
	return &failures{log: log, quiet: newQuiet()}
}

// status logs an error and makes what the caller may read of it fit for the wire; nil stays nil.
func (f *failures) status(ctx context.Context, rpc string, ref *pb.ScaledObjectRef, err error) error {
	if err == nil {
		return nil
	}
	f.note(ctx, rpc, ref, err)
	shown := scalers.ForCaller(err)
	code := codeOf(shown)
	text := message(shown.Error())
	if text == "" {
		text = code.String()
	}
	return status.Error(code, text)
}

// note logs an error that the client is not told.
func (f *failures) note(ctx context.Context, rpc string, ref *pb.ScaledObjectRef, err error) {
	code := codeOf(err)
	panicked, isPanic := errors.AsType[*panicError](err)
	kind := code.String()
	if isPanic { // heard even right after another mistake of ours
		kind = "panic"
	}
	speak, unlogged := f.quiet.ask(time.Now(), f.quiet.about(ref, kind), silenceAfter(code))
	if !speak {
		return
	}
	attributes := []slog.Attr{
		slog.String("rpc", rpc),
		slog.String("namespace", ref.GetNamespace()),
		slog.String("name", ref.GetName()),
		slog.String("code", code.String()),
		slog.String("error", message(err.Error())),
	}
	if isPanic {
		attributes = append(attributes, panicked.attributes()...)
	}
	if unlogged > 0 {
		attributes = append(attributes, slog.Int("unlogged", unlogged))
	}
	f.log.LogAttrs(ctx, levelOf(code), "no answer for KEDA", attributes...)
}

// turnedAway logs that a client was not listened to, unless the same was said a short while ago.
func (f *failures) turnedAway(ctx context.Context, method string, err error) {
	speak, unlogged := f.quiet.ask(time.Now(), f.quiet.about(nil, err.Error()), silenceAfter(status.Code(err)))
	if speak {
		f.log.WarnContext(ctx, "a client was turned away", "rpc", method, "error", status.Convert(err).Message(), "unlogged", unlogged)
	}
}

// caught is what the recovery interceptors do with the panic of a handler. It is always logged: nobody knows here which
// trigger's it is.
func (f *failures) caught(ctx context.Context, value any) error {
	panicked := newPanicError(value)
	panicked.log(ctx, f.log)
	return status.Error(codeOf(panicked), panicked.Error())
}

// levelOf: a mistake of this process is an error, an outage or a wrong trigger is a warning to whoever runs it, and a
// client that went away is nothing.
func levelOf(code codes.Code) slog.Level {
	switch code {
	case codes.Internal:
		return slog.LevelError
	case codes.Canceled:
		return slog.LevelDebug
	default:
		return slog.LevelWarn
	}
}

// silenceAfter is how long a trigger's failure is not logged again. A refusal stays until somebody edits the trigger,
// which makes it another trigger.
func silenceAfter(code codes.Code) time.Duration {
	if code == codes.InvalidArgument {
		return 24 * time.Hour
	}
	return 5 * time.Minute
}
