package rabbitmq

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/clientcert"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
	"github.com/lagwise/lagwise/scalers/secret"
)

// logIn adds what a TriggerAuthentication says beside the host (KEDA: rabbitmq_scaler.go, rabbitMQMetadata). Its errors repeat
// nothing of it. Address is the URL by which the broker is reached.
func (w *way) logIn(values scalers.Values, credentials map[string]secret.Text, address string) error {
	for _, parameter := range []string{"workloadIdentityResource", "oauthTokenURI", "clientID", "clientSecret"} {
		if credentials[parameter] != "" {
			return scalers.Errorf(scalers.CauseRefused,
				"%s of the TriggerAuthentication: lagwise logs in by user and password, or by a certificate; give one of them instead", parameter)
		}
	}
	user, password := values.Text("username"), values.Text("password")
	if (user == "") != (password == "") {
		return scalers.Errorf(scalers.CauseRefused, "username and password of the TriggerAuthentication belong together: give both or neither")
	}
	if user != "" {
		w.endpoint.Username, w.endpoint.Password = user, secret.Text(password)
	}
	switch strings.TrimSpace(string(credentials["tls"])) {
	case "", "disable":
		return nil
	case "enable":
	default:
		return scalers.Errorf(scalers.CauseRefused, "tls of the TriggerAuthentication: want enable or disable")
	}
	if values.Text("keyPassword") != "" { // to open a key takes as much time and memory as whoever wrote it wants
		return scalers.Errorf(scalers.CauseRefused,
			"keyPassword of the TriggerAuthentication: lagwise opens encrypted keys of its own configuration alone; name a connection (connection: NAME), or store the key in the clear")
	}
	tls := &w.endpoint.TLS
	tls.CA, tls.Certificate, tls.Key = values.Text("ca"), values.Text("cert"), secret.Text(values.Text("key"))
	if (tls.Certificate != "") != (tls.Key != "") {
		return scalers.Errorf(scalers.CauseRefused, "cert and key of the TriggerAuthentication belong together: give both or neither")
	}
	if err := checkTLS(*tls); err != nil {
		return scalers.Errorf(scalers.CauseRefused, "the TriggerAuthentication: %w", err)
	}
	if w.endpoint.Protocol == broker.AMQP && tls.Certificate != "" && user == "" && !values.Given(keyUserFromEnv) && !namesPassword(address) {
		w.endpoint.Username, w.endpoint.Password = "", "" // the certificate says who lagwise is, and nobody is guest (buildAMQPConfig)
	}
	return nil
}

// checkTLS names the parameter that is wrong.
func checkTLS(tls broker.TLS) error {
	if tls.CA != "" {
		if err := clientcert.CheckAuthorities(tls.CA); err != nil {
			return fmt.Errorf("ca: %w", err)
		}
	}
	if tls.Certificate == "" {
		return nil
	}
	_, err := clientcert.Open(tls.Certificate, tls.Key, "")
	of, is := errors.AsType[*clientcert.Error](err)
	switch {
	case !is:
		return err
	case of.Part == clientcert.Certificate:
		return fmt.Errorf("cert: %w", err)
	case of.Part == clientcert.KeyPassword:
		return errors.New("key: is encrypted; must be a private key in the clear, or one of a named connection (connection: NAME)")
	default:
		return fmt.Errorf("key: %w", err)
	}
}

// namesPassword says whether a URL brings one.
func namesPassword(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.User == nil {
		return false
	}
	_, has := parsed.User.Password()
	return has
}
