package config

import (
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	hidden "github.com/lagwise/lagwise/scalers/secret"
)

// KindNewRelic is the kind of a connection to New Relic.
const KindNewRelic = "new-relic"

const (
	newRelicAccount  = "account"
	newRelicRegion   = "region"
	newRelicURL      = "url"
	newRelicKey      = "queryKey"
	newRelicInterval = "queryInterval"
)

func newRelicSettings() []Setting {
	settings := secret(newRelicKey, "User key of whoever asks. Required: this one or the next")
	return append(settings,
		Setting{Live: true, Key: scalers.Key{
			Name: newRelicAccount, Kind: scalers.KindInteger, Bounds: scalers.AtLeast(1),
			Help: "Number of the account that is asked. Without it each trigger names one, and may name any that the key may read.",
		}},
		Setting{Live: true, Key: scalers.Key{
			Name: newRelicRegion, Kind: scalers.KindText, Check: checkRegion, Help: "US, EU, JP or GOV. Without it each trigger names one; US unless it does.",
		}},
		Setting{Live: true, Key: scalers.Key{
			Name: newRelicURL, Kind: scalers.KindText, Check: checkURL,
			Help: "Address of NerdGraph instead of the region's own, for a proxy or a test. It gets the key.",
		}},
		Setting{Live: true, Key: scalers.Key{
			Name: newRelicInterval, Kind: scalers.KindDuration, Default: nerdgraph.DefaultInterval.String(),
			Bounds: &scalers.Bounds{Min: int64(time.Second), Max: int64(time.Hour)},
			Help:   "How often each query is asked, however many triggers it answers. An answer serves for at least three of these.",
		}},
	)
}

func checkRegion(text string) error {
	_, err := nerdgraph.RegionOf(text)
	return err
}

func buildNewRelic(connection *Connection, v values, _ map[string]bool, reader *secrets) error {
	if !v.named(newRelicKey) {
		return v.problem(newRelicKey+inFile, ": missing; give it, or %s", newRelicKey+inEnvironment)
	}
	key, err := reader.line(v, newRelicKey)
	if err != nil {
		return err
	}
	_, hasAccount := v.of[newRelicAccount]
	connection.NewRelic = nerdgraph.Connection{
		Name: connection.Name, Account: get[int64](v, newRelicAccount), HasAccount: hasAccount,
		URL: v.text(newRelicURL), Key: hidden.Text(key), Interval: v.duration(newRelicInterval),
	}
	if v.text(newRelicRegion) != "" {
		connection.NewRelic.Region, err = nerdgraph.RegionOf(v.text(newRelicRegion))
	}
	return err
}
