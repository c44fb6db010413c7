package scalers

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// DefaultScaler is the source of a trigger that names none.
const DefaultScaler = "kafka"

// RegistryOptions are the registry's limits; zero values give the defaults.
type RegistryOptions struct {
	// IdleAfter is how long a scaler lives after the last question about its trigger; 10 minutes by default.
	IdleAfter time.Duration
	// MaxTriggers bounds the scalers alive at once; 50,000 by default.
	MaxTriggers int
	Log         *slog.Logger
}

// Registry keeps one Scaler for each distinct trigger while somebody asks about it or holds it, and closes it
// afterwards. It is safe for concurrent use.
type Registry struct {
	factories map[string]Factory
	options   RegistryOptions

	mu      sync.Mutex
	entries map[fingerprint]*entry
}

// entry is a scaler and who needs it. A stream holds a lease as long as it is open; a unary call for its duration.
type entry struct {
	scaler   Scaler
	leases   int
	lastUsed time.Time
}

// NewRegistry makes scalers by the factory that a trigger's "scaler" key names.
func NewRegistry(factories map[string]Factory, options RegistryOptions) *Registry {
	if options.IdleAfter <= 0 {
		options.IdleAfter = 10 * time.Minute
	}
	if options.MaxTriggers <= 0 {
		options.MaxTriggers = 50_000
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Registry{factories: factories, options: options, entries: map[fingerprint]*entry{}}
}

// Acquire lends the trigger's scaler until release is called; release may be called more than once. Two triggers that
// are alike in every word share one scaler. It fails with CauseExhausted when too many triggers are alive.
func (r *Registry) Acquire(trigger Trigger) (scaler Scaler, release func(), err error) {
	key := fingerprintOf(trigger)

	r.mu.Lock()
	defer r.mu.Unlock()
	e, found := r.entries[key]
	if !found {
		// A trigger that is known was looked at when it was new.
		if err := checkText(trigger.Metadata); err != nil {
			return NewRefused(Metric{}, err), func() {}, nil
		}
		if len(r.entries) >= r.options.MaxTriggers {
			return nil, nil, Errorf(CauseExhausted, "%d triggers are alive already, the limit of this lagwise", len(r.entries))
		}
		e = &entry{scaler: r.build(trigger)}
		r.entries[key] = e
	}
	e.leases++
	e.lastUsed = time.Now()
	return e.scaler, (&lease{registry: r, entry: e}).release, nil
}

// lease keeps a scaler alive until it is released.
type lease struct {
	registry *Registry
	entry    *entry
	released bool
}

func (l *lease) release() {
	l.registry.mu.Lock()
	defer l.registry.mu.Unlock()
	if l.released {
		return
	}
	l.released = true
	l.entry.leases--
	l.entry.lastUsed = time.Now()
}

func (r *Registry) build(trigger Trigger) Scaler {
	name := strings.TrimSpace(trigger.Metadata["scaler"])
	if name == "" {
		name = DefaultScaler
	}
	factory, found := r.factories[name]
	if !found {
		known := slices.Sorted(maps.Keys(r.factories))
		return NewRefused(Metric{}, Errorf(CauseRefused, "scaler %s: want one of %s", Quote(name), strings.Join(known, ", ")))
	}
	return factory(trigger)
}

// Run closes scalers that nobody asked about for IdleAfter, until ctx ends; then it closes them all.
func (r *Registry) Run(ctx context.Context) error {
	ticker := time.NewTicker(r.options.IdleAfter / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			r.evict(func(*entry) bool { return true })
			return nil
		case now := <-ticker.C:
			r.evict(func(e *entry) bool { return e.leases == 0 && now.Sub(e.lastUsed) >= r.options.IdleAfter })
		}
	}
}

// evict removes matching entries first and closes them without the lock, because closing may wait for a source.
func (r *Registry) evict(matches func(*entry) bool) {
	r.mu.Lock()
	var evicted []Scaler
	for key, e := range r.entries {
		if matches(e) {
			delete(r.entries, key)
			evicted = append(evicted, e.scaler)
		}
	}
	r.mu.Unlock()

	for _, scaler := range evicted {
		closer, ok := scaler.(io.Closer)
		if !ok {
			continue
		}
		if err := closer.Close(); err != nil {
			r.options.Log.Error("closing a scaler", "metric", scaler.Metric().Name, "error", err)
		}
	}
}

// Len is the number of scalers alive.
func (r *Registry) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.entries)
}

// fingerprint identifies a trigger by everything that KEDA says about it.
type fingerprint [sha256.Size]byte

// fingerprintOf writes each word with its length before it, so that no two triggers run together into the same bytes.
func fingerprintOf(trigger Trigger) fingerprint {
	names := make([]string, 0, len(trigger.Metadata))
	for name := range trigger.Metadata {
		names = append(names, name)
	}
	slices.Sort(names)
	text := make([]byte, 0, 1024)
	for _, word := range []string{trigger.Namespace, trigger.Name} {
		text = appendWord(text, word)
	}
	for _, name := range names {
		text = appendWord(text, name)
		text = appendWord(text, trigger.Metadata[name])
	}
	return sha256.Sum256(text)
}

func appendWord(text []byte, word string) []byte {
	text = binary.AppendUvarint(text, uint64(len(word)))
	return append(text, word...)
}

// String names the trigger for logs.
func (t Trigger) String() string { return fmt.Sprintf("%s/%s", t.Namespace, t.Name) }
