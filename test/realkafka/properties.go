package realkafka

import (
	"fmt"
	"strings"

	"github.com/lagwise/lagwise/test/loopback"
)

// properties returns the broker's server.properties.
func properties(b *Broker, options Options) []byte {
	lines := []string{
		"process.roles=broker,controller",
		"node.id=1",
		"controller.quorum.voters=1@" + loopback.Address(b.ports.controller),
		"controller.listener.names=CONTROLLER",
		"inter.broker.listener.name=PLAINTEXT",
		"log.dirs=" + b.file(dataFolder),

		// One broker holds every internal topic alone.
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=3",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=3",

		"broker.heartbeat.interval.ms=300",

		// Tests do not wait for a group's members, for deleted records or for deleted topics either.
		"group.initial.rebalance.delay.ms=0",
		"log.retention.check.interval.ms=200",
		"log.initial.task.delay.ms=200",
		"log.segment.delete.delay.ms=0",
		"file.delete.delay.ms=0",

		fmt.Sprintf("auto.create.topics.enable=%t", options.AutoCreateTopics),
	}

	if options.OffsetsRetentionCheck > 0 {
		lines = append(lines,
			fmt.Sprintf("offsets.retention.check.interval.ms=%d", options.OffsetsRetentionCheck.Milliseconds()))
	}

	lines = append(lines, listenerProperties(b)...)
	if b.secure {
		lines = append(lines, securityProperties(b)...)
	}

	lines = append(lines, options.Properties...)

	return []byte(strings.Join(lines, "\n") + "\n")
}

// listenerProperties names each client listener after its security protocol.
func listenerProperties(b *Broker) []string {
	clients := []string{"PLAINTEXT://" + b.Address()}
	if b.secure {
		clients = append(clients,
			"SASL_PLAINTEXT://"+b.SASLPlaintextAddress(),
			"SSL://"+b.SSLAddress(),
			"SASL_SSL://"+b.SASLSSLAddress())
	}

	advertised := strings.Join(clients, ",")

	return []string{
		"listeners=" + advertised + ",CONTROLLER://" + loopback.Address(b.ports.controller),
		"advertised.listeners=" + advertised,
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT," +
			"SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
	}
}
