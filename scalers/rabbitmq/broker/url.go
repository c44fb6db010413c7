package broker

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/lagwise/lagwise/scalers/secret"
)

// rootVhost is the one that every broker has.
const rootVhost = "/"

// The errors of URLs repeat nothing of them: a URL may hold a password.
var (
	errAMQP = errors.New("want a URL such as amqp://rabbit:5672/vhost or amqps://rabbit:5671/vhost")
	errHTTP = errors.New("want a URL such as http://rabbit:15672/vhost or https://rabbit/vhost, without a ? and what follows")
	errFile = errors.New("certfile, keyfile and cacertfile name files of lagwise's own machine: use a connection")
)

// ParseAMQP reads a URL of AMQP as KEDA's client reads it: guest, the port and the vhost / stand in for what is left out.
func ParseAMQP(text string) (Endpoint, error) {
	parsed, err := amqp.ParseURI(text)
	if err != nil {
		return Endpoint{}, errAMQP
	}
	if parsed.CertFile != "" || parsed.KeyFile != "" || parsed.CACertFile != "" {
		return Endpoint{}, errFile
	}
	return Endpoint{
		Protocol: AMQP, Address: net.JoinHostPort(parsed.Host, strconv.Itoa(parsed.Port)), Vhost: parsed.Vhost,
		Username: parsed.Username, Password: secret.Text(parsed.Password), Encrypted: parsed.Scheme == "amqps",
	}, nil
}

// ParseHTTP reads a URL of the management API, whose path ends with the vhost (KEDA: rabbitmq_scaler.go, getVhostAndPathFromURL).
func ParseHTTP(text string) (endpoint Endpoint, vhost string, err error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "" || parsed.RawQuery != "" || parsed.Fragment != "" {
		return Endpoint{}, "", errHTTP
	}
	before, last := "", parsed.EscapedPath()
	if slash := strings.LastIndex(last, "/"); slash >= 0 {
		before, last = strings.Trim(last[:slash], "/"), last[slash+1:]
	}
	if vhost, err = url.PathUnescape(last); err != nil {
		return Endpoint{}, "", errHTTP
	}
	if vhost == "" {
		vhost = rootVhost
	}
	if before != "" {
		before = "/" + before
	}
	endpoint = Endpoint{Protocol: HTTP, Address: parsed.Scheme + "://" + parsed.Host + before, Username: parsed.User.Username()}
	password, _ := parsed.User.Password()
	endpoint.Password = secret.Text(password)
	return endpoint, vhost, nil
}
