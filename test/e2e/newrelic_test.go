package e2e_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lagwise/lagwise/test/e2e/lagwise"
	"github.com/lagwise/lagwise/test/e2e/stage"
	"github.com/lagwise/lagwise/test/nerdgraph"
)

// A workload sleeps until New Relic counts transactions, and scales by their number or by its cpu, whichever asks for more. Cpu alone
// does not keep it awake.
func TestNewRelicAndCPU(t *testing.T) {
	t.Parallel()
	s := shared.Scenario(t)
	const nrql = "SELECT rate(count(*), 10 SECOND) FROM Transaction WHERE appName='example-app' SINCE 1 MINUTE AGO"
	server := nerdgraph.New()
	server.Set(nrql, nerdgraph.Number("rate.count", 0))
	local := httptest.NewServer(server)
	t.Cleanup(local.Close)
	key := filepath.Join(t.TempDir(), "api-key")
	s.Fatal(os.WriteFile(key, []byte("NRAK-1\n"), 0o600))
	s.OwnLagwise(lagwise.Options{Config: fmt.Sprintf(
		"connections: [{name: new-relic, type: new-relic, queryKeyFile: %s, account: 1234567, url: %q, queryInterval: 1s}]\n", key, local.URL)})
	s.Deploy("example-app", stage.Pause().Requesting("100m"))
	s.Burn("example-app", "20m")
	s.Apply("new-relic-and-cpu.yaml", stage.Set(5, "spec", "cooldownPeriod"), stage.Set(5, "spec", "pollingInterval"))
	s.AwaitCondition("example-app", "Ready", "True")
	replicas := s.Replicas("example-app")

	began := time.Now()
	server.Set(nrql, nerdgraph.Number("rate.count", 200))
	s.Figure("transactions -> Deployment at 1", replicas.Reach(1, stage.Patience).At.Sub(began))
	replicas.Reach(3, stage.Patience) // 200 by 70
	s.Burn("example-app", "270m")
	replicas.Reach(4, stage.Patience) // 270m by 70 % of 100m
	s.Eventually(stage.Patience, seesCPUAndExternal(s, "example-app"))
	server.Set(nrql, nerdgraph.Number("rate.count", 0))
	replicas.Reach(0, stage.Patience)
}
