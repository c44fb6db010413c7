package newrelic

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/secret"
)

// settings is a New Relic trigger, decoded and checked.
type settings struct {
	connection nerdgraph.Connection
	want       nerdgraph.Want
	rules      rules
}

// decode reads a trigger's metadata. The metric is valid even when the settings are not; ignored are the keys that nobody knows.
func decode(trigger scalers.Trigger, connections *Connections) (s settings, metric scalers.Metric, ignored []string, err error) {
	values, ignored, err := Keys().DecodeWith(trigger.Metadata, trigger.Credentials)
	// KEDA names every such metric alike (newrelic_scaler.go, GetMetricSpecForScaling); the index that it adds tells them apart.
	metric = scalers.Metric{Name: "new-relic", Target: values.Number(keyThreshold)}
	if err != nil {
		return settings{}, metric, ignored, err
	}
	s.connection, err = connectionOf(values, trigger, connections)
	if err != nil {
		return settings{}, metric, ignored, err
	}
	s.rules = rules{
		activation: values.Number(keyActivation), activationGiven: values.Given(keyActivation),
		noDataError: values.Flag(keyNoDataError),
	}
	s.want, s.rules.overruled, err = wantOf(values, s.connection)
	if connections.Assumed() { // it may name the account
		err = nil
	}
	return s, metric, ignored, err
}

// connectionOf is the named connection, or what the trigger's TriggerAuthentication says in its place.
func connectionOf(values scalers.Values, trigger scalers.Trigger, connections *Connections) (nerdgraph.Connection, error) {
	named, authenticated := scalers.AuthenticationOf(trigger)
	switch {
	case authenticated && connections.Assumed():
		return nerdgraph.Connection{}, nil
	case authenticated && scalers.Unread(trigger) != nil:
		return nerdgraph.Connection{}, scalers.Unread(trigger)
	case authenticated:
		return connectionFrom(named, trigger.Credentials)
	default:
		return connections.Named(values.Text(keyConnection), trigger.Namespace)
	}
}

// connectionFrom reads KEDA's parameters; what is wrong in them is not repeated.
func connectionFrom(named scalers.Authentication, credentials map[string]secret.Text) (nerdgraph.Connection, error) {
	said := func(parameter string) string { return strings.TrimSpace(string(credentials[parameter])) }
	connection := nerdgraph.Connection{Name: named.Path(), Key: secret.Text(said("queryKey")), Interval: nerdgraph.DefaultInterval}
	if connection.Key == "" {
		return connection, scalers.Errorf(scalers.CauseRefused, "%s gives no queryKey", named)
	}
	if said(keyAccount) != "" {
		account, err := strconv.ParseInt(said(keyAccount), 10, 64)
		if err != nil || account < 1 {
			return connection, scalers.Errorf(scalers.CauseRefused, "account of %s: want the account's number", named)
		}
		connection.Account, connection.HasAccount = account, true
	}
	if said(keyRegion) != "" {
		region, err := nerdgraph.RegionOf(said(keyRegion))
		if err != nil {
			return connection, scalers.Errorf(scalers.CauseRefused, "region of %s: %w", named, err)
		}
		connection.Region = region
	}
	return connection, nil
}

// wantOf takes account and region from the connection, and from metadata where that has none: KEDA reads its own keys in the same
// order, a TriggerAuthentication's first. overruled says what of the metadata does not count.
func wantOf(values scalers.Values, connection nerdgraph.Connection) (want nerdgraph.Want, overruled []scalers.Reason, err error) {
	want = nerdgraph.Want{NRQL: values.Text(keyNRQL), Account: values.Integer(keyAccount), Region: defaultRegion}
	switch {
	case !connection.HasAccount && !values.Given(keyAccount):
		return want, nil, scalers.Errorf(scalers.CauseRefused, "account: missing; connection %s names none", scalers.Quote(connection.Name))
	case connection.HasAccount:
		if values.Given(keyAccount) && want.Account != connection.Account {
			overruled = append(overruled, overrule(keyAccount, fmt.Sprint(want.Account), fmt.Sprint(connection.Account), connection.Name))
		}
		want.Account = connection.Account
	}
	given, err := nerdgraph.RegionOf(values.Text(keyRegion))
	if err == nil {
		want.Region = given
	}
	if connection.Region != "" {
		if values.Given(keyRegion) && given != connection.Region {
			overruled = append(overruled, overrule(keyRegion, given, connection.Region, connection.Name))
		}
		want.Region = connection.Region
	}
	return want, overruled, nil
}

func overrule(key, written, counts, connection string) scalers.Reason {
	return scalers.Reason{Rule: "query", Key: key, Text: fmt.Sprintf("%s %s does not count: connection %s says %s", key, written, connection, counts)}
}
