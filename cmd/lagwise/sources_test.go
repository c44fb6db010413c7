package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

func TestRabbitMQIsAskedAsConfigured(t *testing.T) {
	t.Parallel()
	settings := config.Config{RefreshInterval: time.Second, MaxSnapshotAge: time.Minute, MaxSessions: 3, LooksPerSecond: 7}
	log := slog.New(slog.DiscardHandler)
	want := broker.Options{RefreshInterval: time.Second, MaxSnapshotAge: time.Minute, MaxSessions: 3, LooksPerSecond: 7, Log: log}
	if got := rabbitMQOptions(settings, log); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
