package scalers

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lagwise/lagwise/scalers/share"
)

// DefaultScaler is the source of a trigger that names none.
const DefaultScaler = "kafka"

// RegistryOptions are the registry's limits; zero values give the defaults.
type RegistryOptions struct {
	// IdleAfter is how long a scaler lives after the last question about its trigger; 10 minutes by default.
	IdleAfter time.Duration
	// MaxTriggers bounds the scalers alive at once; 50,000 by default.
	MaxTriggers int
	// MaxMetadata bounds the size of their metadata together, in bytes; 64 MiB by default.
	MaxMetadata int
	Log         *slog.Logger
}

// Registry keeps one Scaler for each distinct trigger while somebody asks about it or holds it, and closes it
// afterwards. It is safe for concurrent use.
type Registry struct {
	factories map[string]Factory
	options   RegistryOptions

	journal *journal

	mu      sync.Mutex
	entries map[fingerprint]*entry
	// building are the triggers whose scalers are being built, each with what is closed when that has ended.
	building map[fingerprint]chan struct{}
	// triggers counts those that are alive or being built, metadata the size of their metadata in bytes, which what is kept of them is in
	// proportion to.
	triggers, metadata share.Shares
	// begun counts the triggers that there ever were.
	begun uint64
}

// entry is a scaler and who needs it. A stream holds a lease as long as it is open; a unary call for its duration.
type entry struct {
	scaler accounted
	built  Scaler // what the account is of
	source string
	serial uint64
	// namespace is that of the trigger, size that of its metadata, in bytes.
	namespace string
	size      int
	leases    int
	lastUsed  time.Time
}

// NewRegistry makes scalers by the factory that a trigger's "scaler" key names.
func NewRegistry(factories map[string]Factory, options RegistryOptions) *Registry {
	if options.IdleAfter <= 0 {
		options.IdleAfter = 10 * time.Minute
	}
	if options.MaxTriggers <= 0 {
		options.MaxTriggers = 50_000
	}
	if options.MaxMetadata <= 0 {
		options.MaxMetadata = 64 << 20
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	return &Registry{factories: factories, options: options, journal: newJournal(options.Log), entries: map[fingerprint]*entry{}, building: map[fingerprint]chan struct{}{}}
}

// Acquire lends the trigger's scaler until release is called; release may be called more than once. Two triggers that
// are alike in every word share one scaler. It fails with CauseExhausted when too many triggers are alive. A scaler is built
// once, by whoever asks first, and without the registry's lock: a build that takes its time delays its own trigger alone.
func (r *Registry) Acquire(trigger Trigger) (scaler Scaler, release func(), err error) {
	key := fingerprintOf(trigger)
	for {
		r.mu.Lock()
		if e, found := r.entries[key]; found {
			defer r.mu.Unlock()
			return e.scaler, r.lend(e), nil
		}
		built, building := r.building[key]
		if !building {
			return r.begin(key, trigger)
		}
		r.mu.Unlock()
		<-built
	}
}

// begin builds the scaler of a new trigger. It expects the lock, and leaves without it.
func (r *Registry) begin(key fingerprint, trigger Trigger) (scaler Scaler, release func(), err error) {
	size := sizeOf(trigger)
	// A trigger that is known was checked when it was new.
	refused := errors.Join(checkNames(trigger), checkText(trigger.Metadata))
	exhausted := r.full(trigger.Namespace, size)
	if refused != nil || exhausted != nil {
		r.mu.Unlock()
		if refused != nil {
			return NewRefused(Metric{}, refused), func() {}, nil
		}
		return nil, nil, exhausted
	}
	r.begun++
	e := &entry{serial: r.begun, namespace: trigger.Namespace, size: size}
	built := make(chan struct{})
	r.building[key] = built
	r.count(e, 1)
	r.mu.Unlock()

	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.building, key)
		close(built)
		if e.built == nil { // the factory panicked
			r.count(e, -1)
			return
		}
		r.entries[key] = e
		release = r.lend(e)
	}()
	e.source, e.built = r.build(trigger)
	// The metadata is not kept: it may hold anything.
	e.scaler = openAccount(Trigger{Namespace: trigger.Namespace, Name: trigger.Name}, e.built, r.journal)
	return e.scaler, nil, nil
}

