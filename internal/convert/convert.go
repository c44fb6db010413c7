package convert

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
)

// Options say where triggers go and how.
type Options struct {
	// ToKEDA is the way back.
	ToKEDA bool
	// Type is what triggers become; empty means external-push, external in a ScaledJob, and on the way back KEDA's type of the
	// scaler.
	Type string
	// Address is where KEDA finds lagwise.
	Address string
	// Connection is the name of lagwise's connection for triggers that log in; empty leaves those as they are.
	Connection string
	// KeepAuthentication has triggers log in by the authenticationRef that they have, before they do by a connection.
	KeepAuthentication bool
	// At is a path to lists of triggers in documents of any kind; empty means ScaledObjects and ScaledJobs.
	At string
	// Sources are lagwise's scalers by their names.
	Sources map[string]lint.Source
}

// Note is what the author should know about one trigger.
type Note struct {
	Place manifest.Place
	// Left says that the trigger stays as it was.
	Left bool
	Text string
}

// Result is a file's new text.
type Result struct {
	Text []byte
	// Changed counts the triggers that are another's now.
	Changed int
	Notes   []Note
}

// Text converts a file. Documents that are no YAML stay as they are and are in the error, which manifest.Split takes apart; the
// result counts all the same.
func Text(file string, content []byte, o Options) (Result, error) {
	workloads, mistakes := o.read(file, content)
	if _, fatal := manifest.Split(mistakes); len(fatal) > 0 {
		return Result{Text: content}, mistakes
	}
	c := o.convert(file, content, workloads, nil)
	if errors.Is(c.err, errUnsafe) {
		// One trigger that is written in an unforeseen way keeps no other from being converted.
		c = o.convert(file, content, workloads, c.safe(slices.SortedFunc(maps.Keys(c.wanted), position.compare)))
	}
	if c.err != nil {
		return Result{Text: content}, c.err
	}
	return Result{Text: c.after, Changed: len(c.wanted), Notes: c.notes}, mistakes
}

func (o Options) read(file string, content []byte) ([]manifest.Workload, error) {
	if o.At != "" {
		return manifest.ReadAt(file, bytes.NewReader(content), o.At)
	}
	return manifest.Read(file, bytes.NewReader(content))
}

// conversion is one way to convert a file, and what comes of it.
type conversion struct {
	Options
	file      string
	before    []byte
	workloads []manifest.Workload
	// only are the triggers whose text may be edited, in order; nil means all.
	only []position

	text  *text
	notes []Note
	// wanted is how converted triggers should read afterwards.
	wanted map[position]wanted
	after  []byte
	err    error
}

// position is that of a trigger in a file.
type position struct{ workload, trigger int }

func (p position) compare(other position) int {
	return cmp.Or(cmp.Compare(p.workload, other.workload), cmp.Compare(p.trigger, other.trigger))
}

type wanted struct {
	kind     string
	metadata map[string]string
}

func (o Options) convert(file string, content []byte, workloads []manifest.Workload, only []position) *conversion {
	c := &conversion{
		Options: o, file: file, before: content, workloads: workloads, only: only, text: newText(content), wanted: map[position]wanted{},
	}
	for i, w := range workloads {
		for j, t := range w.Triggers {
			c.trigger(w, t, position{i, j})
		}
	}
	if c.after, c.err = c.text.edited(); c.err != nil {
		c.err = fmt.Errorf("%s: %w", file, c.err)
		return c
	}
	c.err = c.verify()
	return c
}

// safe finds those of the triggers that can be converted together, by halves.
func (c *conversion) safe(triggers []position) []position {
	if len(triggers) == 0 || c.convert(c.file, c.before, c.workloads, triggers).err == nil {
		return triggers
	}
	half := len(triggers) / 2
	if half == 0 {
		return []position{}
	}
	return append(c.safe(triggers[:half:half]), c.safe(triggers[half:])...)
}

func (c *conversion) trigger(w manifest.Workload, t manifest.Trigger, at position) {
	plan, err := c.plan(w, t)
	if plan == nil && err == nil {
		return // not to be converted
	}
	if err == nil {
		err = c.accepted(w, plan)
	}
	if _, may := slices.BinarySearchFunc(c.only, at, position.compare); err == nil && c.only != nil && !may {
		err = errPlace
	}
	if err == nil {
		err = c.text.try(t, *plan)
	}
	if err != nil {
		c.notes = append(c.notes, Note{Place: t.Place, Left: true, Text: fmt.Sprintf("trigger %d (%s) is left as it is: %v", t.Index, t.Type, err)})
		return
	}
	for _, text := range plan.notes {
		c.notes = append(c.notes, Note{Place: t.Place, Text: text})
	}
	c.wanted[at] = wanted{plan.kind, plan.metadata}
}

// accepted asks lagwise's scaler whether it takes what the trigger becomes.
func (c *conversion) accepted(w manifest.Workload, p *plan) error {
	if c.ToKEDA {
		return nil
	}
	source := c.Sources[p.scaler]
	metadata := source.Keys.StandIns(p.metadata)
	if refused, is := source.Build(scalers.Trigger{Namespace: w.Namespace, Name: w.Name, Metadata: metadata}).(*scalers.Refused); is {
		return fmt.Errorf("lagwise refuses it: %w", refused.Reason())
	}
	return nil
}

// errUnsafe is an edit that went wrong, which must not reach anybody's file.
var errUnsafe = errors.New("cannot be edited safely, and is left as it is; please report it")

// verify reads the new text, and finds every trigger as it should be: the converted ones converted, and the others as they
// were.
func (c *conversion) verify() error {
	if bytes.Equal(c.before, c.after) {
		return nil
	}
	now, _ := c.read(c.file, c.after)
	if len(now) != len(c.workloads) {
		return fmt.Errorf("%s %w", c.file, errUnsafe)
	}
	for i, w := range c.workloads {
		if len(now[i].Triggers) != len(w.Triggers) {
			return fmt.Errorf("%v %w", w.Place, errUnsafe)
		}
		for j, t := range w.Triggers {
			want, converted := c.wanted[position{i, j}]
			if !converted {
				want = wanted{t.Type, t.Metadata}
			}
			if got := now[i].Triggers[j]; got.Type != want.kind || !maps.Equal(got.Metadata, want.metadata) {
				return fmt.Errorf("%v %w", t.Place, errUnsafe)
			}
		}
	}
	return nil
}
