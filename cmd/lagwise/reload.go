package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers"
)

// reload keeps the program in step with its configuration until ctx ends.
func (p *program) reload(source config.Source, settings config.Config, level *slog.LevelVar) func(context.Context) error {
	return func(ctx context.Context) error {
		hangup := make(chan os.Signal, 1)
		signal.Notify(hangup, syscall.SIGHUP)
		defer signal.Stop(hangup)
		watch := config.Watch{
			Source: source, Hangup: hangup, Log: p.log,
			Told:  func(outcome config.Outcome) { p.shown.Reloads.Reloaded(outcome == config.Applied) },
			Apply: func(_, after config.Config, change config.Change) error { return p.adopt(after, change, level) },
		}
		return watch.Run(ctx, settings)
	}
}

// adopt takes a new configuration into use, or reports why it cannot.
func (p *program) adopt(settings config.Config, change config.Change, level *slog.LevelVar) error {
	if err := p.secure(settings.TLS); err != nil { // before anything that stands on knowing the client
		return err
	}
	level.Set(levelOf(settings))
	p.apply(settings, change)
	p.certificates.replace(settings)
	return nil
}

// apply exchanges what triggers are answered from. Sessions whose credentials were exchanged go on with all that they know;
// triggers whose connection is otherwise another one, and those that were refused, are looked at anew.
func (p *program) apply(settings config.Config, change config.Change) {
	p.registry.SetMaxTriggers(limitsOf(settings).Triggers)
	p.sources.apply(settings, change)
	p.registry.Forget(func(scaler scalers.Scaler) bool {
		switch s := scaler.(type) {
		case *scalers.Refused:
			return true
		case interface{ Uses(connection string) bool }:
			return slices.ContainsFunc(change.Altered, s.Uses) || change.Brokers && s.Uses("")
		default:
			return false
		}
	})
}
