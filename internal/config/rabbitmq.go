package config

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	secrettext "github.com/lagwise/lagwise/scalers/secret"
)

// KindRabbitMQ is the kind of a connection to RabbitMQ.
const KindRabbitMQ = "rabbitmq"

const (
	rabbitAMQP       = "amqp"
	rabbitManagement = "management"
	rabbitVhost      = "vhost"
	rabbitUsername   = "username"
	rabbitPassword   = "password"
)

// rabbitSettings are those of a connection to RabbitMQ.
func rabbitSettings() []Setting {
	settings := []Setting{
		{Live: true, Key: scalers.Key{
			Name: rabbitAMQP, Kind: scalers.KindText, Check: checkAMQP, Help: "Where AMQP is spoken, as amqp://host:5672 or amqps://host:5671, without user and vhost.",
		}},
		{Live: true, Key: scalers.Key{
			Name: rabbitManagement, Kind: scalers.KindText, Check: checkURL,
			Help: "The management API, such as http://host:15672, without user and vhost. Triggers with protocol http need it, others amqp; one of the two is required. With both, it is asked whether a quorum queue has a leader that seems to be empty by amqp.",
		}},
		{Live: true, Key: scalers.Key{Name: rabbitVhost, Kind: scalers.KindText, Default: "/", Help: "Virtual host of triggers that name none."}},
		{Live: true, Key: scalers.Key{Name: rabbitUsername, Kind: scalers.KindText, Help: "Who lagwise is there."}},
	}
	settings = append(settings, secret(rabbitPassword, "The user's password")...)
	settings = append(settings,
		Setting{Live: true, Key: scalers.Key{
			Name: caFile, Kind: scalers.KindText, Help: "Authorities that sign the broker's certificates (PEM); the system's unless given.",
		}},
		Setting{Live: true, Key: scalers.Key{
			Name: certificateFile, Kind: scalers.KindText, Help: "Certificate to show to the broker (PEM). Without username it says by AMQP who lagwise is (EXTERNAL).",
		}})
	settings = append(settings, secret(tlsKey, "Its key (PEM)")...)
	settings = append(settings, secret(tlsKeyPassword, keyPasswordHelp)...)
	return append(settings, Setting{Live: true, Key: scalers.Key{
		Name: skipVerify, Kind: scalers.KindFlag, Default: "false", Help: "Accept any certificate of the broker.",
	}})
}

func checkAMQP(text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "amqp" && parsed.Scheme != "amqps" || parsed.Hostname() == "" || parsed.User != nil ||
		strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" {
		return errors.New("want a URL such as amqp://rabbit:5672 or amqps://rabbit:5671, without user and vhost")
	}
	if port := parsed.Port(); port != "" {
		if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
			return errors.New("want a port from 1 to 65535")
		}
	}
	return nil
}

// buildRabbit builds a connection to RabbitMQ.
func buildRabbit(connection *Connection, v values, groups map[string]bool, reader *secrets) error {
	c := rabbitmq.Connection{
		Name: connection.Name, Management: strings.TrimRight(v.text(rabbitManagement), "/"),
		Vhost: v.text(rabbitVhost), Username: v.text(rabbitUsername),
	}
	if v.text(rabbitAMQP) == "" && c.Management == "" {
		return v.problem(rabbitAMQP, ": missing; give amqp, management, or both")
	}
	if (c.Username == "") == v.named(rabbitPassword) {
		return v.problem(rabbitUsername, " and passwordFile (or passwordEnv) belong together: give both or neither")
	}
	c.AMQP, c.Encrypted = amqpAddress(v.text(rabbitAMQP))
	password, err := reader.line(v, rabbitPassword)
	if err != nil {
		return err
	}
	c.Password = secrettext.Text(password)
	if groups[tlsGroup] {
		if err := checkEncrypted(c, v); err != nil {
			return err
		}
		c.TLS, err = rabbitTLSOf(v, reader)
	}
	connection.RabbitMQ = c
	return err
}

// checkEncrypted refuses settings that would do nothing, while whoever wrote them takes the link for encrypted.
func checkEncrypted(c rabbitmq.Connection, v values) error {
	if !c.Encrypted && !strings.HasPrefix(c.Management, "https:") {
		return v.problem(tlsGroup, ": neither amqp nor management is encrypted; say amqps or https")
	}
	if c.AMQP != "" && !c.Encrypted && c.Username == "" && v.text(certificateFile) != "" {
		return v.problem(certificateFile, ": by amqp it is not shown; say amqps, or give a username")
	}
	return nil
}

// amqpAddress is host:port of a URL that was checked; empty for none.
func amqpAddress(text string) (address string, encrypted bool) {
	parsed, err := url.Parse(text)
	if err != nil || text == "" {
		return "", false
	}
	encrypted = parsed.Scheme == "amqps"
	port := "5672"
	if encrypted {
		port = "5671"
	}
	return net.JoinHostPort(parsed.Hostname(), cmp.Or(parsed.Port(), port)), encrypted
}

func rabbitTLSOf(v values, reader *secrets) (broker.TLS, error) {
	read, err := clientTLSOf(v, reader)
	if err != nil {
		return broker.TLS{}, err
	}
	return broker.TLS{CA: read.ca, Certificate: read.certificate, Key: read.key, SkipVerify: read.skipVerify}, nil
}
