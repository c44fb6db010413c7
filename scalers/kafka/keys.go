package kafka

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/lag"
)

// Names of keys that are read or spoken of in more than one place.
const (
	keyBootstrapServers     = "bootstrapServers"
	keyConnection           = "connection"
	keyConsumerGroup        = "consumerGroup"
	keyTopic                = "topic"
	keyPartitionLimitation  = "partitionLimitation"
	keyLagThreshold         = "lagThreshold"
	keyResetPolicy          = "offsetResetPolicy"
	keyScaleToZero          = "scaleToZeroOnInvalidOffset"
	keyExcludePersistent    = "excludePersistentLag"
	keyPersistentInterval   = "persistentLagInterval"
	keyFullMetadata         = "fullMetadata"
	keyClampToLogStart      = "clampToLogStart"
	keySASL                 = "sasl"
	keyTokenProvider        = "saslTokenProvider"
	keyAWSRegion            = "awsRegion"
	mskIAM                  = "aws_msk_iam"
	keyTLS                  = "tls"
	keyUnsafeSSL            = "unsafeSsl"
	keyBrokerUnsafeSSL      = "brokerUnsafeSsl"
	maxConsumerGroup        = 32_767 // Kafka writes a group's name with a 16-bit length
	earliest, latest        = "earliest", "latest"
	enable, disable, noSASL = "enable", "disable", "none"
)

// Keys is every key of a Kafka trigger (KEDA: pkg/scalers/kafka_scaler.go, kafkaMetadata).
func Keys() scalers.KeyTable {
	return slices.Concat(observedKeys(), topicKeys(), countingKeys(), recordKeys(), activationKeys(), ageKeys(), limitKeys(), drainKeys(), stallKeys(), holdKeys(), windowKeys(), connectionKeys(), scalers.AuthenticationKeys(), credentialKeys(), scalers.CommonKeys())
}

// observedKeys say whose lag counts, and where.
func observedKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyBootstrapServers, Kind: scalers.KindList, Origin: scalers.FromKEDA, FromEnv: true, Check: checkServers,
			OtherNames: []string{"bootstrap.servers", "brokers"},
			Help:       "Kafka brokers as host:port, comma-separated. May be left out when connection is set.",
		},
		{
			Name: keyConsumerGroup, Kind: scalers.KindText, Origin: scalers.FromKEDA, FromEnv: true, Required: true, Check: checkGroup,
			OtherNames: []string{"group.id", "groupId", "group"},
			Help:       "Consumer group whose committed offsets count.",
		},
		{
			Name: keyTopic, Kind: scalers.KindList, Origin: scalers.FromKEDA, FromEnv: true, Check: checkTopics,
			Help: "Topic whose lag counts; a comma-separated list follows the rules of KEDA's apache-kafka. Without it and topicPattern, every topic in which the group has committed offsets.",
		},
		{
			Name: keyPartitionLimitation, Kind: scalers.KindText, Origin: scalers.FromKEDA, Check: checkRanges,
			Help: `Partitions that count, such as "1,2,10-20". Ignored where the trigger names no topics.`,
		},
	}
}

// countingKeys say how lag is counted, and what it is held against.
func countingKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyLagThreshold, Kind: scalers.KindInteger, Origin: scalers.FromKEDA, Default: "10", Bounds: scalers.AtLeast(1),
			Help: "Lag that one replica should carry.",
		},
		{
			Name: keyResetPolicy, Kind: scalers.KindChoice, Origin: scalers.FromKEDA, Default: latest, Choices: []string{latest, earliest},
			Help: "What a partition without a committed offset counts: 1 (latest) or all that it holds (earliest).",
		},
		{
			Name: keyScaleToZero, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "A partition without a committed offset counts 0.",
		},
		{
			Name: keyExcludePersistent, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "A partition whose committed offset does not move counts 0 in the metric; it still activates.",
		},
		{
			Name: keyPersistentInterval, Kind: scalers.KindDuration, Origin: scalers.Own, Default: "30s",
			Bounds: &scalers.Bounds{Min: int64(100 * time.Millisecond), Max: int64(time.Hour)},
			Help:   "How long a committed offset must stand still for excludePersistentLag.",
		},
		{
			Name: keyClampToLogStart, Kind: scalers.KindFlag, Origin: scalers.Own, Default: "false",
			Help: "A committed offset that is not in the log counts from where a consumer finds records: the log start where its records were deleted; past the log end, what offsetResetPolicy says (earliest: the whole log, latest: 0).",
		},
	}
}

