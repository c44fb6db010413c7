// Package config reads lagwise's configuration: a YAML file, LAGWISE_* environment variables and flags, the later the
// stronger. It checks everything before anything starts, and reads secrets from the files that the configuration names.
package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// Config is a checked configuration, secrets included.
type Config struct {
	// Listen is the address of the gRPC server.
	Listen string
	// RefreshInterval is how often Kafka is observed, MaxSnapshotAge how old an observation may grow before it is an error.
	RefreshInterval time.Duration
	MaxSnapshotAge  time.Duration
	// IdleAfter is how long a trigger is observed after the last question about it.
	IdleAfter time.Duration
	// LogLevel and LogFormat are slog's: debug, info, warn, error; text, json.
	LogLevel  string
	LogFormat string
	// Connections are the named Kafka connections, by name.
	Connections map[string]cluster.Connection
}

// file is the configuration as written.
type file struct {
	Listen          string           `mapstructure:"listen"`
	RefreshInterval time.Duration    `mapstructure:"refreshInterval"`
	MaxSnapshotAge  time.Duration    `mapstructure:"maxSnapshotAge"`
	IdleAfter       time.Duration    `mapstructure:"idleAfter"`
	LogLevel        string           `mapstructure:"logLevel"`
	LogFormat       string           `mapstructure:"logFormat"`
	Connections     []fileConnection `mapstructure:"connections"`
}

// Flags defines the settings that may be given as flags, with their defaults.
func Flags(flags *pflag.FlagSet) {
	flags.String("listen", ":6000", "address of the gRPC server")
	flags.Duration("refreshInterval", 5*time.Second, "how often Kafka is observed")
	flags.Duration("maxSnapshotAge", 0, "how old an observation may grow before it is an error (default 3 x refreshInterval)")
	flags.Duration("idleAfter", 10*time.Minute, "how long a trigger is observed after the last question about it")
	flags.String("logLevel", "info", "debug, info, warn or error")
	flags.String("logFormat", "text", "text or json")
}

// Read reads the configuration. path may be empty: then there is no file.
func Read(path string, flags *pflag.FlagSet) (Config, error) {
	v := viper.New()
	v.SetEnvPrefix("LAGWISE")
	v.AutomaticEnv()
	for _, name := range []string{"listen", "refreshInterval", "maxSnapshotAge", "idleAfter", "logLevel", "logFormat"} {
		if err := v.BindPFlag(name, flags.Lookup(name)); err != nil {
			return Config{}, fmt.Errorf("binding flag %s: %w", name, err)
		}
	}
	if path != "" {
		v.SetConfigFile(path)
		v.SetConfigType("yaml")
		if err := v.ReadInConfig(); err != nil {
			return Config{}, fmt.Errorf("reading the configuration: %w", err)
		}
	}
	var raw file
	if err := v.UnmarshalExact(&raw); err != nil {
		return Config{}, fmt.Errorf("reading the configuration %s: %w", path, err)
	}
	return raw.check()
}

func (f file) check() (Config, error) {
	if f.RefreshInterval < 100*time.Millisecond {
		return Config{}, fmt.Errorf("refreshInterval %s: want at least 100ms", f.RefreshInterval)
	}
	if f.MaxSnapshotAge == 0 {
		f.MaxSnapshotAge = 3 * f.RefreshInterval
	}
	if f.MaxSnapshotAge < f.RefreshInterval {
		return Config{}, fmt.Errorf("maxSnapshotAge %s: want at least refreshInterval, %s", f.MaxSnapshotAge, f.RefreshInterval)
	}
	if f.IdleAfter < time.Second {
		return Config{}, fmt.Errorf("idleAfter %s: want at least 1s", f.IdleAfter)
	}
	if err := oneOf("logLevel", f.LogLevel, "debug", "info", "warn", "error"); err != nil {
		return Config{}, err
	}
	if err := oneOf("logFormat", f.LogFormat, "text", "json"); err != nil {
		return Config{}, err
	}
	config := Config{
		Listen: f.Listen, RefreshInterval: f.RefreshInterval, MaxSnapshotAge: f.MaxSnapshotAge, IdleAfter: f.IdleAfter,
		LogLevel: f.LogLevel, LogFormat: f.LogFormat, Connections: map[string]cluster.Connection{},
	}
	for i, written := range f.Connections {
		connection, err := written.check()
		if err != nil {
			return Config{}, fmt.Errorf("connections[%d] %q: %w", i, written.Name, err)
		}
		if _, twice := config.Connections[connection.Name]; twice {
			return Config{}, fmt.Errorf("connections[%d] %q: the name is taken by an earlier connection", i, written.Name)
		}
		config.Connections[connection.Name] = connection
	}
	return config, nil
}

func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s %q: want one of %s", name, value, strings.Join(allowed, ", "))
}
