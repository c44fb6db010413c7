package main

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// page is an output that tells when a text was printed on it.
type page struct {
	mu      sync.Mutex
	text    strings.Builder
	awaited string
	seen    chan struct{}
}

func newPage(awaited string) *page { return &page{awaited: awaited, seen: make(chan struct{})} }

func (p *page) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.text.Write(text)
	if p.awaited != "" && strings.Contains(p.text.String(), p.awaited) {
		p.awaited = ""
		close(p.seen)
	}
	return n, err
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

func TestDemoScalesAndEndsByItself(t *testing.T) {
	t.Parallel()
	var out, errs strings.Builder
	code := run(t.Context(), []string{"demo", "--listen", "127.0.0.1:0", "--duration", "12s"}, &out, &errs)
	if code != 0 || errs.Len() > 0 {
		t.Errorf("exit code %d, stderr %q", code, errs.String())
	}
	for _, want := range []string{
		`grpcurl -plaintext -d '\{"scaledObjectRef"`,
		`(?m)^ +0\.\ds  orders +0 +0 +0 +0 +no +0 +10 +0 +asleep`,
		`producer +115 records a second to topic orders`,
		`lagwise +orders is active: pushed over StreamIsActive \d+ ms after the first record`,
		`KEDA +orders 0 -> 1: active`,
		`HPA +orders 1 -> [2-5]: ceil\(\d+ / 10\)`,
		`(?m)s  orders .* yes .* ##+ working`,
		`misspelt +InvalidArgument: .*lagTreshold.*lagThreshold`,
		`The demo has ended\.\n$`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("the demo did not print %s", want)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("escape codes without a terminal")
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// TestDemoEndsWhenAsked runs alone, so that every goroutine that is left is the demo's.
func TestDemoEndsWhenAsked(t *testing.T) {
	before := goleak.IgnoreCurrent()
	defer goleak.VerifyNone(t, before)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, errs := newPage("KEDA       orders 0 -> 1"), newPage("")
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"demo", "--listen", "127.0.0.1:0"}, out, errs) }()

	select {
	case <-out.seen:
	case code := <-ended:
		t.Fatalf("ended by itself with %d:\n%s%s", code, out, errs)
	}
	asked := time.Now()
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if took := time.Since(asked); took > 2*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

func TestDemoTakesAnotherPort(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	taken, err := listenSomewhere(ctx, "127.0.0.1:0", newPage(""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()

	out := newPage("")
	other, err := listenSomewhere(ctx, taken.Addr().String(), out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if want := taken.Addr().String() + " is in use: taking another port.\n"; out.String() != want {
		t.Errorf("said %q, want %q", out, want)
	}
}
