package rabbitmq

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// Names of keys that are read or spoken of in more than one place.
const (
	keyQueueName       = "queueName"
	keyMode            = "mode"
	keyValue           = "value"
	keyQueueLength     = "queueLength"
	keyActivation      = "activationValue"
	keyConnection      = "connection"
	keyHost            = "host"
	keyHostFromEnv     = "hostFromEnv"
	keyUserFromEnv     = "usernameFromEnv"
	keyPasswordFromEnv = "passwordFromEnv"
	keyProtocol        = "protocol"
	keyVhost           = "vhostName"
	keyUseRegex        = "useRegex"
	keyExcludeUnacked  = "excludeUnacknowledged"
	keyPageSize        = "pageSize"
	keyOperation       = "operation"
	keyTimeout         = "timeout"
	keyUnsafeSSL       = "unsafeSsl"
	keyBrokerUnsafeSSL = "brokerUnsafeSsl"
	keyAuthModes       = "authModes"
	keyAuthMode        = "authMode"

	protocolAuto, protocolAMQP, protocolHTTP = "auto", "amqp", "http"
	operationSum, operationAvg, operationMax = "sum", "avg", "max"
	maxQueueName                             = 255 // AMQP writes a queue's name with an 8-bit length
)

// Keys is every key of a RabbitMQ trigger (KEDA: pkg/scalers/rabbitmq_scaler.go, rabbitMQMetadata).
func Keys() scalers.KeyTable {
	table := slices.Concat(queueKeys(), brokerKeys(), scalers.AuthenticationKeys(), loginKeys())
	for _, name := range []string{
		"username", "password", "tls", "ca", "cert", "key", "keyPassword", "workloadIdentityResource",
		"oauthTokenURI", "clientID", "clientSecret", "scopes", "scope", "endpointParams",
	} {
		table = append(table, scalers.Key{
			Name: name, Kind: scalers.KindText, Origin: scalers.Credential, Help: "Refused in metadata; belongs in a connection, or a TriggerAuthentication that authenticationRefName names.",
		})
	}
	return append(table, scalers.CommonKeys()...)
}

// queueKeys say what counts, and what it is held against.
func queueKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyQueueName, Kind: scalers.KindText, Origin: scalers.FromKEDA, Required: true, Check: checkQueue, OtherNames: []string{"queue"},
			Help: "Queue that counts; with useRegex, a regular expression for the names of several.",
		},
		{
			Name: keyMode, Kind: scalers.KindChoice, Origin: scalers.FromKEDA, Choices: modes(),
			Help: "What is counted: messages, messages published or delivered per second, the ratio of the two, or seconds until the queue is consumed. Rates need protocol http. QueueLength where neither mode, value nor queueLength is set.",
		},
		{
			Name: keyValue, Kind: scalers.KindNumber, Origin: scalers.FromKEDA, Check: checkTarget,
			Help: `What one replica should carry, such as "40" or "0.5"; 20 where neither mode, value nor queueLength is set.`,
		},
		{
			Name: keyActivation, Kind: scalers.KindNumber, Origin: scalers.FromKEDA, Default: "0",
			Help: "The trigger is active while what is counted is above this; with MessageRate, also while the messages are.",
		},
		{
			Name: keyQueueLength, Kind: scalers.KindNumber, Origin: scalers.FromKEDA, Check: checkTarget,
			Help: "Old form of mode: QueueLength and its value. Not with these.",
		},
		{
			Name: keyExcludeUnacked, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "Count ready messages alone, and not those that were delivered and not acknowledged yet. For protocol http; amqp never counts these.",
		},
		{
			Name: keyUseRegex, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "queueName is a regular expression. For protocol http.",
		},
		{
			Name: keyOperation, Kind: scalers.KindText, Origin: scalers.FromKEDA, Default: operationSum,
			Help: "What is made of several queues: sum, avg or max. Only with useRegex.",
		},
		{
			Name: keyPageSize, Kind: scalers.KindInteger, Origin: scalers.FromKEDA, Default: "100", Bounds: scalers.AtLeast(1),
			Help: "Queues that a regular expression may match; when it matches more, there is no answer.",
		},
	}
}

