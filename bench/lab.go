package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lagwise/lagwise/test/loopback"
	"github.com/lagwise/lagwise/test/process"
	"github.com/lagwise/lagwise/test/realkafka"
)

// lab is what every measurement stands on: one broker with the fleet's topics, and the programs to measure.
type lab struct {
	size     size
	folder   string
	broker   *realkafka.Broker
	port     int
	jmx      jmx
	operator *operator
}

func newLab(ctx context.Context, size size) (_ *lab, err error) {
	l := &lab{size: size}
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.folder, err = os.MkdirTemp("", "lagwise-bench-"); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	if err := l.startKafka(ctx); err != nil {
		return nil, err
	}
	if l.operator, err = newOperator(l.broker.Address()); err != nil {
		return nil, err
	}
	topics := make([]string, size.topics)
	for i := range topics {
		topics[i] = topicName(i)
	}
	return l, l.operator.create(ctx, fleetPartitions, topics...)
}

func (l *lab) startKafka(ctx context.Context) error {
	ports, err := loopback.Ports(1)
	if err != nil {
		return err
	}
	l.jmx = jmx{libDir: os.Getenv(realkafka.LibDirVariable), port: ports[0]}
	// Thousands of partitions and tens of thousands of groups want more memory than a test's broker has.
	l.broker, err = realkafka.Start(ctx, realkafka.Options{JavaOptions: append(l.jmx.javaOptions(), "-Xmx2g")})
	if err != nil {
		return err
	}
	_, text, err := net.SplitHostPort(l.broker.Address())
	if err != nil {
		return fmt.Errorf("the broker's address: %w", err)
	}
	l.port, err = strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("the broker's address: %w", err)
	}
	return nil
}

// take makes program return one that was built elsewhere.
func (l *lab) take(name, built string) error {
	path, err := filepath.Abs(built)
	if err == nil {
		err = os.Symlink(path, filepath.Join(l.folder, name))
	}
	if err != nil {
		return fmt.Errorf("taking %s: %w", built, err)
	}
	return nil
}

// program builds a program on its first use and returns its path. lagwise is built by its own module, with the versions
// and build tags that its users get; its peers by this one.
func (l *lab) program(ctx context.Context, name string) (string, error) {
	path := filepath.Join(l.folder, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	module, folder := ".", "./"+name
	if name == "lagwise" {
		module, folder = "..", "./cmd/lagwise"
	}
	build := exec.CommandContext(ctx, "go", "build", "-tags=grpcnotrace", "-o", path, folder) //nolint:gosec // names are constants
	build.Dir = module
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", name, err, output)
	}
	return path, nil
}

func (l *lab) close() {
	if l.operator != nil {
		l.operator.close()
	}
	if l.broker != nil {
		_ = l.broker.Stop() // the folder is temporary
	}
	_ = os.RemoveAll(l.folder)
}

// keda starts KEDA's scalers, one for each trigger, and returns when each has answered once.
func (l *lab) keda(ctx context.Context, triggers int) (*process.Process, error) {
	program, err := l.program(ctx, "kedapeer")
	if err != nil {
		return nil, err
	}
	return start(ctx, isPeerReady, program,
		"-bootstrap="+l.broker.Address(), fmt.Sprintf("-triggers=%d", triggers), fmt.Sprintf("-topics=%d", l.size.topics))
}

func isPeerReady(line string) bool {
	if line == "ready" {
		return true
	}
	fmt.Fprintln(os.Stderr, line)
	return false
}

// lagwise is a running `lagwise serve`.
type lagwise struct {
	*process.Process
	address string

	mu        sync.Mutex
	refreshes []time.Duration
}

// lagwise starts one, with defaults but for the given flags.
func (l *lab) lagwise(ctx context.Context, flags ...string) (*lagwise, error) {
	program, err := l.program(ctx, "lagwise")
	if err != nil {
		return nil, err
	}
	started := &lagwise{}
	arguments := append([]string{"serve", "--listen=127.0.0.1:0", "--http.listen=127.0.0.1:0", "--health.listen=", "--logFormat=json"}, flags...)
	started.Process, err = start(ctx, started.read, program, arguments...)
	return started, err
}

// read takes a line of the log: the address, how long a refresh took (with --logLevel=debug), or an error; that a thousand
// triggers at once wait for their first answer is only a warning.
func (l *lagwise) read(line string) (ready bool) {
	var said struct {
		Level, Msg, Address string
		Took                time.Duration
	}
	if err := json.Unmarshal([]byte(line), &said); err != nil || said.Level == "ERROR" {
		fmt.Fprintln(os.Stderr, "lagwise:", line)
		return false
	}
	if said.Took > 0 && strings.HasPrefix(said.Msg, "observed every trigger") {
		l.mu.Lock()
		l.refreshes = append(l.refreshes, said.Took)
		l.mu.Unlock()
	}
	if said.Address != "" && l.address == "" {
		l.address = said.Address
		return true
	}
	return false
}

// nextRefreshes waits for so many refreshes that begin from now on, and says how long each took.
func (l *lagwise) nextRefreshes(ctx context.Context, count int) ([]time.Duration, error) {
	l.mu.Lock()
	from := len(l.refreshes) + 1 // one may be under way
	l.mu.Unlock()
	for {
		l.mu.Lock()
		if len(l.refreshes) >= from+count {
			took := l.refreshes[from : from+count]
			l.mu.Unlock()
			return took, nil
		}
		l.mu.Unlock()
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// sleep waits, unless the run is ended meanwhile.
func sleep(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}
