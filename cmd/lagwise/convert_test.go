package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const builtinTrigger = `kind: ScaledObject
spec:
  triggers:
  - type: kafka
    metadata:
      bootstrapServers: kafka:9092
      consumerGroup: orders
`

func TestConvert(t *testing.T) {
	t.Parallel()
	moved := strings.NewReplacer("type: kafka", "type: external-push", "metadata:\n", "metadata:\n      scalerAddress: lagwise.keda.svc:6000\n").Replace(builtinTrigger)
	login := builtinTrigger + "      sasl: plaintext\n"
	kept := "      sasl: plaintext\n    authenticationRef:\n      name: creds\n"
	keeping := strings.Replace(moved, "6000\n", "6000\n      authenticationRefName: creds\n", 1) + kept
	diff := `--- FILE
+++ FILE
@@ -1,7 +1,8 @@
 kind: ScaledObject
 spec:
   triggers:
-  - type: kafka
+  - type: external-push
     metadata:
+      scalerAddress: lagwise.keda.svc:6000
       bootstrapServers: kafka:9092
       consumerGroup: orders
`
	for _, c := range []struct {
		name                 string
		args                 []string
		before, after        string
		code                 int
		printed, complaining string
	}{
		{"printed", nil, builtinTrigger, builtinTrigger, 0, moved, ""},
		{"printed, though nothing changes", nil, moved, moved, 0, moved, ""},
		{"written", []string{"-w"}, builtinTrigger, moved, 0, "", ""},
		{"written back", []string{"-w", "--to", "keda"}, moved, builtinTrigger, 0, "", ""},
		{"shown", []string{"-d"}, builtinTrigger, builtinTrigger, 0, diff, ""},
		{"listed and written", []string{"-l", "-w"}, builtinTrigger, moved, 0, "FILE\n", ""},
		{"nothing to list", []string{"-l", "-d"}, moved, moved, 0, "", ""},
		{"left", []string{"-l"}, login, login, 1, "", "FILE:4:5: trigger 0 (kafka) is left as it is: it logs in, and KEDA does not pass credentials on: name a connection of lagwise's configuration that has them with --connection\nlagwise: 1 left as they are\n"},
		{"kept", []string{"-w", "--keep-authentication"}, builtinTrigger + kept, keeping, 0, "", "FILE:4:5: trigger 0 names its authenticationRef \"creds\" to lagwise; what stands in authenticationRef itself is for KEDA's link to lagwise from now on\n"},
		{"broken", nil, "a: b: c\n", "a: b: c\n", 1, "a: b: c\n", "FILE:1:1: no YAML: mapping values are not allowed in this context\nlagwise: 1 left as they are\n"},
		{"a path that leads nowhere", []string{"--at", ".keda"}, builtinTrigger, builtinTrigger, 2, "", "lagwise: FILE has no list at .keda\n"},
		{"a wrong direction", []string{"--to", "nowhere"}, builtinTrigger, builtinTrigger, 2, "", "lagwise: --to \"nowhere\": want lagwise or keda\n"},
		{"a wrong type", []string{"--type", "kafka"}, builtinTrigger, builtinTrigger, 2, "", "lagwise: --type \"kafka\": want one of [external external-push]\n"},
		{"a wrong type on the way back", []string{"--to", "keda", "--type", "external"}, moved, moved, 2, "", "lagwise: --type \"external\": want one of [" + strings.ReplaceAll(builtinTypes(), ",", "") + "]\n"},
		{"no address", []string{"--address", ""}, builtinTrigger, builtinTrigger, 2, "", "lagwise: --address: KEDA has to find lagwise somewhere\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.yaml")
			if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
			code, printed, complaining := lagwise(t, append([]string{"convert", path}, c.args...)...)
			printed, complaining = strings.ReplaceAll(printed, path, "FILE"), strings.ReplaceAll(complaining, path, "FILE")
			if code != c.code || printed != c.printed || complaining != c.complaining {
				t.Errorf("exit code %d\n%s%s\nwant %d\n%s%s", code, printed, complaining, c.code, c.printed, c.complaining)
			}
			after, err := os.ReadFile(path)
			if err != nil || string(after) != c.after {
				t.Errorf("%v: the file holds\n%s\nwant\n%s", err, after, c.after)
			}
		})
	}
	if code, _, complaining := lagwise(t, "convert", "-w", "-"); code != 2 || !strings.Contains(complaining, "cannot be written") {
		t.Errorf("exit code %d, %s", code, complaining)
	}
	if code, _, complaining := lagwise(t, "convert", "nobody.yaml"); code != 2 || !strings.Contains(complaining, "nobody.yaml") {
		t.Errorf("exit code %d, %s", code, complaining)
	}
}

// The way back from the examples gives triggers that KEDA's own scalers know, and the examples again on the way there.
func TestConvertExamples(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"kafka-bursts.yaml", "kafka-push.yaml", "kafka-two-topics.yaml", "kafka-job.yaml", "kafka-idle.yaml", "kafka-and-cron.yaml"} {
		content, err := os.ReadFile("../../examples/" + name)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, complaining := lagwise(t, "convert", "--to", "keda", "-w", path); code != 0 || complaining != "" {
			t.Errorf("%s: exit code %d, %s", name, code, complaining)
		}
		back, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(back), "external") && name != "kafka-job.yaml" || !strings.Contains(string(back), "type: kafka") {
			t.Errorf("%v: %s went back to\n%s", err, name, back)
		}
		if name == "kafka-and-cron.yaml" {
			continue // its cron trigger was KEDA's to begin with
		}
		if code, there, _ := lagwise(t, "convert", path); code != 0 || there != string(content) {
			t.Errorf("%s: exit code %d, there again\n%s", name, code, there)
		}
	}
}
