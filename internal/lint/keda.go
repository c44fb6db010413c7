package lint

import (
	"maps"
	"slices"
	"strings"

	"github.com/lagwise/lagwise/scalers"
)

// This file is the one place where KEDA's own scalers are known by name, with their traps
// (KEDA: pkg/scalers/kafka_scaler.go, apache_kafka_scaler.go, cron_scaler.go, newrelic_scaler.go and
// rabbitmq_scaler.go).

// Builtin are KEDA's own trigger types, and the scalers of lagwise that take the same keys.
func Builtin() map[string]string {
	return map[string]string{"apache-kafka": "kafka", "cron": "cron", "kafka": "kafka", "new-relic": "new-relic", "rabbitmq": "rabbitmq"}
}

// kedaKeys says whether KEDA's scalers read a key from metadata that lagwise has no use for: whose AWS account to use.
func kedaKeys(key string) bool { return strings.HasPrefix(key, "aws") || key == "identityOwner" }

// kedaExcludes are those of the keys that exclude each other which KEDA's scaler refuses together as well.
func kedaExcludes(kind string, key scalers.Key, table scalers.KeyTable) []string {
	if kind == "apache-kafka" && key.Name == keyEven {
		return nil
	}
	var kept []string
	for _, name := range key.Excludes {
		if other, known := find(table, name); known && other.Origin == scalers.FromKEDA {
			kept = append(kept, name)
		}
	}
	return kept
}

// kedaRules are about built-in triggers alone.
func kedaRules() []Rule {
	return []Rule{
		{
			ID: "keda-lagwise-key", Severity: Warning,
			Finds:   "A key of lagwise's on a built-in trigger.",
			Happens: "KEDA ignores it.",
			Do:      "Move the trigger over: `lagwise convert`.",
			look:    each(lagwiseKey, builtin),
		},
		{
			ID: "keda-credential", Severity: Error,
			Finds:   "A password, a certificate or another credential in a built-in trigger's metadata.",
			Happens: "Everybody who may read the object can read the secret; of all but a queryKey KEDA takes no notice.",
			Do:      "Take it out, exchange it, and put it into a TriggerAuthentication.",
			look:    each(kedaCredential, builtin),
		},
		{
			ID: "keda-no-authentication", Severity: Error,
			Finds:   "A sasl mechanism, or a source that always wants a login, such as New Relic, without an authenticationRef.",
			Happens: "KEDA refuses the trigger, such as with \"no username given\".",
			Do:      "Name a TriggerAuthentication with the credentials.",
			look:    each(noAuthentication, builtin),
		},
		{
			ID: "keda-sasl", Severity: Error,
			Finds:   "A sasl mechanism that this one of KEDA's two Kafka scalers does not have.",
			Happens: "KEDA refuses the trigger.",
			Do:      "Say `type: apache-kafka` for aws_msk_iam, and `type: kafka` for oauthbearer.",
			look:    each(otherSASL, builtin),
		},
		{
			ID: "keda-all-topics", Severity: Warning,
			Finds:   "A consumerGroup without a topic.",
			Happens: "The lag of every topic counts in which the group has ever committed; of every topic that KEDA can see, as long as it has committed nothing.",
			Do:      "Name the topic.",
			look:    each(kedaAllTopics, builtin),
		},
		{
			ID: "keda-topic-list", Severity: Error,
			Finds:   "A list of topics for `type: kafka`.",
			Happens: "KEDA takes it for the name of one topic, which is not there.",
			Do:      "Say `type: apache-kafka`, move the trigger to lagwise, or write a trigger for each topic.",
			look:    each(topicList, builtin),
		},
		{
			ID: "keda-unsafe", Severity: Warning,
			Finds:   "unsafeSsl on a built-in trigger.",
			Happens: "Whoever stands between KEDA and the brokers can read what KEDA logs in with.",
			Do:      "Put the brokers' authority into the TriggerAuthentication as `ca`.",
			look:    each(kedaUnsafe, builtin),
		},
	}
}

// rabbitRules are about RabbitMQ's triggers, of KEDA and of lagwise.
func rabbitRules() []Rule {
	return []Rule{
		{
			ID: "rabbitmq-unsaid", Severity: Hint,
			Finds:   "A RabbitMQ trigger without `protocol`, or without `vhostName`, whose connection or TriggerAuthentication decides that.",
			Happens: "By http unacknowledged messages count, by amqp they do not. A trigger that moves to a connection may change its number: `lagwise convert` leaves it as it is.",
			Do:      "Write `protocol` and `vhostName` into the trigger.",
			look:    each(unsaid, lagwise, builtin),
		},
		{
			ID: "rabbitmq-stream", Severity: Hint,
			Finds:   "A queueName with `stream` in it.",
			Happens: "Where the queue is a stream, its messages count after they were consumed, too: the workload stays up until the stream's retention deletes them.",
			Do:      "Do not scale on a stream's length; use a queue, or Kafka.",
			look:    each(stream, lagwise, builtin),
		},
	}
}