// connectionKeys say how to reach the brokers.
func connectionKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyConnection, Kind: scalers.KindText, Origin: scalers.Own, OtherNames: scalers.ConnectionSettings(),
			Help: "Named connection of lagwise's configuration: brokers, TLS and credentials.",
		},
		{
			Name: keySASL, Kind: scalers.KindChoice, Origin: scalers.FromKEDA, Default: noSASL,
			Choices: []string{noSASL, "plaintext", "scram_sha256", "scram_sha512", "oauthbearer", "gssapi", mskIAM}, Authentication: true,
			OtherNames: []string{"mechanism"},
			Help:       "Must agree with the connection, which holds the credentials.",
		},
		{
			Name: keyTLS, Kind: scalers.KindChoice, Origin: scalers.FromKEDA, Default: disable, Choices: []string{enable, disable}, Authentication: true,
			Help: "Encrypt; the system's authorities are trusted. With a connection it must agree with it.",
		},
		{
			Name: keyBrokerUnsafeSSL, Kind: scalers.KindFlag, Origin: scalers.Own, Default: "false", OtherNames: []string{"skipVerify"},
			Help: "Accept any broker certificate. Use this rather than unsafeSsl.",
		},
		{
			Name: keyUnsafeSSL, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "Like brokerUnsafeSsl, but KEDA reads it for its own link to lagwise, too, and stops verifying lagwise's certificate.",
		},
		{
			Name: keyTokenProvider, Kind: scalers.KindChoice, Origin: scalers.FromKEDA, Choices: []string{"bearer", mskIAM}, Authentication: true,
			Help: "Only with sasl: oauthbearer.",
		},
		{Name: keyAWSRegion, Kind: scalers.KindText, Origin: scalers.FromKEDA, Help: "Only with saslTokenProvider: aws_msk_iam."},
		{
			Name: "identityOwner", Kind: scalers.KindChoice, Origin: scalers.FromKEDA, Choices: []string{"pod", "operator"},
			Help: "Without effect: the connection says whose AWS identity signs, by sasl.awsRoleArn.",
		},
		{
			Name: keyFullMetadata, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "true",
			Help: "Without effect: lagwise never reads more metadata than its triggers need. false needs topic, as in KEDA.",
		},
		{
			Name: "version", Kind: scalers.KindText, Origin: scalers.FromKEDA, Check: checkVersion,
			Help: "Without effect: the protocol version is negotiated.",
		},
	}
}

// credentialKeys are read by KEDA's kafka scalers from a TriggerAuthentication, which KEDA does not pass on
// (kafka_scaler.go, order=authParams), and the AWS keys that it reads from metadata as well.
func credentialKeys() scalers.KeyTable {
	var table scalers.KeyTable
	for _, name := range []string{
		"username", "password", "ca", "cert", "key", "keyPassword",
		"scopes", "oauthTokenEndpointUri", "oauthExtensions",
		"realm", "keytab", "ccacheName", "kerberosConfig", "kerberosServiceName",
		"awsRoleArn", "awsAccessKeyID", "awsAccessKeyId", "awsSecretAccessKey", "awsSessionToken",
	} {
		table = append(table, scalers.Key{
			Name: name, Kind: scalers.KindText, Origin: scalers.Credential, FromEnv: true,
			Help: "Refused in metadata; belongs in a connection, or a TriggerAuthentication that authenticationRefName names.",
		})
	}
	return table
}

// maxServers bounds the brokers that a trigger names to begin with, as each is looked up and tried. lagwise finds the others by itself.
const maxServers = 10

func checkServers(value string) error {
	if strings.Count(value, ",") >= maxServers {
		return fmt.Errorf("want at most %d brokers: lagwise finds the others through them", maxServers)
	}
	for server := range strings.SplitSeq(value, ",") {
		if server = strings.TrimSpace(server); server == "" { // a comma over, which KEDA's clients pass by
			continue
		}
		host, port, err := net.SplitHostPort(server)
		number, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || portErr != nil || number == 0 || host == "" || strings.ContainsFunc(host, notInHost) {
			if scalers.HoldsPassword(value) {
				return errors.New("want brokers as host:port alone: credentials never stand in metadata; name a connection of lagwise's configuration instead (connection: NAME)")
			}
			return errors.New(`want brokers as host:port, such as "kafka-0.kafka:9092,kafka-1.kafka:9092"`)
		}
	}
	return nil
}

func notInHost(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-_:%", r)
}

func checkGroup(value string) error {
	if len(value) > maxConsumerGroup || strings.ContainsRune(value, 0) {
		return fmt.Errorf("want a consumer group's name: at most %d bytes, none of them zero", maxConsumerGroup)
	}
	return nil
}

func checkTopics(value string) error {
	for topic := range strings.SplitSeq(value, ",") {
		if topic = strings.TrimSpace(topic); topic == "" {
			continue
		}
		if err := cluster.CheckTopic(topic); err != nil {
			return err
		}
	}
	if strings.Trim(value, ", ") == "" {
		return errors.New("want at least one topic's name")
	}
	return nil
}

func checkRanges(value string) error {
	_, err := lag.ParseRanges(value)
	return err
}

// checkVersion accepts what KEDA accepts (github.com/IBM/sarama, ParseKafkaVersion).
func checkVersion(value string) error {
	if !regexp.MustCompile(`^(0\.\d+\.\d+\.\d+|[1-9]\d*\.\d+\.\d+)$`).MatchString(value) {
		return errors.New(`want a Kafka version such as "1.0.0" or "3.7.0"`)
	}
	return nil
}
