package newrelic

import (
	"errors"
	"slices"
	"strconv"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
)

// Names of keys that are read or spoken of in more than one place.
const (
	keyConnection  = "connection"
	keyNRQL        = "nrql"
	keyThreshold   = "threshold"
	keyActivation  = "activationThreshold"
	keyNoDataError = "noDataError"
	keyAccount     = "account"
	keyRegion      = "region"

	defaultRegion = "US"
)

// Keys is every key of a New Relic trigger (KEDA: pkg/scalers/newrelic_scaler.go, newrelicMetadata).
func Keys() scalers.KeyTable {
	return slices.Concat(scalers.KeyTable{
		{
			Name: keyConnection, Kind: scalers.KindText, Origin: scalers.Own, Required: true, Instead: "authenticationRefName",
			OtherNames: append(scalers.ConnectionSettings(), "url"),
			Help:       "Name of a connection of type new-relic, which holds the query key.",
		},
		{
			Name: keyNRQL, Kind: scalers.KindText, Origin: scalers.FromKEDA, Required: true, OtherNames: []string{"query"},
			Help: "The query. Its answer should be one row with one number.",
		},
		{
			Name: keyThreshold, Kind: scalers.KindNumber, Origin: scalers.FromKEDA, Required: true, Check: aboveZero,
			Help: "What one replica should carry of that number: the HPA's target.",
		},
		{
			Name: keyActivation, Kind: scalers.KindNumber, Origin: scalers.FromKEDA, Default: "0",
			Help: "The trigger is active while the number is above this.",
		},
		{
			Name: keyNoDataError, Kind: scalers.KindFlag, Origin: scalers.FromKEDA, Default: "false",
			Help: "Whether an answer without a number is an error. It counts as 0 otherwise, which scales down when data stops coming.",
		},
		{
			Name: keyAccount, Kind: scalers.KindInteger, Origin: scalers.FromKEDA, Bounds: scalers.AtLeast(1), OtherNames: []string{"accountId"},
			Help: "Number of the account to ask. Read only where the connection names none.",
		},
		{
			Name: keyRegion, Kind: scalers.KindText, Origin: scalers.FromKEDA, Check: isRegion,
			Help: "US (the default), EU, JP or GOV: where the account is. Read only where the connection names none.",
		},
		{
			Name: "queryKey", Kind: scalers.KindText, Origin: scalers.Credential, FromEnv: true,
			Help: "The user key; belongs in a connection, or a TriggerAuthentication that authenticationRefName names.",
		},
	}, scalers.AuthenticationKeys(), scalers.CommonKeys())
}

// aboveZero: KEDA takes any number, but the HPA has no use for another target.
func aboveZero(value string) error {
	if number, err := strconv.ParseFloat(value, 64); err == nil && number <= 0 {
		return errors.New("want a number above 0")
	}
	return nil
}

func isRegion(value string) error {
	_, err := nerdgraph.RegionOf(value)
	return err
}
