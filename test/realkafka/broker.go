package realkafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

// LibDirVariable names the environment variable with the folder of Kafka's jars.
const LibDirVariable = "LAGWISE_KAFKA_LIB"

// Options says what kind of broker to start. The zero value is a plain broker
// that creates no topics by itself.
type Options struct {
	// LibDir is the folder with Kafka's jars; $LAGWISE_KAFKA_LIB when empty.
	LibDir string

	// Secure adds the listeners behind SASLPlaintextAddress, SSLAddress and
	// SASLSSLAddress, the users of this package, and an authoriser that denies
	// what no ACL allows.
	Secure bool

	// AutoCreateTopics lets the broker create a topic that a client asks for, to
	// prove that lagwise never causes it.
	AutoCreateTopics bool

	// OffsetsRetentionCheck is how often the broker expires committed offsets;
	// Kafka's own ten minutes when zero.
	OffsetsRetentionCheck time.Duration

	// Properties are further lines of server.properties. They come last, and so
	// win over the lines of this package.
	Properties []string

	// JavaOptions are further options of the broker's Java process, such as a
	// larger heap. They come last as well.
	JavaOptions []string
}

// Broker is one running (or killed) broker with its own folder and ports.
// Its methods are for one goroutine at a time.
type Broker struct {
	dir         string
	libDir      string
	ports       ports
	secure      bool
	javaOptions []string
	process     *process.Process
	began       bool // once before: this is a restart
}

// Start starts a broker and returns once it serves. The broker lives until Stop or
// until the calling process dies; ctx bounds its start alone.
func Start(ctx context.Context, options Options) (*Broker, error) {
	libDir, err := findLibDir(options.LibDir)
	if err != nil {
		return nil, err
	}

	ports, err := choosePorts()
	if err != nil {
		return nil, err
	}

	dir, err := os.MkdirTemp("", "lagwise-kafka-")
	if err != nil {
		return nil, fmt.Errorf("realkafka: create the broker's folder: %w", err)
	}

	broker := &Broker{dir: dir, libDir: libDir, ports: ports, secure: options.Secure, javaOptions: options.JavaOptions}
	if err := broker.prepare(ctx, options); err != nil {
		return nil, errors.Join(err, broker.Stop())
	}

	if err := broker.Restart(ctx); err != nil {
		return nil, errors.Join(err, broker.Stop())
	}

	return broker, nil
}

// Restart starts the broker again with the same ports, data and settings, after
// a Kill or in place of the running process. It returns once the broker serves.
func (b *Broker) Restart(ctx context.Context) error {
	b.Kill()

	if err := b.startJava(ctx); err != nil {
		b.Kill()
		return fmt.Errorf("realkafka: start the broker: %w", err)
	}

	return nil
}

// Kill ends the broker as a crash would (SIGKILL), and returns when it is gone.
// Killing a broker twice is allowed.
func (b *Broker) Kill() {
	if b.process == nil {
		return
	}

	b.process.Kill()
	b.process = nil
}

// Freeze stops the broker from running without closing anything (SIGSTOP): its
// clients keep their connections and get no answer, as behind a dead network.
func (b *Broker) Freeze() error { return b.signal(syscall.SIGSTOP) }

func (b *Broker) signal(signal syscall.Signal) error {
	if b.process == nil {
		return errors.New("realkafka: the broker is not running")
	}

	return b.process.Signal(signal)
}

// Stop kills the broker and removes its folder. A stopped broker stays stopped.
func (b *Broker) Stop() error {
	b.Kill()

	if err := os.RemoveAll(b.dir); err != nil {
		return fmt.Errorf("realkafka: remove the broker's folder: %w", err)
	}

	return nil
}

// Logs returns what the broker has logged since Start, over all restarts.
func (b *Broker) Logs() string {
	text, err := os.ReadFile(b.file(logFile))
	if err != nil {
		return err.Error() // Logs are read when something failed already.
	}

	return string(text)
}

// Files of the broker's folder.
const (
	propertiesFile = "server.properties"
	logFile        = "server.log"
	formatLogFile  = "format.log"
	dataFolder     = "data"
)

func (b *Broker) file(name string) string { return filepath.Join(b.dir, name) }

// prepare writes everything that outlives a restart: certificates, settings and
// the formatted data folder.
func (b *Broker) prepare(ctx context.Context, options Options) error {
	if b.secure {
		if err := writeCertificates(b.dir); err != nil {
			return fmt.Errorf("realkafka: write certificates: %w", err)
		}
	}

	if err := os.WriteFile(b.file(propertiesFile), properties(b, options), 0o600); err != nil {
		return fmt.Errorf("realkafka: write settings: %w", err)
	}

	return b.format(ctx)
}

// findLibDir returns the folder of Kafka's jars, or an error that says how to get them.
func findLibDir(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv(LibDirVariable)
	}

	if dir == "" {
		return "", fmt.Errorf("realkafka: %s is not set: run \"make test-kafka\", which fetches Kafka and sets it", LibDirVariable)
	}

	brokers, err := filepath.Glob(filepath.Join(dir, "kafka_2.13-*.jar"))
	if err != nil {
		return "", fmt.Errorf("realkafka: look for Kafka in %q: %w", dir, err)
	}

	if len(brokers) == 0 {
		return "", fmt.Errorf("realkafka: no Kafka in %q: run \"make test-kafka\", which fetches it", dir)
	}

	return dir, nil
}
