package realkafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

const (
	// readyLine is the last thing a KRaft node logs before it serves.
	readyLine = "Kafka Server started"

	// startTimeout is ten times what a start takes on two busy cores.
	startTimeout = 4 * time.Minute
)

// Files of a node's folder.
const (
	propertiesFile = "server.properties"
	logFile        = "server.log"
	formatLogFile  = "format.log"
	dataFolder     = "data"
)

// node is one Kafka process (a broker, a controller or both) and its folder. Its methods are for one goroutine at a time.
type node struct {
	dir         string
	libDir      string
	javaOptions []string
	process     *process.Process
}

func (n *node) file(name string) string { return filepath.Join(n.dir, name) }

// format writes the settings and the data folder of a cluster's node.
func (n *node) format(ctx context.Context, properties []byte, more ...string) error {
	const clusterID = "bGFnd2lzZS1yZWFsLWthZg" // Kafka wants 16 bytes in URL-safe base64.

	if err := os.WriteFile(n.file(propertiesFile), properties, 0o600); err != nil {
		return fmt.Errorf("realkafka: write settings: %w", err)
	}

	arguments := append([]string{
		"-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", n.file(propertiesFile),
	}, more...)

	formatting, err := process.Start(process.Program{
		Path: "java", Args: javaArguments(n.libDir, arguments...), Log: n.file(formatLogFile),
	})
	if err != nil {
		return fmt.Errorf("realkafka: format the data folder: %w", err)
	}

	select {
	case <-formatting.Gone():
	case <-ctx.Done():
		formatting.Kill()
	}

	if err := formatting.Err(); err != nil {
		return fmt.Errorf("realkafka: format the data folder: %w\n%s", err, formatting.Tail())
	}

	return nil
}

// start starts the Java process and returns once every listener accepts connections, or with the reason why none will.
func (n *node) start(ctx context.Context, listeners []string, more ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	arguments := append([]string{}, n.javaOptions...)
	arguments = append(arguments, "kafka.Kafka", n.file(propertiesFile))
	arguments = append(arguments, more...)

	started, err := process.Start(process.Program{
		Path:  "java",
		Args:  javaArguments(n.libDir, arguments...),
		Log:   n.file(logFile),
		Ready: func(line string) bool { return strings.Contains(line, readyLine) },
	})
	if err != nil {
		return err
	}

	n.process = started

	err = started.AwaitReady(ctx)
	if err == nil {
		err = reach(ctx, listeners)
	}

	if err != nil {
		n.Kill()
	}

	return err
}

// Kill ends the process as a crash would (SIGKILL), and returns when it is gone.
// Killing a process twice is allowed.
func (n *node) Kill() {
	if n.process == nil {
		return
	}

	n.process.Kill()
	n.process = nil
}

// Freeze stops the process from running without closing anything (SIGSTOP): its
// clients keep their connections and get no answer, as behind a dead network.
func (n *node) Freeze() error { return n.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process run on (SIGCONT).
func (n *node) Thaw() error { return n.signal(syscall.SIGCONT) }

func (n *node) signal(signal syscall.Signal) error {
	if n.process == nil {
		return errors.New("realkafka: the process is not running")
	}

	return n.process.Signal(signal)
}

// Logs returns what the process has logged since its first start, over all restarts.
func (n *node) Logs() string {
	text, err := os.ReadFile(n.file(logFile))
	if err != nil {
		return err.Error() // Logs are read when something failed already.
	}

	return string(text)
}

// reach connects to every listener once.
func reach(ctx context.Context, listeners []string) error {
	for _, listener := range listeners {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", listener)
		if err != nil {
			return fmt.Errorf("reach listener: %w", err)
		}

		if err := connection.Close(); err != nil {
			return fmt.Errorf("close connection to listener: %w", err)
		}
	}

	return nil
}

func javaArguments(libDir string, arguments ...string) []string {
	return append([]string{
		"-cp", filepath.Join(libDir, "*"),
		"-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		// Without this line every start logs a thousand settings.
		"-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",
	}, arguments...)
}
