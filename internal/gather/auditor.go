package gather

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/lagwise/lagwise/internal/audit"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
)

// Auditor asks KEDA and lagwise about every trigger of a cluster, once or for as long as it is told to.
type Auditor struct {
	Kubectl Kubectl
	// Namespace is the only one to look at; empty for all.
	Namespace string
	Known     audit.Known
	Linter    lint.Linter
	Build     Build
	// Watch is for how long to go on, a round every Interval; 0 for one round.
	Watch, Interval time.Duration
	Tolerance       float64
	// Refresh is how often lagwise observes.
	Refresh time.Duration
	Version string
	// Tell hears of what happens on the way, in one line each.
	Tell func(string)

	subjects []audit.Subject
	shadow   shadow
	mu       sync.Mutex // guards found.Watched while a round asks about all triggers at once
	found    audit.Found
}

// Run audits until it is through, or ctx ends; both give what was found. It fails when the cluster cannot be read at all.
func (a *Auditor) Run(ctx context.Context) (audit.Found, error) {
	if err := a.begin(ctx); err != nil {
		return audit.Found{}, err
	}
	deadline := a.found.From.Add(a.Watch)
	ticker := time.NewTicker(a.Interval)
	defer ticker.Stop()
	for a.round(ctx); a.Watch > 0 && ctx.Err() == nil && time.Now().Add(a.Interval).Before(deadline); a.round(ctx) {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			a.readAgain(ctx)
		}
	}
	a.found.Until, a.found.EndedEarly = time.Now(), ctx.Err() != nil
	a.found.Subjects = a.subjects
	return a.found, nil
}

func (a *Auditor) begin(ctx context.Context) error {
	workloads, states, err := a.Kubectl.workloads(ctx, a.Namespace)
	if err != nil {
		return err
	}
	a.subjects = audit.Subjects(workloads, states, a.Known)
	a.found = audit.Found{
		Version: a.Version, From: time.Now(), Tolerance: a.Tolerance, Refresh: a.Refresh,
		Watched: map[audit.Key]audit.Watched{}, Gone: map[audit.Key]string{}, Findings: a.lint(workloads),
	}
	a.shadow = newShadow(a.subjects, a.Build, a.Refresh)
	return nil
}

// lint looks at those workloads that have a trigger of lagwise's business.
func (a *Auditor) lint(workloads []manifest.Workload) map[audit.Owner][]lint.Finding {
	ours := map[audit.Owner]bool{}
	for _, s := range a.subjects {
		ours[audit.Owner{Kind: s.Kind, Namespace: s.Namespace, Name: s.Workload}] = true
	}
	workloads = slices.DeleteFunc(slices.Clone(workloads), func(w manifest.Workload) bool { return !ours[ownerOf(w)] })
	findings := map[audit.Owner][]lint.Finding{}
	for i, found := range a.Linter.Each(workloads) { // together, because many have the same windows
		findings[ownerOf(workloads[i])] = found
	}
	return findings
}

func ownerOf(w manifest.Workload) audit.Owner {
	return audit.Owner{Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}
}

// readAgain takes what KEDA has written meanwhile. Triggers that were changed or deleted are not asked about any more, and new ones
// are left for the next audit.
func (a *Auditor) readAgain(ctx context.Context) {
	workloads, states, err := a.Kubectl.workloads(ctx, a.Namespace)
	if err != nil {
		if ctx.Err() == nil {
			a.Tell(fmt.Sprintf("%v: going on with what was read before", err))
		}
		return
	}
	now := map[audit.Key]audit.Subject{}
	for _, s := range audit.Subjects(workloads, states, a.Known) {
		now[s.Key] = s
	}
	for i, s := range a.subjects {
		switch latest, there := now[s.Key]; {
		case a.found.Gone[s.Key] != "":
		case !there:
			a.found.Gone[s.Key] = "it was deleted at " + time.Now().UTC().Format(time.TimeOnly) + " UTC; it was watched until then"
		case !s.SameTrigger(latest):
			a.found.Gone[s.Key] = "it was changed at " + time.Now().UTC().Format(time.TimeOnly) + " UTC; it was watched until then"
		default:
			a.subjects[i] = latest
		}
	}
}

// kubectls is how many of them run at once.
const kubectls = 4

// round asks about all triggers at once. What an interrupt cuts short does not count.
func (a *Auditor) round(ctx context.Context) {
	if ctx.Err() != nil && a.found.Rounds > 0 {
		return
	}
	turns := make(chan struct{}, kubectls)
	var asking sync.WaitGroup
	for _, s := range a.subjects {
		if a.found.Gone[s.Key] == "" {
			asking.Go(func() { a.ask(ctx, s, turns) })
		}
	}
	asking.Wait()
	a.found.Rounds++
}

// ask compares the two answers about one trigger, and notes what came of it.
func (a *Auditor) ask(ctx context.Context, s audit.Subject, turns chan struct{}) {
	sample, comparison := a.compare(ctx, s, turns)
	if early := s.TooEarly(time.Since(a.shadow.begun)); early != "" && comparison.Verdict == audit.Differs {
		comparison = audit.Comparison{Verdict: audit.Unknown, Note: early}
	}
	if ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	watched, begun := a.found.Watched[s.Key].Add(time.Now(), sample, comparison, s.Patience())
	a.found.Watched[s.Key] = watched
	if begun && a.Watch > 0 {
		a.Tell(fmt.Sprintf("%s: KEDA %s, lagwise %s", s.Key, sample.KEDA.Words(), sample.After.Words()))
	}
}

// attempts is how often a difference is looked at before it counts: nobody can ask both sides about the same instant.
const attempts = 3

func (a *Auditor) compare(ctx context.Context, s audit.Subject, turns chan struct{}) (sample audit.Sample, comparison audit.Comparison) {
	for range attempts {
		sample.Before = a.shadow.answer(ctx, s)
		sample.KEDA = a.askKEDA(ctx, s, turns)
		sample.After = sample.Before
		if sample.KEDA.Value != nil && sample.Before.Value != nil {
			sample.After = a.shadow.newer(ctx, s, sample.KEDA.At)
		}
		comparison = audit.Compare(sample, a.Tolerance)
		if comparison.Verdict != audit.Differs || ctx.Err() != nil {
			break
		}
	}
	return sample, comparison
}

func (a *Auditor) askKEDA(ctx context.Context, s audit.Subject, turns chan struct{}) audit.Answer {
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
		return a.Kubectl.answer(ctx, s)
	case <-ctx.Done():
		return audit.Answer{Why: "interrupted"}
	}
}
