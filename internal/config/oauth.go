package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

const (
	tokenURL     = "sasl.tokenUrl" //nolint:gosec // the name of a setting
	clientID     = "sasl.clientId"
	clientSecret = "sasl.clientSecret" //nolint:gosec // the name of a setting
	scopes       = "sasl.scopes"
	extensions   = "sasl.extensions"
	tokenCAFile  = "sasl.tokenCAFile" //nolint:gosec // the name of a setting
)

// oauthSettings are those of sasl.mechanism OAUTHBEARER.
func oauthSettings() []Setting {
	settings := []Setting{
		{Live: true, Key: scalers.Key{Name: tokenURL, Kind: scalers.KindText, Check: checkURL, Help: "Where tokens come from, for OAUTHBEARER (client credentials)."}},
		{Live: true, Key: scalers.Key{Name: clientID, Kind: scalers.KindText, Help: "Who lagwise is there."}},
	}
	settings = append(settings, secret(clientSecret, "Its secret")...)
	return append(settings,
		Setting{Live: true, Key: scalers.Key{Name: scopes, Kind: scalers.KindList, Help: "Scopes to ask for."}},
		Setting{Live: true, Key: scalers.Key{
			Name: extensions, Kind: scalers.KindList, Check: checkPairs, Help: "What brokers want beside the token, such as [logicalCluster=lkc-1].",
		}},
		Setting{Live: true, Key: scalers.Key{
			Name: tokenCAFile, Kind: scalers.KindText, Help: "Authorities that sign the certificate of tokenUrl (PEM); the system's unless given.",
		}})
}

func checkURL(text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.User != nil {
		return errors.New("want a URL such as https://login.example.com/token, without a user")
	}
	return nil
}

func checkPairs(pairs string) error {
	for pair := range strings.SplitSeq(pairs, ",") {
		if name, value, found := strings.Cut(pair, "="); !found || name == "" || value == "" {
			return fmt.Errorf("want NAME=VALUE, not %s", scalers.Quote(pair))
		}
	}
	return nil
}

func oauthOf(v values, reader *secrets) (*cluster.OAuth, error) {
	if v.text(tokenURL) == "" || v.text(clientID) == "" || !v.named(clientSecret) {
		return nil, v.problem(mechanism, " OAUTHBEARER needs sasl.tokenUrl, sasl.clientId and sasl.clientSecretFile (or sasl.clientSecretEnv)")
	}
	secret, secretErr := reader.line(v, clientSecret)
	ca, caErr := reader.file(v, tokenCAFile)
	if err := cmp.Or(secretErr, caErr); err != nil {
		return nil, err //nolint:wrapcheck // the first of our own errors
	}
	if err := v.checkAuthorities(tokenCAFile, ca); err != nil {
		return nil, err
	}
	oauth := &cluster.OAuth{
		TokenURL: v.text(tokenURL), ClientID: v.text(clientID), ClientSecret: cluster.Secret(secret), Scopes: v.list(scopes), CA: ca,
	}
	for _, pair := range v.list(extensions) {
		if oauth.Extensions == nil {
			oauth.Extensions = map[string]string{}
		}
		name, value, _ := strings.Cut(pair, "=")
		oauth.Extensions[name] = value
	}
	return oauth, nil
}
