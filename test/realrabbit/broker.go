package realrabbit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/process"
)

// BinVariable names the environment variable with the folder of RabbitMQ's scripts, where that is not Debian's.
const BinVariable = "LAGWISE_RABBITMQ_BIN"

const (
	debianBin = "/usr/lib/rabbitmq/bin"
	// startTimeout is ten times what a start takes on two busy cores.
	startTimeout = 2 * time.Minute
	readyLine    = "Starting broker... completed"
)

// User may do everything, on every vhost, with Password.
const User = "guest"

// Password is User's.
const Password = "guest"

// Options says what kind of broker to start. The zero value is a plain broker.
type Options struct {
	// Settings are further lines of rabbitmq.conf.
	Settings []string
	// Encryption has it listen by TLS as well.
	Encryption *Encryption
	// Beside is a running broker whose cluster it joins. It has to be stopped before that one.
	Beside *Broker
}

// Broker is one running (or killed) broker with its own folder and ports. Its methods are for one goroutine at a time.
type Broker struct {
	bin, dir               string
	amqp, management, dist int
	amqps, https, epmdPort int
	epmd, process          *process.Process
}

// Start starts a broker and returns once it serves. The broker lives until Stop or until the calling process dies; ctx bounds its
// start alone.
func Start(ctx context.Context, options Options) (*Broker, error) {
	bin := os.Getenv(BinVariable)
	if bin == "" {
		bin = debianBin
	}
	if _, err := os.Stat(filepath.Join(bin, "rabbitmq-server")); err != nil { //nolint:gosec // a folder of whoever runs the tests
		return nil, fmt.Errorf("realrabbit: no RabbitMQ in %s: install rabbitmq-server, or set %s: %w", bin, BinVariable, err)
	}
	free, err := loopback.Ports(6)
	if err != nil {
		return nil, fmt.Errorf("realrabbit: %w", err)
	}
	dir, err := os.MkdirTemp("", "lagwise-rabbit-")
	if err != nil {
		return nil, fmt.Errorf("realrabbit: create the broker's folder: %w", err)
	}
	b := &Broker{bin: bin, dir: dir, amqp: free[0], management: free[1], dist: free[2], epmdPort: free[3], amqps: free[4], https: free[5]}
	if err := b.prepare(options); err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	if options.Beside != nil {
		if err := b.beside(ctx, options.Beside); err != nil {
			return nil, errors.Join(err, b.Stop())
		}
		return b, nil
	}
	// Erlang would leave a name server of its own behind.
	if b.epmd, err = process.Start(process.Program{Path: "epmd", Args: []string{"-port", strconv.Itoa(b.epmdPort), "-address", loopback.Host}}); err != nil {
		return nil, errors.Join(fmt.Errorf("realrabbit: %w", err), b.Stop())
	}
	if err := b.Restart(ctx); err != nil {
		return nil, errors.Join(err, b.Stop())
	}
	return b, nil
}

func (b *Broker) prepare(options Options) error {
	settings := append([]string{
		fmt.Sprintf("listeners.tcp.1 = %s:%d", loopback.Host, b.amqp),
		"management.tcp.ip = " + loopback.Host,
		fmt.Sprintf("management.tcp.port = %d", b.management),
		"log.console = true", "log.console.level = warning", "log.file = false",
		"disk_free_limit.absolute = 1MB", "vm_memory_high_watermark.absolute = 1GB",
	}, options.Settings...)
	if options.Encryption != nil {
		encrypted, err := options.Encryption.prepare(b)
		if err != nil {
			return err
		}
		settings = append(settings, encrypted...)
	}
	for name, text := range map[string]string{
		"rabbitmq.conf": strings.Join(settings, "\n") + "\n", "enabled_plugins": "[rabbitmq_management, rabbitmq_auth_mechanism_ssl].\n",
	} {
		if err := os.WriteFile(b.file(name), []byte(text), 0o600); err != nil {
			return fmt.Errorf("realrabbit: write settings: %w", err)
		}
	}
	return nil
}

