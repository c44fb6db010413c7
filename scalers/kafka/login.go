package kafka

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/clientcert"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

// logIn adds what a TriggerAuthentication says (KEDA: kafka_scaler.go, parseTLS and parseSASL). Its errors repeat nothing of it.
func logIn(connection *cluster.Connection, values scalers.Values) error {
	if connection.TLS != nil {
		if err := prove(connection.TLS, values); err != nil {
			return scalers.Errorf(scalers.CauseRefused, "the TriggerAuthentication: %w", err)
		}
	}
	sasl, err := saslFrom(values)
	if err != nil {
		return scalers.Errorf(scalers.CauseRefused, "sasl %q: %w", askedSASL(values), err)
	}
	connection.SASL = sasl
	return nil
}

func prove(to *cluster.TLS, values scalers.Values) error {
	to.CA, to.Certificate = values.Text("ca"), values.Text("cert")
	if to.CA != "" {
		if err := clientcert.CheckAuthorities(to.CA); err != nil {
			return fmt.Errorf("ca: %w", err)
		}
	}
	key := values.Text("key")
	switch {
	case (to.Certificate != "") != (key != ""):
		return errors.New("cert and key belong together: give both or neither")
	case key == "":
		return nil
	}
	opened, err := clientcert.Open(to.Certificate, cluster.Secret(key), cluster.Secret(values.Text("keyPassword")))
	if of, is := errors.AsType[*clientcert.Error](err); is {
		name := map[clientcert.Part]string{clientcert.Certificate: "cert", clientcert.Key: "key", clientcert.KeyPassword: "keyPassword"}[of.Part]
		return fmt.Errorf("%s: %w", name, err)
	}
	to.Key = opened
	return err
}

func saslFrom(values scalers.Values) (*cluster.SASL, error) {
	asked := askedSASL(values)
	mechanisms := map[string]cluster.Mechanism{
		"plaintext": cluster.Plain, "scram_sha256": cluster.ScramSHA256, "scram_sha512": cluster.ScramSHA512, "oauthbearer": cluster.OAuthBearer,
	}
	mechanism, known := mechanisms[asked]
	switch {
	case asked == noSASL:
		return nil, nil //nolint:nilnil // nobody logs in, and nothing is wrong
	case asked == mskIAM:
		return nil, errors.New("it signs with lagwise's AWS identity, or with the role that a connection names, and never with one that a trigger brings: name a connection of lagwise's configuration (connection: NAME), with sasl.awsRoleArn for awsRoleArn")
	case !known:
		return nil, errors.New(remedyFor(asked))
	case values.Text("username") == "" || values.Text("password") == "":
		return nil, errors.New("the TriggerAuthentication must give username and password")
	case mechanism == cluster.OAuthBearer:
		oauth, err := oauthFrom(values)
		return &cluster.SASL{Mechanism: mechanism, OAuth: oauth}, err
	default:
		return &cluster.SASL{Mechanism: mechanism, Username: values.Text("username"), Password: cluster.Secret(values.Text("password"))}, nil
	}
}

// oauthFrom reads KEDA's parameters: user and password are client and secret at the endpoint.
func oauthFrom(values scalers.Values) (*cluster.OAuth, error) {
	endpoint, err := url.Parse(values.Text("oauthTokenEndpointUri"))
	if err != nil || endpoint.Scheme != "https" && endpoint.Scheme != "http" || endpoint.Host == "" {
		return nil, errors.New("the TriggerAuthentication must give oauthTokenEndpointUri, a URL")
	}
	oauth := &cluster.OAuth{
		TokenURL: endpoint.String(), ClientID: values.Text("username"), ClientSecret: cluster.Secret(values.Text("password")),
		Scopes: strings.FieldsFunc(values.Text("scopes"), func(r rune) bool { return r == ',' || r == ' ' }),
	}
	for pair := range strings.FieldsFuncSeq(values.Text("oauthExtensions"), func(r rune) bool { return r == ',' }) {
		name, value, found := strings.Cut(pair, "=")
		if !found || oauth.Extensions == nil {
			oauth.Extensions = map[string]string{}
		}
		if !found || name == "" || value == "" {
			return nil, errors.New("oauthExtensions of the TriggerAuthentication: want NAME=VALUE pairs")
		}
		oauth.Extensions[name] = value
	}
	return oauth, nil
}
