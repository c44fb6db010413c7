package child

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// glance is the pause between two looks at what has no event to wait for.
const glance = 50 * time.Millisecond

// Await looks until the complaint is nil. It gives up when the process ends or ctx does, and then returns the complaint
// with the last lines of the process's log.
func (p *Process) Await(ctx context.Context, complaint func(ctx context.Context) error) error {
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
			return fmt.Errorf("%s ended (%w) before it was ready: %w\n%s", p.program.Path, p.err, err, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready in time: %w\n%s", p.program.Path, err, p.tail())
		}
	}
}

// tail is the end of the log, where programs say why they died.
func (p *Process) tail() string {
	const lines = 30
	text, err := os.ReadFile(p.program.Log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
