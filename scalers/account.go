package scalers

import (
	"context"
	"errors"
	"io"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lagwise/lagwise/scalers/legible"
)

// account is a trigger's scaler, and what it has said so far. Every answer passes through it, so that a change of mind is
// logged once and people can see how each trigger stands. An answer that was heard before costs two atomic reads.
type account struct {
	Scaler
	// prompt is the scaler where it knows its answer without waiting, and nil otherwise.
	prompt  Prompt
	trigger Trigger
	journal *journal
	followers

	// heard are the time of observation of the latest answer, in nanoseconds, and whether it was active.
	heardAt     atomic.Int64
	heardActive atomic.Bool

	mu        sync.Mutex
	latest    Evaluation
	mood      mood
	decisions map[string]uint64
	failures  map[Cause]uint64
	trouble   string // of the latest failure, while there is one
}

// mood is what a trigger's latest answer was.
type mood int

const (
	silent mood = iota // nothing was answered yet
	failing
	idle
	busy
)

func moodOf(active bool) mood {
	if active {
		return busy
	}
	return idle
}

// openAccount gives back a Watcher where the scaler is one.
func openAccount(trigger Trigger, scaler Scaler, journal *journal) accounted { //nolint:ireturn // which of the two is decided here
	a := &account{Scaler: scaler, trigger: trigger, journal: journal, decisions: map[string]uint64{}, failures: map[Cause]uint64{}}
	a.prompt, _ = scaler.(Prompt)
	if watcher, ok := scaler.(Watcher); ok {
		return &watchedAccount{account: a, watcher: watcher}
	}
	return a
}

// accounted is what the registry needs of either kind of account.
type accounted interface {
	Prompt
	io.Closer
	describe(*Standing)
	of() Trigger
}

// Evaluate asks the scaler and takes its answer down.
func (a *account) Evaluate(ctx context.Context) (Evaluation, error) {
	evaluation, err := a.Scaler.Evaluate(ctx)
	switch {
	case err == nil:
		a.heard(evaluation)
	case !errors.Is(err, context.Canceled): // whoever asked went away
		a.failed(err)
	}
	return evaluation, err
}

// Known asks a scaler that may know its answer, and takes that down.
func (a *account) Known() (Evaluation, bool) {
	if a.prompt == nil {
		return Evaluation{}, false
	}
	evaluation, known := a.prompt.Known()
	if known {
		a.heard(evaluation)
	}
	return evaluation, known
}

// Redact has the scaler redact an error where it wants to.
func (a *account) Redact(err error) error {
	if redactor, ok := a.Scaler.(Redactor); ok {
		return redactor.Redact(err)
	}
	return err
}

// of names the trigger.
func (a *account) of() Trigger { return a.trigger }

// Close closes the scaler where that is needed.
func (a *account) Close() error {
	if closer, ok := a.Scaler.(io.Closer); ok {
		return closer.Close() //nolint:wrapcheck // the registry says what it was closing
	}
	return nil
}

// watchedAccount is the account of a Watcher.
type watchedAccount struct {
	*account
	watcher Watcher
}

// Watch takes down everything that is seen.
func (w *watchedAccount) Watch(ctx context.Context, seen func(Evaluation) error) error {
	return w.watcher.Watch(ctx, func(evaluation Evaluation) error {
		w.heard(evaluation)
		return seen(evaluation)
	})
}

// heard takes an answer down, unless it is the one that was heard last.
func (a *account) heard(evaluation Evaluation) {
	at := evaluation.ObservedAt.UnixNano()
	if a.heardAt.Load() == at && a.heardActive.Load() == evaluation.Active {
		return
	}
	before, earlier := a.takeDown(evaluation)
	if before != moodOf(evaluation.Active) {
		a.journal.changed(a.trigger, a.Metric(), before, evaluation)
	}
	if (earlier.Stalled > 0) != (evaluation.Stalled > 0) {
		a.journal.stalled(a.trigger, a.Metric(), evaluation)
	}
}

// takeDown gives back what was last taken down before; the same when this answer was overtaken on its way here.
func (a *account) takeDown(evaluation Evaluation) (before mood, earlier Evaluation) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := moodOf(evaluation.Active)
	if evaluation.ObservedAt.Before(a.latest.ObservedAt) {
		return now, evaluation
	}
	for _, reason := range evaluation.Reasons {
		a.decisions[reason.Rule]++
	}
	before, earlier = a.mood, a.latest
	a.mood, a.latest, a.trouble = now, evaluation, ""
	a.heardAt.Store(evaluation.ObservedAt.UnixNano())
	a.heardActive.Store(evaluation.Active)
	return before, earlier
}

// failed takes down that there was no answer. Whoever asked tells why, in the log as well.
func (a *account) failed(err error) {
	cause, _ := CauseOf(err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failures[cause]++
	a.mood, a.trouble = failing, legible.Short(err.Error(), longestTrouble)
	a.heardAt.Store(0)
}

// Standing is how one trigger stands, for people who watch lagwise.
type Standing struct {
	Namespace, Name string
	// Source is the trigger's scaler, such as kafka.
	Source string
	// Connection is what the source is read over; empty for a source that needs none, and for a trigger that is refused.
	Connection string
	// Serial is the running number of the trigger since this process began. An edited trigger is a new one.
	Serial uint64
	Metric Metric
	// Latest is the latest answer. Known says that it would be given at this moment: false before the first one, and when
	// there is an error instead.
	Latest Evaluation
	Known  bool
	// Decisions count the observations on which a rule had something to say, by rule; Failures the questions that had no
	// answer, by cause.
	Decisions map[string]uint64
	Failures  map[Cause]uint64
	// Trouble is why there was no answer when somebody last asked, in at most some 500 bytes; empty while Known.
	Trouble string
	// Streams are open about the trigger, and Pushes were sent on such since it is alive, repeats included.
	Streams int
	Pushes  uint64
	// Asked is when somebody last asked about the trigger, and Held says that a stream or a call holds it now.
	Asked time.Time
	Held  bool
}

// describe fills in what the account knows. A scaler that knows its answer is asked anew; of any other the latest counts.
func (a *account) describe(standing *Standing) {
	evaluation, known := a.Known()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.prompt == nil {
		known = a.mood == idle || a.mood == busy
	}
	if a.prompt == nil || !known {
		evaluation = a.latest
	}
	standing.Namespace, standing.Name, standing.Metric = a.trigger.Namespace, a.trigger.Name, a.Metric()
	standing.Latest, standing.Known = evaluation, known
	if connected, is := a.Scaler.(Connected); is {
		standing.Connection = connected.Connection()
	}
	if !known {
		standing.Trouble = a.trouble
	}
	standing.Streams, standing.Pushes = int(a.streams.Load()), a.pushes.Load()
	standing.Decisions, standing.Failures = maps.Clone(a.decisions), maps.Clone(a.failures)
}
