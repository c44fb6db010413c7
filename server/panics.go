package server

import (
	"context"
	"log/slog"
	"runtime/debug"
)

// panicError is a panic that was caught. The client learns only that there was one: a panic's value may hold anything.
type panicError struct {
	value any
	stack []byte
}

// newPanicError is called while the panicking goroutine's stack still stands, i.e. from a deferred function.
func newPanicError(value any) *panicError {
	return &panicError{value: value, stack: debug.Stack()}
}

func (*panicError) Error() string {
	return "lagwise panicked while it worked out this answer; its log holds the stack"
}

// log is for a panic of which nothing more is known.
func (p *panicError) log(ctx context.Context, log *slog.Logger) {
	log.LogAttrs(ctx, slog.LevelError, "caught a panic", p.attributes()...)
}

func (p *panicError) attributes() []slog.Attr {
	return []slog.Attr{slog.Any("panic", p.value), slog.String("stack", string(p.stack))}
}

// catch turns a panic of the function that defers it into that function's error. gRPC's interceptors see only the
// goroutine of the call; every other goroutine that runs a scaler's code defers catch.
func catch(err *error) {
	if value := recover(); value != nil {
		*err = newPanicError(value)
	}
}
