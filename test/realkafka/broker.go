package realkafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// LibDirVariable names the environment variable with the folder of Kafka's jars.
const LibDirVariable = "LAGWISE_KAFKA_LIB"

// NewerLibDirVariable names the environment variable with the folder of a newer Kafka's jars.
const NewerLibDirVariable = "LAGWISE_NEWER_KAFKA_LIB"

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
	node
	ports  ports
	secure bool
	began  bool // once before: this is a restart
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

	broker := &Broker{
		node:  node{dir: dir, libDir: libDir, javaOptions: append([]string{"-Xmx512m"}, options.JavaOptions...)},
		ports: ports, secure: options.Secure,
	}
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

	began := b.began
	b.began = true
	if err := b.start(ctx, b.Addresses(), "--override", "broker.session.timeout.ms="+session(began)); err != nil {
		return fmt.Errorf("realkafka: start the broker: %w", err)
	}

	return nil
}

// Stop kills the broker and removes its folder. A stopped broker stays stopped.
func (b *Broker) Stop() error {
	b.Kill()

	if err := os.RemoveAll(b.dir); err != nil {
		return fmt.Errorf("realkafka: remove the broker's folder: %w", err)
	}

	return nil
}

// prepare writes everything that outlives a restart: certificates, settings and
// the formatted data folder.
func (b *Broker) prepare(ctx context.Context, options Options) error {
	if b.secure {
		if err := writeCertificates(b.dir); err != nil {
			return fmt.Errorf("realkafka: write certificates: %w", err)
		}
	}

	if b.secure {
		return b.format(ctx, properties(b, options), scramArguments()...)
	}

	return b.format(ctx, properties(b, options))
}

// session is how long, in milliseconds, the controller counts on a broker that it hears nothing of. On a busy machine the only
// broker must not lose its partitions for that. A broker that was killed, however, registers again once its session has ended.
func session(began bool) string {
	if began {
		return "3000"
	}

	return "60000"
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
