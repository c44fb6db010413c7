package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// AwaitReady returns when Program.Ready has seen that the program is ready. It gives up when the process ends or ctx does,
// with the last lines of its log.
func (p *Process) AwaitReady(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	case <-p.gone:
		return p.ended(errors.New("it did not say that it is ready"))
	case <-ctx.Done():
		return p.late(ctx.Err())
	}
}

// Await looks until the complaint is nil. It gives up as AwaitReady does, and then returns the complaint, too.
func (p *Process) Await(ctx context.Context, complaint func(ctx context.Context) error) error {
	const glance = 50 * time.Millisecond
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for {
		err := complaint(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-p.gone:
			return p.ended(err)
		case <-ctx.Done():
			return p.late(err)
		}
	}
}

func (p *Process) ended(complaint error) error {
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended (%s) before it was ready: %w\n%s", p.program.Path, how, complaint, p.Tail())
}

func (p *Process) late(complaint error) error {
	return fmt.Errorf("%s is not ready in time: %w\n%s", p.program.Path, complaint, p.Tail())
}

// Tail is the end of the log, where programs say why they died; empty without a log.
func (p *Process) Tail() string {
	if p.program.Log == "" {
		return ""
	}
	const most = 40
	text, err := os.ReadFile(p.program.Log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-most):], "\n")
}
