package realkafka

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lagwise/lagwise/test/loopback"
)

// ClusterOptions configures StartCluster. The zero value is a cluster of three brokers and one controller.
type ClusterOptions struct {
	// LibDir is the folder with Kafka's jars; $LAGWISE_KAFKA_LIB when empty.
	LibDir string

	// Brokers is the number of brokers, 3 by default. Their node ids are 1, 2, 3 and so on.
	Brokers int

	// Controllers is the number of controllers, 1 by default. Their node ids are 101, 102 and so on.
	Controllers int

	// Properties are further lines of every node's server.properties. They come last, and so win over the lines of this
	// package. Time-outs of failure detection are Kafka's defaults unless a line changes them.
	Properties []string
}

// Cluster is a Kafka cluster whose brokers and controllers are processes of their own.
type Cluster struct {
	Brokers     []*Member
	Controllers []*Member

	dir string
}

// Member is one broker or controller of a cluster. Its methods are for one goroutine at a time.
type Member struct {
	node

	// ID is the node id.
	ID int32

	broker bool
	ports  memberPorts
}

// memberPorts are a member's ports for all its lives. A controller has only the first.
type memberPorts struct {
	internal, client, delayed, advertised int
}

// StartCluster starts a cluster and returns once every broker serves. The cluster lives until Stop or until the calling
// process dies; ctx bounds its start alone.
func StartCluster(ctx context.Context, options ClusterOptions) (*Cluster, error) {
	libDir, err := findLibDir(options.LibDir)
	if err != nil {
		return nil, err
	}

	dir, err := os.MkdirTemp("", "lagwise-kafka-cluster-")
	if err != nil {
		return nil, fmt.Errorf("realkafka: create the cluster's folder: %w", err)
	}

	cluster := &Cluster{dir: dir}
	if err := cluster.prepare(libDir, options); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}

	if err := cluster.format(ctx, options); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}

	starting, ctx := errgroup.WithContext(ctx)
	for _, member := range cluster.members() {
		starting.Go(func() error { return member.Start(ctx) })
	}

	if err := starting.Wait(); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}

	return cluster, nil
}

func (c *Cluster) prepare(libDir string, options ClusterOptions) error {
	controllers, brokers := orDefault(options.Controllers, 1), orDefault(options.Brokers, 3)
	for i := range controllers + brokers {
		ports, err := loopback.Ports(4)
		if err != nil {
			return fmt.Errorf("realkafka: %w", err)
		}

		member := &Member{
			ID: int32(101 + i),
			node: node{libDir: libDir, javaOptions: []string{
				"-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData",
			}},
			ports: memberPorts{ports[0], ports[1], ports[2], ports[3]},
		}
		if i < controllers {
			c.Controllers = append(c.Controllers, member)
		} else {
			member.ID, member.broker = int32(i-controllers+1), true //nolint:gosec // a handful
			c.Brokers = append(c.Brokers, member)
		}

		member.dir = filepath.Join(c.dir, fmt.Sprintf("node-%d", member.ID))
		if err := os.Mkdir(member.dir, 0o700); err != nil {
			return fmt.Errorf("realkafka: create a node's folder: %w", err)
		}
	}

	return nil
}

// format formats the first member's data folder, and copies what Kafka's tool wrote to the others: the tool takes seconds.
func (c *Cluster) format(ctx context.Context, options ClusterOptions) error {
	first := c.Controllers[0]
	if err := first.format(ctx, c.properties(first, options)); err != nil {
		return err
	}

	for _, member := range c.members()[1:] {
		if err := os.WriteFile(member.file(propertiesFile), c.properties(member, options), 0o600); err != nil {
			return fmt.Errorf("realkafka: write settings: %w", err)
		}

		if err := member.copyFormat(first); err != nil {
			return fmt.Errorf("realkafka: copy the format of node %d: %w", first.ID, err)
		}
	}

	return nil
}

// copyFormat writes a data folder like the other member's. The folder's id and the node's id are its own.
func (m *Member) copyFormat(of *Member) error {
	if err := os.CopyFS(m.file(dataFolder), os.DirFS(of.file(dataFolder))); err != nil {
		return fmt.Errorf("copy the data folder: %w", err)
	}

	meta := m.file(filepath.Join(dataFolder, "meta.properties"))

	properties, err := os.ReadFile(meta) //nolint:gosec // in a folder of the tests
	if err != nil {
		return fmt.Errorf("read the ids: %w", err)
	}

	folder := make([]byte, 16)
	_, _ = rand.Read(folder) // never fails

	lines := strings.Split(string(properties), "\n")
	for i, line := range lines {
		switch key, _, _ := strings.Cut(line, "="); key {
		case "node.id":
			lines[i] = fmt.Sprintf("node.id=%d", m.ID)
		case "directory.id":
			lines[i] = "directory.id=" + base64.RawURLEncoding.EncodeToString(folder)
		}
	}

	if err := os.WriteFile(meta, []byte(strings.Join(lines, "\n")), 0o600); err != nil { //nolint:gosec // as above
		return fmt.Errorf("write the ids: %w", err)
	}

	return nil
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}

	return n
}