// Restart starts the broker again with the same ports, data and settings, after a Kill or in place of the running process. It
// returns once the broker serves AMQP and HTTP.
func (b *Broker) Restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	b.Kill()
	started, err := process.Start(process.Program{
		Path: filepath.Join(b.bin, "rabbitmq-server"), Log: b.file("broker.log"),
		Env: []string{
			"RABBITMQ_ALLOW_INPUT=1", // no shell stays between the broker and this process
			"HOME=" + b.dir, "RABBITMQ_NODENAME=" + b.node(),
			"RABBITMQ_CONFIG_FILE=" + b.file("rabbitmq.conf"), "RABBITMQ_ENABLED_PLUGINS_FILE=" + b.file("enabled_plugins"),
			"RABBITMQ_MNESIA_BASE=" + b.file("data"), "RABBITMQ_LOG_BASE=" + b.file("log"), "RABBITMQ_CONF_ENV_FILE=" + b.file("env"),
			"RABBITMQ_DIST_PORT=" + strconv.Itoa(b.dist), "ERL_EPMD_PORT=" + strconv.Itoa(b.epmdPort),
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-noinput -kernel inet_dist_use_interface {127,0,0,1}",
		},
		Ready: func(line string) bool {
			return strings.Contains(line, readyLine) || strings.Contains(line, "completed with")
		},
	})
	if err != nil {
		return fmt.Errorf("realrabbit: start the broker: %w", err)
	}
	b.process = started
	if err := started.AwaitReady(ctx); err != nil {
		return fmt.Errorf("realrabbit: start the broker: %w", err)
	}
	return b.reach(ctx)
}

// reach asks the management API once, which answers last.
func (b *Broker) reach(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.ManagementURL()+"/api/overview", nil)
	if err != nil {
		return fmt.Errorf("realrabbit: %w", err)
	}
	return b.process.Await(ctx, func(context.Context) error {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return fmt.Errorf("ask the management API: %w", err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the management API says %s", response.Status)
		}
		return nil
	})
}

// Address is where the broker speaks AMQP, as host:port.
func (b *Broker) Address() string { return loopback.Address(b.amqp) }

// Port is that of AMQP.
func (b *Broker) Port() int { return b.amqp }

// URL is AMQP's for a vhost, with User and Password.
func (b *Broker) URL(vhost string) string {
	return fmt.Sprintf("amqp://%s:%s@%s/%s", User, Password, b.Address(), url.PathEscape(vhost))
}

// ManagementURL is that of the management API, with User and Password.
func (b *Broker) ManagementURL() string {
	return fmt.Sprintf("http://%s:%s@%s", User, Password, b.ManagementAddress())
}

// ManagementAddress is where the management API listens, as host:port.
func (b *Broker) ManagementAddress() string { return loopback.Address(b.management) }

// PID is the process id of the running broker.
func (b *Broker) PID() int { return b.process.PID() }

// Kill ends the broker as a crash would (SIGKILL), and returns when it is gone. Killing a broker twice is allowed.
func (b *Broker) Kill() {
	if b.process != nil {
		b.process.Kill()
		b.process = nil
	}
}

// Freeze stops the broker from running without closing anything (SIGSTOP); Thaw lets it run again.
func (b *Broker) Freeze() error { return b.process.Signal(syscall.SIGSTOP) }

// Thaw ends a Freeze.
func (b *Broker) Thaw() error { return b.process.Signal(syscall.SIGCONT) }

// Stop kills the broker and removes its folder. A stopped broker stays stopped.
func (b *Broker) Stop() error {
	b.Kill()
	if b.epmd != nil {
		b.epmd.Kill()
		b.epmd = nil
	}
	if err := os.RemoveAll(b.dir); err != nil {
		return fmt.Errorf("realrabbit: remove the broker's folder: %w", err)
	}
	return nil
}

// Logs is what the broker has logged since Start, over all restarts.
func (b *Broker) Logs() string {
	text, err := os.ReadFile(b.file("broker.log"))
	if err != nil {
		return err.Error() // Logs are read when something failed already.
	}
	return string(text)
}

func (b *Broker) file(name string) string { return filepath.Join(b.dir, name) }
