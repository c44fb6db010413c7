package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// page is an output that tells when all of some texts were printed on it.
type page struct {
	mu      sync.Mutex
	text    strings.Builder
	awaited []*regexp.Regexp
	seen    chan struct{}
}

func newPage(awaited ...string) *page {
	p := &page{seen: make(chan struct{})}
	for _, text := range awaited {
		p.awaited = append(p.awaited, regexp.MustCompile(text))
	}
	return p
}

func (p *page) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, err := p.text.Write(text)
	if len(p.awaited) == 0 {
		return n, err
	}
	printed := p.text.String()
	p.awaited = slices.DeleteFunc(p.awaited, func(awaited *regexp.Regexp) bool { return awaited.MatchString(printed) })
	if len(p.awaited) == 0 {
		close(p.seen)
	}
	return n, err
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// missing are the texts that were not printed yet.
func (p *page) missing() []*regexp.Regexp {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.awaited)
}

// The demo plays its story every 20 seconds. A busy machine may need more than one of them until all was seen.
func TestDemoScales(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	out, errs := newPage(
		`grpcurl -plaintext -d '\{"scaledObjectRef"`,
		`(?m)^ +\d+\.\ds  orders +0 +0 +0 +0 +no +0 +10 +0 +asleep`,
		`producer +115 records a second to topic orders`,
		`lagwise +orders is active: pushed over StreamIsActive \d+ ms after the first record`,
		`KEDA +orders 0 -> 1: active`,
		`HPA +orders 1 -> [2-5]: ceil\(\d+ / 10\)`,
		`(?m)s  orders .* yes .* ##+ working`,
		`misspelt +InvalidArgument: .*lagTreshold.*lagThreshold`,
	), newPage()
	go func() {
		select {
		case <-out.seen:
			stop()
		case <-ctx.Done():
		}
	}()
	code := run(ctx, []string{"demo", "--listen", "127.0.0.1:0"}, out, errs)
	if code != 0 || errs.String() != "" {
		t.Errorf("exit code %d, stderr %q", code, errs)
	}
	if missing := out.missing(); len(missing) > 0 || strings.Contains(out.String(), "\x1b") { // escape codes without a terminal
		t.Errorf("the demo did not print %q:\n%s", missing, out)
	}
}

func TestDemoEndsByItself(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var out, errs strings.Builder
	code := run(ctx, []string{"demo", "--listen", "127.0.0.1:0", "--duration", "1s"}, &out, &errs)
	if code != 0 || ctx.Err() != nil || errs.Len() > 0 || !strings.HasSuffix(out.String(), "The demo has ended.\n") {
		t.Errorf("exit code %d, %v, stderr %q:\n%s", code, ctx.Err(), &errs, &out)
	}
}

// TestDemoEndsWhenAsked runs alone, so that every goroutine that is left is the demo's.
func TestDemoEndsWhenAsked(t *testing.T) {
	before := goleak.IgnoreCurrent()
	defer goleak.VerifyNone(t, before)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, errs := newPage("KEDA       orders 0 -> 1"), newPage()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"demo", "--listen", "127.0.0.1:0"}, out, errs) }()

	select {
	case <-out.seen:
	case code := <-ended:
		t.Fatalf("ended by itself with %d:\n%s%s", code, out, errs)
	}
	stop()
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("exit code %d: %s", code, errs)
		}
	case <-time.After(time.Minute):
		t.Error("it goes on")
	}
}

func TestDemoTakesAnotherPort(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	taken, err := listenSomewhere(ctx, "127.0.0.1:0", newPage())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()

	out := newPage()
	other, err := listenSomewhere(ctx, taken.Addr().String(), out)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	if want := taken.Addr().String() + " is in use: taking another port.\n"; out.String() != want {
		t.Errorf("said %q, want %q", out, want)
	}
}