func (c *Cluster) members() []*Member {
	return append(append([]*Member{}, c.Controllers...), c.Brokers...)
}

// Stop kills every process and removes the cluster's folder.
func (c *Cluster) Stop() error {
	for _, member := range c.members() {
		member.Kill()
	}

	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("realkafka: remove the cluster's folder: %w", err)
	}

	return nil
}

// Broker returns the broker with the node id.
func (c *Cluster) Broker(id int32) *Member { return c.Brokers[id-1] }

// Addresses returns the bootstrap addresses of the listener for clients.
func (c *Cluster) Addresses() []string { return c.addresses((*Member).Address) }

// InternalAddresses returns the bootstrap addresses of the listener that the brokers use among themselves. Tests administer
// the cluster there, apart from the clients that they test.
func (c *Cluster) InternalAddresses() []string { return c.addresses((*Member).InternalAddress) }

// AdvertisedAddresses returns the bootstrap addresses of the listener that clients reach through a proxy.
func (c *Cluster) AdvertisedAddresses() []string { return c.addresses((*Member).AdvertisedAddress) }

func (c *Cluster) addresses(of func(*Member) string) []string {
	var all []string
	for _, broker := range c.Brokers {
		all = append(all, of(broker))
	}

	return all
}

// Address returns the broker's address of the listener for clients.
func (m *Member) Address() string { return loopback.Address(m.ports.client) }

// InternalAddress returns the address that other nodes of the cluster use.
func (m *Member) InternalAddress() string { return loopback.Address(m.ports.internal) }

// ProxiedAddress returns the address that a proxy forwards to. Clients of this listener are sent to AdvertisedAddress, where
// the broker itself does not listen.
func (m *Member) ProxiedAddress() string { return loopback.Address(m.ports.delayed) }

// AdvertisedAddress returns the address at which a proxy for ProxiedAddress listens.
func (m *Member) AdvertisedAddress() string { return loopback.Address(m.ports.advertised) }

// Start starts the member with its ports, data and settings, and returns once it serves.
func (m *Member) Start(ctx context.Context) error {
	m.Kill()

	listeners := []string{m.InternalAddress()}
	if m.broker {
		listeners = append(listeners, m.Address(), m.ProxiedAddress())
	}

	if err := m.start(ctx, listeners); err != nil {
		return fmt.Errorf("realkafka: start node %d: %w", m.ID, err)
	}

	return nil
}

// Shutdown ends the process as an operator does (SIGTERM): a broker hands its partitions over first. It returns when the
// process is gone. Shutting down twice is allowed.
func (m *Member) Shutdown() {
	if m.process == nil {
		return
	}

	const grace = 30 * time.Second

	m.process.Stop(grace)
	m.process = nil
}

// properties returns the member's server.properties.
func (c *Cluster) properties(member *Member, options ClusterOptions) []byte {
	var voters []string
	for _, controller := range c.Controllers {
		voters = append(voters, fmt.Sprintf("%d@%s", controller.ID, controller.InternalAddress()))
	}

	factor := len(c.Brokers)
	lines := []string{
		fmt.Sprintf("node.id=%d", member.ID),
		"controller.quorum.voters=" + strings.Join(voters, ","),
		"controller.listener.names=CONTROLLER",
		"log.dirs=" + member.file(dataFolder),
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,CLIENT:PLAINTEXT,DELAYED:PLAINTEXT",
		fmt.Sprintf("offsets.topic.replication.factor=%d", factor),
		"offsets.topic.num.partitions=12",
		fmt.Sprintf("transaction.state.log.replication.factor=%d", factor),
		"transaction.state.log.num.partitions=3",
		fmt.Sprintf("share.coordinator.state.topic.replication.factor=%d", factor),
		"share.coordinator.state.topic.num.partitions=3",
		"group.initial.rebalance.delay.ms=0",
		"auto.create.topics.enable=false",
		"leader.imbalance.check.interval.seconds=5",
	}
	lines = append(lines, member.listenerProperties()...)
	lines = append(lines, options.Properties...)

	return []byte(strings.Join(lines, "\n") + "\n")
}

func (m *Member) listenerProperties() []string {
	if !m.broker {
		return []string{"process.roles=controller", "listeners=CONTROLLER://" + m.InternalAddress()}
	}

	const listeners = "INTERNAL://%s,CLIENT://%s,DELAYED://%s"

	return []string{
		"process.roles=broker",
		"listeners=" + fmt.Sprintf(listeners, m.InternalAddress(), m.Address(), m.ProxiedAddress()),
		"advertised.listeners=" + fmt.Sprintf(listeners, m.InternalAddress(), m.Address(), m.AdvertisedAddress()),
		"inter.broker.listener.name=INTERNAL",
	}
}
