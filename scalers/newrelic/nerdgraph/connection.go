package nerdgraph

import (
	"errors"
	"strings"
	"time"

	"github.com/newrelic/newrelic-client-go/v2/pkg/region"

	"github.com/lagwise/lagwise/scalers/secret"
)

// DefaultInterval is how often a query is asked where a connection does not say. The HPA looks every 15 s.
const DefaultInterval = 15 * time.Second

// Connection is how New Relic is reached, and as whom. It is comparable.
type Connection struct {
	Name string
	// Account is asked by every trigger on the connection; without HasAccount each trigger names one.
	Account    int64
	HasAccount bool
	// Region is New Relic's, such as EU, as RegionOf gives it; empty where each trigger names one.
	Region string
	// URL is asked instead of the region's own address; empty for that one.
	URL string
	// Key is the user key of who asks.
	Key secret.Text
	// Interval is how often each query is asked.
	Interval time.Duration
}

// LooksLike says that two connections differ at most in their key.
func (c Connection) LooksLike(other Connection) bool {
	return c.keyless() == other.keyless()
}

func (c Connection) keyless() Connection {
	c.Key = ""
	return c
}

// RegionOf is a region by New Relic's own name, whatever the case it was written in. The client's region "Local" is none: a key
// goes to New Relic, unless the connection says otherwise.
func RegionOf(text string) (string, error) {
	name, err := region.Parse(strings.TrimSpace(text))
	if err != nil || name == region.Local {
		return "", errors.New("want one of US, EU, JP, GOV, Staging")
	}
	return name.String(), nil
}

// endpoint is where a query about the region is asked. The environment has no say in it.
func (c Connection) endpoint(of string) *region.Region {
	endpoint := *region.Regions[region.Name(of)]
	endpoint.SetNerdGraphBaseURL(c.URL)
	return &endpoint
}
