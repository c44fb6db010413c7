package realrabbit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// beside starts the broker and has it join another's cluster.
func (b *Broker) beside(ctx context.Context, other *Broker) error {
	const cookie = ".erlang.cookie" // what nodes know each other by
	text, err := os.ReadFile(other.file(cookie))
	if err == nil {
		err = os.WriteFile(b.file(cookie), text, 0o400) //nolint:gosec // a folder of whoever runs the tests
	}
	if err != nil {
		return fmt.Errorf("realrabbit: share the cookie: %w", err)
	}
	b.epmdPort = other.epmdPort
	if err := b.Restart(ctx); err != nil {
		return err
	}
	for _, command := range [][]string{{"stop_app"}, {"join_cluster", other.node()}, {"start_app"}} {
		if err := b.control(ctx, command...); err != nil {
			return err
		}
	}
	return b.reach(ctx)
}

// Eval evaluates an Erlang expression in the broker.
func (b *Broker) Eval(ctx context.Context, expression string) error {
	return b.control(ctx, "eval", expression)
}

// control runs rabbitmqctl.
func (b *Broker) control(ctx context.Context, arguments ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, filepath.Join(b.bin, "rabbitmqctl"), append([]string{"--node", b.node()}, arguments...)...) //nolint:gosec // RabbitMQ's own
	command.Env = append(os.Environ(), "HOME="+b.dir, "RABBITMQ_CONF_ENV_FILE="+b.file("env"), "ERL_EPMD_PORT="+strconv.Itoa(b.epmdPort))
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("realrabbit: rabbitmqctl %v: %w: %s", arguments, err, said)
	}
	return nil
}

// node is the broker's name among others.
func (b *Broker) node() string { return "rabbit" + strconv.Itoa(b.amqp) + "@localhost" }