// mustLogIn says whether the source wants to know who asks: then each of lagwise's triggers has to name a connection.
func (t trigger) mustLogIn() bool {
	key, known := find(t.own, "connection")
	return known && key.Required
}

// brings says whether a credential stands in the metadata.
func (t trigger) brings() bool {
	return slices.ContainsFunc(t.own, func(key scalers.Key) bool { return key.Origin == scalers.Credential && t.given(key.Name) != "" })
}

// asKEDAReads is a built-in trigger's metadata without what only KEDA knows: who logs in, and with what. Where KEDA takes the
// broker's address from a TriggerAuthentication as well, it is taken to be there.
func asKEDAReads(t trigger, metadata map[string]string) map[string]string {
	read := maps.Clone(metadata)
	addressed := t.knows("host") && t.Authentication != nil
	if t.Type == "apache-kafka" {
		delete(read, keyEven) // which it takes beside any other, and without a topic
	}
	for name := range metadata {
		if !t.knows(name) || slices.Contains([]string{"sasl", "tls", "saslTokenProvider", "awsRegion", "authModes", "authMode"}, name) ||
			(addressed && slices.Contains([]string{"host", "hostFromEnv", "usernameFromEnv", "passwordFromEnv"}, name)) {
			delete(read, name)
		}
	}
	if addressed || t.mustLogIn() {
		read["connection"] = "of-its-authentication"
	}
	read["scaler"] = Builtin()[t.Type]
	return read
}

func lagwiseKey(_ subject, t trigger) []hit {
	var hits []hit
	for _, entry := range t.written() {
		if key, known := find(t.own, entry.Key); known && key.Origin == scalers.Own {
			hits = append(hits, at(entry.KeyPlace, "%s is a key of lagwise's", entry.Key)...)
		}
	}
	return hits
}

func kedaCredential(_ subject, t trigger) []hit {
	var hits []hit
	for _, entry := range t.written() {
		key, known := find(t.own, entry.Key)
		if known && key.Origin == scalers.Credential && entry.Key == key.Name && !kedaKeys(entry.Key) && t.given(entry.Key) != "" {
			hits = append(hits, at(entry.KeyPlace, "%s is a credential", entry.Key)...)
		}
	}
	return hits
}

func noAuthentication(_ subject, t trigger) []hit {
	if t.mustLogIn() && t.Authentication == nil && !t.brings() {
		return at(t.At("type"), "%s wants to know who asks", t.Type)
	}
	sasl := t.given("sasl")
	byRole := sasl == "aws_msk_iam" || t.given("saslTokenProvider") == "aws_msk_iam"
	if sasl == "" || sasl == "none" || byRole || t.Authentication != nil {
		return nil
	}
	return at(t.at("sasl"), "sasl %s needs credentials", sasl)
}

func otherSASL(_ subject, t trigger) []hit {
	if without := map[string]string{"kafka": "aws_msk_iam", "apache-kafka": "oauthbearer"}[t.Type]; without == "" || t.given("sasl") != without {
		return nil
	}
	return at(t.at("sasl"), "type %s has no sasl %s", t.Type, t.given("sasl"))
}

func kedaAllTopics(_ subject, t trigger) []hit {
	if !t.knows(keyTopic) || t.namesTopics() {
		return nil
	}
	return at(t.at(keyGroup), "the trigger names no topic")
}

func topicList(_ subject, t trigger) []hit {
	if t.Type != "kafka" || !strings.Contains(t.given(keyTopic), ",") {
		return nil
	}
	return at(t.at(keyTopic), "topic %s is a list", scalers.Quote(t.given(keyTopic)))
}

// unsaid finds what another place than the trigger decides, and a number with it.
func unsaid(_ subject, t trigger) []hit {
	var hits []hit
	connected := t.owner == lagwise && t.given("connection") != ""
	authenticated := t.owner == builtin && t.Authentication != nil && t.given("host") == "" && t.given("hostFromEnv") == ""
	if !t.knows("vhostName") || !connected && !authenticated {
		return nil
	}
	if protocol := t.given("protocol"); protocol == "" || protocol == "auto" {
		hits = append(hits, at(t.at("protocol"), "protocol is not given")...)
	}
	if authenticated && t.given("vhostName") == "" {
		hits = append(hits, at(t.Place, "vhostName is not given")...)
	}
	return hits
}

func stream(_ subject, t trigger) []hit {
	name := t.given("queueName")
	if !t.knows("queueName") || !strings.Contains(strings.ToLower(name), "stream") {
		return nil
	}
	return at(t.at("queueName"), "queueName %s may name a stream", scalers.Quote(name))
}

func kedaUnsafe(_ subject, t trigger) []hit {
	if !t.values.Flag("unsafeSsl") {
		return nil
	}
	return at(t.at("unsafeSsl"), "any certificate of a broker is accepted")
}
