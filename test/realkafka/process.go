package realkafka

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/lagwise/lagwise/test/process"
)

const (
	// readyLine is the last thing a KRaft broker logs before it serves.
	readyLine = "Kafka Server started"

	// startTimeout is ten times what a start takes on two busy cores.
	startTimeout = 2 * time.Minute
)

// startJava starts the broker's Java process and returns when the broker serves, or with the reason why it never will.
func (b *Broker) startJava(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	arguments := append([]string{"-Xmx512m"}, b.javaOptions...)
	arguments = append(arguments, "kafka.Kafka", b.file(propertiesFile), "--override", "broker.session.timeout.ms="+b.session())
	b.began = true

	started, err := process.Start(process.Program{
		Path:  "java",
		Args:  javaArguments(b.libDir, arguments...),
		Log:   b.file(logFile),
		Ready: func(line string) bool { return strings.Contains(line, readyLine) },
	})
	if err != nil {
		return err
	}

	b.process = started
	if err := started.AwaitReady(ctx); err != nil {
		return err
	}

	return b.reach(ctx)
}

// session is how long, in milliseconds, the controller counts on a broker that it hears nothing of. On a busy machine the only
// broker must not lose its partitions for that. A broker that was killed, however, registers again once its session has ended.
func (b *Broker) session() string {
	if b.began {
		return "3000"
	}

	return "60000"
}

// format writes the cluster's identity into the data folder, and the
// credentials of the SCRAM users where there are any.
func (b *Broker) format(ctx context.Context) error {
	const clusterID = "bGFnd2lzZS1yZWFsLWthZg" // Kafka wants 16 bytes in URL-safe base64.

	arguments := []string{
		"-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "-t", clusterID, "-c", b.file(propertiesFile),
	}
	if b.secure {
		arguments = append(arguments, scramArguments()...)
	}

	formatting, err := process.Start(process.Program{
		Path: "java", Args: javaArguments(b.libDir, arguments...), Log: b.file(formatLogFile),
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

func javaArguments(libDir string, arguments ...string) []string {
	return append([]string{
		"-cp", filepath.Join(libDir, "*"),
		"-Dorg.slf4j.simpleLogger.showDateTime=true",
		"-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
		// Without this line every start logs a thousand settings.
		"-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn",
	}, arguments...)
}
