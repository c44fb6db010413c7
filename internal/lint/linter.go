package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// Source is a scaler as the linter needs it: its keys, and its factory, which refuses what a trigger may not say.
type Source struct {
	Keys  scalers.KeyTable
	Build scalers.Factory
}

// Linter knows the scalers, and what else cannot be read in a manifest.
type Linter struct {
	// Sources are the scalers by the names that triggers use.
	Sources map[string]Source
	// Partitions are how many a topic has, where somebody said so.
	Partitions map[string]int
	// Today is the day from which windows are looked at, for a year: clocks change in it.
	Today time.Time
}

// Tables are the key tables of sources, by the same names.
func Tables(sources map[string]Source) map[string]scalers.KeyTable {
	tables := map[string]scalers.KeyTable{}
	for name, source := range sources {
		tables[name] = source.Keys
	}
	return tables
}

// Workloads finds what is wrong with them, rule by rule; Sort puts that in the order of the text.
func (l Linter) Workloads(workloads []manifest.Workload) []Finding {
	return slices.Concat(l.Each(workloads)...)
}

// Each finds the same, for each workload by itself.
func (l Linter) Each(workloads []manifest.Workload) [][]Finding {
	findings := make([][]Finding, len(workloads))
	rules, judged := Rules(), map[window]verdict{}
	for i, w := range workloads {
		s := l.subject(w)
		s.judged = judged
		for _, rule := range rules {
			for _, h := range rule.look(s) {
				findings[i] = append(findings[i], Finding{Rule: rule, Place: h.place, Workload: s.title(), Trigger: h.trigger, Text: h.text})
			}
		}
	}
	return findings
}

// Sort orders findings as they should be read: files as they came, then lines, then the worst first.
func Sort(findings []Finding) {
	files := map[string]int{}
	for _, finding := range findings {
		if _, known := files[finding.Place.File]; !known {
			files[finding.Place.File] = len(files)
		}
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		if by := files[a.Place.File] - files[b.Place.File]; by != 0 {
			return by
		}
		if by := a.Place.Compare(b.Place); by != 0 {
			return by
		}
		return slices.Index(Severities(), a.Rule.Severity) - slices.Index(Severities(), b.Rule.Severity)
	})
}

// subject is a workload, and what is known about whose its triggers are.
type subject struct {
	manifest.Workload
	Linter
	triggers []trigger
	// judged are the windows that were looked at, of all workloads.
	judged map[window]verdict
}

func (l Linter) subject(w manifest.Workload) subject {
	s := subject{Workload: w, Linter: l}
	for _, t := range w.Triggers {
		s.triggers = append(s.triggers, l.trigger(w, t))
	}
	return s
}

func (s subject) title() string {
	name := s.Name
	if s.Namespace != "" {
		name = s.Namespace + "/" + name
	}
	return strings.TrimSpace(s.Kind + " " + name)
}

// at is the place of a field, or of the workload where the field is not written.
func (s subject) at(path ...string) manifest.Place {
	if place, found := s.At(path...); found {
		return place
	}
	return s.Place
}

// sleeps says whether it ever goes to zero, or to its idle count.
func (s subject) sleeps() bool {
	return s.Spec.MinReplicaCount == nil || *s.Spec.MinReplicaCount == 0 || s.Spec.IdleReplicaCount != nil
}

// maxReplicas is what is written, or KEDA's default, which ScaledObjects and ScaledJobs share.
func (s subject) maxReplicas() int64 {
	if s.Spec.MaxReplicaCount == nil {
		return 100
	}
	return int64(*s.Spec.MaxReplicaCount)
}

// pollingInterval is in seconds.
func (s subject) pollingInterval() int32 {
	if s.Spec.PollingInterval == nil {
		return 30
	}
	return *s.Spec.PollingInterval
}