// brokerKeys say how to reach the broker.
func brokerKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyConnection, Kind: scalers.KindText, Origin: scalers.Own,
			Excludes:   []string{keyHost, keyHostFromEnv, keyUserFromEnv, keyPasswordFromEnv, keyBrokerUnsafeSSL},
			OtherNames: scalers.ConnectionSettings(),
			Help:       "Named connection of lagwise's configuration: addresses, TLS and credentials.",
		},
		{
			Name: keyHost, Kind: scalers.KindText, Origin: scalers.FromKEDA, Authentication: true, OtherNames: []string{"amqp", "management", "uri", "url", "address"},
			Help: "URL of the broker or its management API, such as amqp://rabbit:5672/vhost or http://rabbit:15672/vhost. With a password it is refused: it would stand in the ScaledObject for everybody to read.",
		},
		{
			Name: keyHostFromEnv, Kind: scalers.KindText, Origin: scalers.FromKEDA, Excludes: []string{keyHost},
			Help: "Variable of the workload that holds that URL. It may hold a password where KEDA reaches lagwise by TLS (docs/security.md).",
		},
		{
			Name: keyUserFromEnv, Kind: scalers.KindText, Origin: scalers.FromKEDA,
			Help: "Variable of the workload that holds the user's name, which replaces that of the URL.",
		},
		{
			Name: keyPasswordFromEnv, Kind: scalers.KindText, Origin: scalers.FromKEDA,
			Help: "Variable of the workload that holds the user's password; as hostFromEnv.",
		},
		{
			Name: keyProtocol, Kind: scalers.KindChoice, Origin: scalers.FromKEDA, Default: protocolAuto, Authentication: true,
			Choices: []string{protocolAuto, protocolAMQP, protocolHTTP},
			Help:    "auto: that of the host's URL; with a connection, http where it has management, and amqp where it has not.",
		},
		{
			Name: keyVhost, Kind: scalers.KindText, Origin: scalers.FromKEDA, Authentication: true, OtherNames: []string{"vhost", "virtualHost"},
			Help: "Virtual host, instead of the URL's or the connection's.",
		},
		{
			Name: keyTimeout, Kind: scalers.KindText, Origin: scalers.FromKEDA, Check: checkTimeout,
			Help: `How long a request may take: "3s", or a number of milliseconds; half a minute at most. For protocol http.`,
		},
		{
			Name: keyBrokerUnsafeSSL, Kind: scalers.KindFlag, Origin: scalers.Own, Default: "false", OtherNames: []string{"skipVerify"},
			Help: "Accept any certificate of the broker. Use this rather than unsafeSsl.",
		},
		{
			Name: keyUnsafeSSL, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "Like brokerUnsafeSsl, but KEDA reads it for its own link to lagwise, too, and stops verifying lagwise's certificate.",
		},
	}
}

// loginKeys say in KEDA which of a TriggerAuthentication's parameters count (pkg/scalers/authentication/authentication_types.go).
func loginKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyAuthModes, Kind: scalers.KindList, Origin: scalers.FromKEDA, Check: checkModes,
			Help: "Without effect: the connection says who lagwise is. basic or tls; oauth is refused, because lagwise has no OAuth for RabbitMQ.",
		},
		{Name: keyAuthMode, Kind: scalers.KindList, Origin: scalers.FromKEDA, Check: checkModes, Help: "Another name of authModes."},
	}
}

const modeOAuth = "oauth"

func checkModes(value string) error {
	for mode := range strings.SplitSeq(value, ",") {
		if mode = strings.TrimSpace(mode); mode != "basic" && mode != "tls" && mode != modeOAuth {
			return errors.New("want basic, tls or oauth")
		}
	}
	return nil
}

func checkQueue(value string) error {
	if len(value) > maxQueueName {
		return errors.New("want at most 255 bytes")
	}
	return nil
}

// checkTarget: 0 is as if it were not there, as in KEDA; the HPA knows thousandths, and no target below them.
func checkTarget(value string) error {
	if number, err := strconv.ParseFloat(value, 64); err == nil && number < 0.001 && number != 0 {
		return errors.New(`want a number above 0, such as "40" or "0.5"`)
	}
	return nil
}

func checkTimeout(value string) error {
	_, err := parseTimeout(value)
	return err
}

// parseTimeout reads what KEDA reads: a bare number is milliseconds, unlike in lagwise's own keys (typed_config.go,
// setConfigValueHelper).
func parseTimeout(value string) (time.Duration, error) {
	timeout, err := time.ParseDuration(value)
	if milliseconds, numberErr := strconv.ParseInt(value, 10, 32); numberErr == nil {
		timeout, err = time.Duration(milliseconds)*time.Millisecond, nil
	}
	if err != nil || timeout < 0 {
		return 0, errors.New(`want a duration such as "3s", or a number of milliseconds`)
	}
	return timeout, nil
}