// lend expects the lock.
func (r *Registry) lend(e *entry) (release func()) {
	e.leases++
	e.lastUsed = time.Now()
	return (&lease{registry: r, entry: e}).release
}

// full returns why there is no room for one more trigger of the namespace with so much metadata; nil when there is.
func (r *Registry) full(namespace string, more int) error {
	if err := r.triggers.Room(namespace, 1, r.options.MaxTriggers); err != nil {
		return Errorf(CauseExhausted, "limits.triggers of lagwise's configuration: %w", err)
	}
	if err := r.metadata.Room(namespace, more, r.options.MaxMetadata); err != nil {
		return Errorf(CauseExhausted, "limits.metadataBytes of lagwise's configuration: this trigger has %d bytes of metadata: %w", more, err)
	}
	return nil
}

// count adds a trigger to what its namespace has, or takes it away. It expects the lock.
func (r *Registry) count(e *entry, change int) {
	r.triggers.Add(e.namespace, change)
	r.metadata.Add(e.namespace, change*e.size)
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

func (r *Registry) build(trigger Trigger) (source string, scaler Scaler) {
	name := strings.TrimSpace(trigger.Metadata["scaler"])
	if name == "" {
		name = DefaultScaler
	}
	factory, found := r.factories[name]
	if !found {
		known := slices.Sorted(maps.Keys(r.factories))
		return "unknown", NewRefused(Metric{}, Errorf(CauseRefused, "scaler %s: want one of %s", Quote(name), strings.Join(known, ", ")))
	}
	return name, factory(trigger)
}

// Run closes scalers that nobody asked about for IdleAfter, until ctx ends; then it closes them all.
func (r *Registry) Run(ctx context.Context) error {
	ticker := time.NewTicker(r.options.IdleAfter / 4)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			r.waitForBuilds()
			r.evict(func(*entry) bool { return true })
			return nil
		case now := <-ticker.C:
			r.evict(func(e *entry) bool { return e.leases == 0 && now.Sub(e.lastUsed) >= r.options.IdleAfter })
		}
	}
}

// Forget closes the scalers that are outdated, whoever holds them: what they were built of has changed. The next question
// about such a trigger builds its scaler anew. It waits for the builds that have begun, because they may be of what was before.
func (r *Registry) Forget(outdated func(Scaler) bool) {
	r.waitForBuilds()
	r.evict(func(e *entry) bool { return outdated(e.built) })
}

func (r *Registry) waitForBuilds() {
	r.mu.Lock()
	begun := slices.Collect(maps.Values(r.building))
	r.mu.Unlock()
	for _, built := range begun {
		<-built
	}
}

// SetMaxTriggers changes the bound on the scalers alive at once. Those that are stay.
func (r *Registry) SetMaxTriggers(most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options.MaxTriggers = most
}

// evict removes matching entries first and closes them without the lock, because closing may wait for a source.
func (r *Registry) evict(matches func(*entry) bool) {
	r.mu.Lock()
	var evicted []accounted
	for key, e := range r.entries {
		if matches(e) {
			delete(r.entries, key)
			r.count(e, -1)
			evicted = append(evicted, e.scaler)
		}
	}
	r.mu.Unlock()

	for _, scaler := range evicted {
		if err := scaler.Close(); err != nil {
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

// Standings tell how every trigger that is alive stands, the oldest first.
func (r *Registry) Standings() []Standing {
	return r.standingsOf(math.MaxInt, func(*entry) bool { return true })
}

// maxName is Kubernetes' bound on names (RFC 1123 subdomains). Names are kept, shown and logged.
const maxName = 253

func checkNames(trigger Trigger) error {
	for _, name := range []string{trigger.Namespace, trigger.Name} {
		if len(name) > maxName {
			return Errorf(CauseRefused, "the name %s has %d bytes: Kubernetes knows at most %d", Quote(name), len(name), maxName)
		}
	}
	return nil
}

func sizeOf(trigger Trigger) int {
	size := len(trigger.Namespace) + len(trigger.Name)
	for name, value := range trigger.Metadata {
		size += len(name) + len(value)
	}
	return size
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
