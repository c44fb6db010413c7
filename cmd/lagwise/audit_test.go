package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lagwise/lagwise/internal/audit"
)

// cronCluster is a kubectl for a cluster with one cron trigger, for which KEDA says value; more goes into the trigger's metadata.
func cronCluster(t *testing.T, value, more string) string {
	t.Helper()
	script := `#!/bin/sh
case "$*" in
*--raw*) echo '{"items": [{"value": "` + value + `"}]}' ;;
*) cat <<'END'
{"kind": "List", "items": [{"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"namespace": "shop", "name": "orders"},
 "spec": {"scaleTargetRef": {"name": "orders"}, "minReplicaCount": 1, "triggers": [{"type": "cron", "metadata": {` + more + `"timezone": "Etc/UTC", "start": "0 0 1 1 *", "end": "59 23 31 12 *", "desiredReplicas": "2"}}]},
 "status": {"externalMetricNames": ["s0-cron-x"], "triggersActivity": {"s0-cron-x": {"isActive": true}}}}]}
END
esac
`
	path := filepath.Join(t.TempDir(), "kubectl")
	syscall.ForkLock.RLock() // nobody's child may have the file open when it is run
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(path, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// Scripts go by the exit code.
func TestAuditExitCodes(t *testing.T) {
	t.Parallel()
	wrong := filepath.Join(t.TempDir(), "wrong.yaml")
	if err := os.WriteFile(wrong, []byte("conections: []"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"the same":               {[]string{"--kubectl", cronCluster(t, "2", "")}, 0, ""},
		"differs":                {[]string{"--kubectl", cronCluster(t, "3", "")}, 1, "differ: 1"},
		"cannot be moved over":   {[]string{"--kubectl", cronCluster(t, "2", `"timzone": "Asia/Seoul", `)}, 1, "1 cannot"},
		"not asked":              {[]string{"--kubectl", cronCluster(t, "2", ""), "--config", "-"}, 2, "configuration"},
		"no kubectl":             {[]string{"--kubectl", "no-such-kubectl"}, 2, "--kubectl"},
		"a wrong configuration":  {[]string{"--kubectl", cronCluster(t, "2", ""), "--config", wrong}, 2, "is not a setting"},
		"a wrong flag":           {[]string{"--output", "xml"}, 2, "want table or json"},
		"a page that cannot be":  {[]string{"--kubectl", cronCluster(t, "2", ""), "--html", "no/such/folder.html"}, 2, "writing the page"},
		"an interval of nothing": {[]string{"--interval", "0s"}, 2, "--interval"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if code, printed, problems := lagwise(t, append([]string{"audit"}, test.args...)...); code != test.code || !strings.Contains(problems, test.says) {
				t.Errorf("want exit code %d and %q, got %d and %s\n%s", test.code, test.says, code, problems, printed)
			}
		})
	}
}

// The report is a table, an object, and a page; none is coloured where no terminal is.
func TestAuditWritesReports(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "report.html")
	for output, looksRight := range map[string]func(string) bool{
		"table": func(text string) bool {
			return strings.Contains(text, "shop/orders  0 cron   2 active  2 active  same") && !strings.Contains(text, "\x1b")
		},
		"json": func(text string) bool {
			var report audit.Report
			return json.Unmarshal([]byte(text), &report) == nil && len(report.Triggers) == 1 && *report.Triggers[0].KEDA.Value == 2
		},
	} {
		code, printed, problems := lagwise(t, "audit", "--kubectl", cronCluster(t, "2", ""), "--html", page, "--output", output)
		if code != 0 || !looksRight(printed) {
			t.Errorf("%s: exit code %d, and\n%s%s", output, code, printed, problems)
		}
	}
	written, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(written), "shop/orders") {
		t.Errorf("no page: %v", err)
	}
}
