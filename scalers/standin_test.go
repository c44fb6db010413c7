package scalers_test

import (
	"maps"
	"testing"

	"github.com/lagwise/lagwise/scalers"
)

func TestStandIns(t *testing.T) {
	t.Parallel()
	table := scalers.KeyTable{
		{Name: "group", Kind: scalers.KindText, FromEnv: true},
		{Name: "count", Kind: scalers.KindInteger, FromEnv: true},
		{Name: "plain", Kind: scalers.KindText},
		{Name: "both", Kind: scalers.KindText, FromEnv: true},
	}
	written := map[string]string{"groupFromEnv": "GROUP", "countFromEnv": "COUNT", "plainFromEnv": "X", "both": "a", "bothFromEnv": "BOTH"}
	got := table.StandIns(written)
	want := map[string]string{"groupFromEnv": "environment", "countFromEnv": "1", "plainFromEnv": "X", "both": "a", "bothFromEnv": "BOTH"}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if written["groupFromEnv"] != "GROUP" {
		t.Error("what was written is changed")
	}
}
