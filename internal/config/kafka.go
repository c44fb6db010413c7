package config

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// KindKafka is the kind of a connection to Kafka, and of one that names no kind.
const KindKafka = "kafka"

const (
	bootstrapServers = "bootstrapServers"
	saslGroup        = "sasl"
	mechanism        = "sasl.mechanism"
	username         = "sasl.username"
	awsRegion        = "sasl.awsRegion"
	awsRoleARN       = "sasl.awsRoleArn"
	awsExternalID    = "sasl.awsExternalId"
	password         = "sasl.password"
)

func kafkaSettings() []Setting {
	settings := []Setting{
		{Live: true, Key: scalers.Key{Name: bootstrapServers, Kind: scalers.KindList, Check: checkServers, Help: "Brokers as host:port. Required."}},
		{Live: true, Key: scalers.Key{
			Name: caFile, Kind: scalers.KindText,
			Help: "Authorities that sign the brokers' certificates (PEM); the system's unless given. `tls: {}` encrypts without any further setting.",
		}},
		{Live: true, Key: scalers.Key{Name: certificateFile, Kind: scalers.KindText, Help: "Certificate to show to the brokers (PEM)."}},
	}
	settings = append(settings, secret(tlsKey, "Its key (PEM)")...)
	settings = append(settings, secret(tlsKeyPassword, keyPasswordHelp)...)
	settings = append(settings,
		Setting{Live: true, Key: scalers.Key{Name: skipVerify, Kind: scalers.KindFlag, Default: "false", Help: "Accept any certificate of a broker."}},
		Setting{Live: true, Key: scalers.Key{Name: mechanism, Kind: scalers.KindText, Check: checkMechanism, Help: "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM."}},
		Setting{Live: true, Key: scalers.Key{Name: username, Kind: scalers.KindText, Help: "Who lagwise is to the brokers."}})
	settings = append(settings, secret(password, "The user's password")...)
	settings = append(settings, oauthSettings()...)
	return append(settings,
		Setting{Live: true, Key: scalers.Key{
			Name: awsRegion, Kind: scalers.KindText, Help: "Region of the cluster, for AWS_MSK_IAM, which uses the credentials that AWS's SDK finds. Needs tls.",
		}},
		Setting{Live: true, Key: scalers.Key{
			Name: awsRoleARN, Kind: scalers.KindText, Check: checkRole,
			Help: "IAM role to assume for this connection, for AWS_MSK_IAM. The identity that AWS's SDK finds needs sts:AssumeRole on it; without it that identity signs.",
		}},
		Setting{Live: true, Key: scalers.Key{
			Name: awsExternalID, Kind: scalers.KindText, Help: "External ID that the role's trust policy asks for. Only with sasl.awsRoleArn.",
		}})
}

func buildKafka(connection *Connection, v values, groups map[string]bool, reader *secrets) error {
	if len(v.list(bootstrapServers)) == 0 {
		return v.problem(bootstrapServers, ": missing; give the brokers as host:port")
	}
	connection.Kafka = cluster.Connection{Name: connection.Name, BootstrapServers: v.list(bootstrapServers)}
	if groups[tlsGroup] {
		tls, err := clientTLSOf(v, reader)
		if err != nil {
			return err
		}
		connection.Kafka.TLS = &cluster.TLS{
			CA: tls.ca, Certificate: tls.certificate, Key: tls.key, SkipVerify: tls.skipVerify,
		}
	}
	if groups[saslGroup] {
		sasl, err := saslOf(v, reader)
		if err != nil {
			return err
		}
		connection.Kafka.SASL = &sasl
	}
	return nil
}

var errWithPassword = errors.New("want host:port alone, without user and password, which sasl.username and sasl.passwordFile (or sasl.passwordEnv) give")

func checkServers(servers string) error {
	for server := range strings.SplitSeq(servers, ",") {
		host, port, err := net.SplitHostPort(server)
		number, portErr := strconv.ParseUint(port, 10, 16)
		if err != nil || portErr != nil || number == 0 || host == "" || strings.ContainsAny(server, " /@") {
			if scalers.HoldsPassword(servers) {
				return errWithPassword
			}
			return fmt.Errorf("want host:port, not %s", scalers.Quote(server))
		}
	}
	return nil
}

const (
	mechanisms = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM"
	// mskIAM is OAUTHBEARER to Kafka; what it is called by everybody else tells where the token comes from.
	mskIAM = "AWS_MSK_IAM"
)

func checkMechanism(text string) error {
	switch cluster.Mechanism(strings.ToUpper(text)) {
	case cluster.Plain, cluster.ScramSHA256, cluster.ScramSHA512, cluster.OAuthBearer, mskIAM:
		return nil
	case "GSSAPI":
		return errors.New("lagwise's Kafka client is built without Kerberos; want " + mechanisms)
	default:
		return errors.New("want " + mechanisms)
	}
}

func checkRole(arn string) error {
	if !regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$`).MatchString(arn) {
		return errors.New("want the ARN of an IAM role, such as arn:aws:iam::123456789012:role/lagwise")
	}
	return nil
}

func saslOf(v values, reader *secrets) (cluster.SASL, error) {
	if v.text(mechanism) == "" {
		return cluster.SASL{}, v.problem(mechanism, ": missing; want %s", mechanisms)
	}
	chosen := cluster.Mechanism(strings.ToUpper(v.text(mechanism)))
	switch {
	case chosen == mskIAM && v.text(awsRegion) == "":
		return cluster.SASL{}, v.problem(mechanism, " AWS_MSK_IAM needs sasl.awsRegion")
	case v.text(awsRoleARN) != "" && chosen != mskIAM:
		return cluster.SASL{}, v.problem(awsRoleARN, " %s: needs sasl.mechanism AWS_MSK_IAM, got %s", scalers.Quote(v.text(awsRoleARN)), chosen)
	case v.text(awsExternalID) != "" && v.text(awsRoleARN) == "":
		return cluster.SASL{}, v.problem(awsExternalID, " %s: needs sasl.awsRoleArn, the role to assume", scalers.Quote(v.text(awsExternalID)))
	case chosen == mskIAM:
		return cluster.SASL{
			Mechanism: cluster.OAuthBearer, AWSRegion: v.text(awsRegion), AWSRoleARN: v.text(awsRoleARN), AWSExternalID: v.text(awsExternalID),
		}, nil
	}
	if chosen == cluster.OAuthBearer {
		oauth, err := oauthOf(v, reader)
		return cluster.SASL{Mechanism: chosen, OAuth: oauth}, err
	}
	if v.text(username) == "" || !v.named(password) {
		return cluster.SASL{}, v.problem(username, " and sasl.passwordFile (or sasl.passwordEnv) are both needed")
	}
	secret, err := reader.line(v, password)
	if err != nil {
		return cluster.SASL{}, err
	}
	return cluster.SASL{Mechanism: chosen, Username: v.text(username), Password: cluster.Secret(secret)}, nil
}
