package server

import (
	"cmp"
	"log/slog"
	"time"

	"google.golang.org/grpc"
)

// Options are the bounds of a Server. Zero stands for a field's default, and so does less
// than zero where nothing else is said.
type Options struct {
	// EvaluateTimeout bounds every GetMetrics and IsActive. KEDA sets no deadline and holds back pushes while it waits
	// (pkg/scalers/external_scaler.go), so keep it below two seconds. The scaler itself gets nine tenths of it, the rest
	// is for its answer's way. Default 1.5 s.
	EvaluateTimeout time.Duration
	// ShutdownTimeout is how long Run waits for calls in flight once its context has ended. Default 10 s.
	ShutdownTimeout time.Duration
	// MinPushInterval is the least time between two pushes on one stream. Default 1 s.
	MinPushInterval time.Duration
	// RepeatInterval is the time from a push to its first repeat; it doubles with each further repeat. Default 5 s.
	RepeatInterval time.Duration
	// RepeatCount is how many times a push is repeated while the trigger stays active; negative for never. Default 2:
	// pushes after 0, 5 and 15 seconds, after which KEDA's own polls (every 30 s by default) have taken over.
	RepeatCount int
	// PollInterval is how often an open stream asks a scaler that is not a scalers.Watcher. Default 1 s.
	PollInterval time.Duration
	// MaxReceiveBytes bounds one request. Default 256 KiB, four times what a trigger's metadata may hold.
	MaxReceiveBytes int
	// MaxStreams bounds what is open at once on one connection. KEDA has a single connection for two streams of each trigger,
	// so a small bound would leave triggers without pushes. Default 110,000: 50,000 triggers and calls beside them. All connections
	// together have half as many again, of which a namespace has its share (package share).
	MaxStreams int
	// ConnectTimeout bounds the time from a connection's first byte to its first call (TLS, and HTTP/2's preface and settings),
	// and that from a call's headers to its request. Default 10 s.
	ConnectTimeout time.Duration
	// Guard asks for TLS and for certificates; nil serves without.
	Guard *Guard
	// MaxHeaderBytes bounds the headers of one request. Default 16 KiB.
	MaxHeaderBytes uint32
	// Log takes what goes wrong. Default: discarded.
	Log *slog.Logger
	// Meter counts calls, streams and pushes. Default: nobody counts.
	Meter Meter
	// GRPC is added to the options of the gRPC server, e.g. transport credentials.
	GRPC []grpc.ServerOption
}

func (o Options) withDefaults() Options {
	unlessPositive(&o.EvaluateTimeout, 1500*time.Millisecond)
	unlessPositive(&o.ShutdownTimeout, 10*time.Second)
	unlessPositive(&o.MinPushInterval, time.Second)
	unlessPositive(&o.RepeatInterval, 5*time.Second)
	unlessPositive(&o.PollInterval, time.Second)
	unlessPositive(&o.MaxReceiveBytes, 256<<10)
	unlessPositive(&o.MaxStreams, 110_000)
	unlessPositive(&o.ConnectTimeout, 10*time.Second)
	unlessPositive(&o.MaxHeaderBytes, 16<<10)
	if o.RepeatCount == 0 {
		o.RepeatCount = 2
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Meter == nil {
		o.Meter = unmetered{}
	}
	return o
}

func unlessPositive[T cmp.Ordered](field *T, value T) {
	var zero T
	if *field <= zero {
		*field = value
	}
}

func (o Options) pace() pace {
	return pace{
		minInterval:    o.MinPushInterval,
		repeatInterval: o.RepeatInterval,
		repeats:        o.RepeatCount,
	}
}
