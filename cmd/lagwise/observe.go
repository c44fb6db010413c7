package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/internal/config"
)

// settingsFrom reads a configuration file as serve does, without its flags; the defaults where there is none.
func settingsFrom(path string) (config.Config, error) {
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	config.Flags(flags)
	settings, err := config.Source{Path: path, Flags: flags}.Read()
	if err != nil {
		return config.Config{}, fmt.Errorf("the configuration is wrong:\n%w", err)
	}
	return settings, nil
}

// closeWait is for connections to close; what is left ends with the process.
const closeWait = 2 * time.Second

// observing has pools observe for as long as somebody looks. An end of ctx is for those who look alone.
func observing(ctx context.Context, look func(), pools ...func(context.Context) error) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all errgroup.Group
		for _, run := range pools {
			all.Go(func() error { return run(running) })
		}
		_ = all.Wait() // what they close ends with the process at the latest
	}()
	defer func() {
		stop()
		select {
		case <-ended:
		case <-time.After(closeWait):
		}
	}()
	look()
}

// colourful says whether to colour: on a terminal, unless the environment asks for none (https://no-color.org).
func colourful(out io.Writer) bool { return sizeOf(out) != nil && os.Getenv("NO_COLOR") == "" }
