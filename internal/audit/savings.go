package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What was measured beside one broker (docs/benchmarks.md: 1,000 triggers took KEDA 2,000 connections, and lagwise 16).
const (
	connectionsOfTrigger = 2
	connectionsOfCluster = 16
)

// Savings are what KEDA's own triggers cost a source, and what they will cost with lagwise: by arithmetic, not measured here.
type Savings struct {
	// Formulas say how the figures are made.
	Formulas []string `json:"formulas"`
	Clusters []Cost   `json:"clusters"`
	Total    Cost     `json:"total"`
}

// Cost is that of one cluster of Kafka, counted at one broker.
type Cost struct {
	// Cluster is the connection's name, or the brokers.
	Cluster  string `json:"cluster,omitempty"`
	Triggers int    `json:"triggers"`
	// Connections are those open at a broker.
	KEDAConnections    int `json:"kedaConnections"`
	LagwiseConnections int `json:"lagwiseConnections"`
	// Polls are in an hour: KEDA's of each trigger, and lagwise's of all of them together.
	KEDAPolls    int `json:"kedaPollsAnHour"`
	LagwisePolls int `json:"lagwisePollsAnHour"`
}

// savingsOf adds up what the triggers that lagwise does not answer for yet cost, where their source is one that is connected to.
func savingsOf(subjects []Subject, refresh time.Duration) Savings {
	clusters := map[string]*Cost{}
	for _, s := range subjects {
		if s.Own || !s.knows(keyServers) {
			continue
		}
		name := cmp.Or(s.Plan.Connection, strings.Join(s.servers(), ","), "brokers of the environment")
		if clusters[name] == nil {
			clusters[name] = &Cost{Cluster: name, LagwiseConnections: connectionsOfCluster, LagwisePolls: perHour(refresh)}
		}
		clusters[name].Triggers++
		clusters[name].KEDAConnections += connectionsOfTrigger
		clusters[name].KEDAPolls += perHour(time.Duration(s.pollingInterval()) * time.Second)
	}
	savings := Savings{Clusters: []Cost{}, Formulas: []string{
		fmt.Sprintf("connections to a broker: KEDA %d for each trigger, lagwise at most %d for each Kafka cluster and identity (docs/benchmarks.md, measured with one broker)",
			connectionsOfTrigger, connectionsOfCluster),
		fmt.Sprintf("polls an hour: KEDA 3600 / pollingInterval for each trigger, and the HPA's questions on top; lagwise 3600 / refreshInterval (%v) for each "+
			"cluster, each of them one batch for all triggers and further requests only for groups that lag or move (docs/scaling.md)", refresh),
	}}
	for _, cost := range clusters {
		savings.Clusters = append(savings.Clusters, *cost)
		savings.Total.add(*cost)
	}
	slices.SortFunc(savings.Clusters, func(a, b Cost) int { return strings.Compare(a.Cluster, b.Cluster) })
	return savings
}

func perHour(interval time.Duration) int { return int(time.Hour / interval) }

func (c *Cost) add(other Cost) {
	c.Triggers += other.Triggers
	c.KEDAConnections += other.KEDAConnections
	c.LagwiseConnections += other.LagwiseConnections
	c.KEDAPolls += other.KEDAPolls
	c.LagwisePolls += other.LagwisePolls
}
