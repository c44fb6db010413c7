package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lagwise/lagwise/internal/config"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
)

func TestConnectionsToNewRelic(t *testing.T) {
	t.Setenv("NEW_RELIC_KEY", "NRAK-2")
	key := write(t, "key", "NRAK-1\n")
	got, err := read(t, `
connections:
  - {name: whole, type: new-relic, queryKeyFile: `+key+`, account: 7, region: eu, url: "http://proxy:8080/graphql", queryInterval: 1m}
  - {name: least, type: new-relic, queryKeyEnv: NEW_RELIC_KEY}
  - {name: kafka, bootstrapServers: ["a:9092"]}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := nerdgraph.Connection{
		Name: "whole", Account: 7, HasAccount: true, Region: "EU", URL: "http://proxy:8080/graphql", Key: "NRAK-1", Interval: time.Minute,
	}
	if whole := got.Connections["whole"]; whole.NewRelic != want || whole.Kind != config.KindNewRelic {
		t.Errorf("read %+v", whole.NewRelic)
	}
	if least := got.Connections["least"].NewRelic; least != (nerdgraph.Connection{Name: "least", Key: "NRAK-2", Interval: 15 * time.Second}) {
		t.Errorf("read %+v", least)
	}
	if got.Connections["kafka"].Kind != config.KindKafka {
		t.Error("a connection that names no kind is not one to Kafka")
	}
	var shown strings.Builder
	if err := got.Show(&shown); err != nil || strings.Contains(shown.String(), "NRAK-") || !strings.Contains(shown.String(), `queryKeyEnv: "NEW_RELIC_KEY"`) {
		t.Errorf("shows %s, %v", shown.String(), err)
	}
}

func TestConnectionsToNewRelicThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ settings, want string }{
		{`account: 7`, `connections[0] "nr": queryKeyFile: missing; give it, or queryKeyEnv`},
		{`queryKey: NRAK-1`, "secrets never stand in the configuration; give queryKeyFile or queryKeyEnv"},
		{`queryKeyFile: /nowhere`, "no such file"},
		{`queryKeyEnv: X, account: none`, `account "none": want a whole number, at least 1`},
		{`queryKeyEnv: X, region: mars`, `region "mars": want one of US, EU, JP, GOV, Staging`},
		{`queryKeyEnv: X, url: "ftp://a"`, "want a URL"},
		{`queryKeyEnv: X, url: "https://me:secret@a"`, "want a URL"},
		{`queryKeyEnv: X, queryInterval: 10ms`, "want a duration"},
		{`queryKeyEnv: X, bootstrapServers: [a:1]`, `"bootstrapServers" is not a setting`},
	} {
		_, err := read(t, "connections: [{name: nr, type: new-relic, "+test.settings+"}]")
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "NRAK") || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: got %v\nwant %s", test.settings, err, test.want)
		}
	}
}

// A new key is no other connection; anything else is.
func TestWhatChangesOfAConnectionToNewRelic(t *testing.T) {
	t.Parallel()
	one, two := write(t, "one", "NRAK-1"), write(t, "two", "NRAK-2")
	before, err := read(t, "connections: [{name: nr, type: new-relic, queryKeyFile: "+one+"}]")
	if err != nil {
		t.Fatal(err)
	}
	for text, altered := range map[string]bool{
		"{name: nr, type: new-relic, queryKeyFile: " + two + "}":                     false,
		"{name: nr, type: new-relic, queryKeyFile: " + one + ", account: 7}":         true,
		"{name: nr, type: new-relic, queryKeyFile: " + one + ", region: EU}":         true,
		"{name: nr, type: new-relic, queryKeyFile: " + one + ", url: 'http://a/b'}":  true,
		"{name: nr, type: new-relic, queryKeyFile: " + one + ", queryInterval: 30s}": true,
		"{name: nr, bootstrapServers: [a:1]}":                                        true,
	} {
		after, err := read(t, "connections: ["+text+"]")
		if err != nil {
			t.Fatal(err)
		}
		if change := config.Compare(before, after); len(change.Altered) == 1 != altered || len(change.Rotated) == 1 == altered {
			t.Errorf("%s: %+v", text, change)
		}
	}
}
