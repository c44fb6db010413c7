package main

import (
	"encoding/json"
	"testing"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	code, printed, problems := lagwise(t, "schema")
	var whole struct {
		Definitions map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal([]byte(printed), &whole); err != nil || code != 0 || problems != "" {
		t.Fatalf("exit code %d, %v, %s", code, err, problems)
	}
	for scaler := range keyTables() {
		if whole.Definitions[scaler] == nil {
			t.Errorf("nothing is defined for %s", scaler)
		}
		code, printed, _ := lagwise(t, "schema", "--scaler", scaler)
		var alone struct {
			Properties map[string]any `json:"properties"`
		}
		if err := json.Unmarshal([]byte(printed), &alone); err != nil || code != 0 || alone.Properties["scalerAddress"] == nil {
			t.Errorf("%s: exit code %d, %v", scaler, code, err)
		}
	}
	if code, _, problems := lagwise(t, "schema", "--scaler", "carrier-pigeon"); code != 1 || problems != "lagwise: scaler \"carrier-pigeon\" is not known\n" {
		t.Errorf("exit code %d, %s", code, problems)
	}
}
