package main

import (
	"context"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// stopGrace is how long a program may take to end before it is killed.
const stopGrace = 10 * time.Second

// start starts a program and returns when it is ready, of which isReady judges by a line of its output. It sees all later
// lines, too.
func start(ctx context.Context, isReady func(line string) bool, program string, arguments ...string) (*process.Process, error) {
	started, err := process.Start(process.Program{Path: program, Args: arguments, Ready: isReady})
	if err != nil {
		return nil, err
	}
	if err := started.AwaitReady(ctx); err != nil {
		started.Kill()
		return nil, err
	}
	return started, nil
}
