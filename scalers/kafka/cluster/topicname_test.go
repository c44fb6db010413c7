package cluster_test

import (
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers/kafka/cluster"
)

func TestCheckTopic(t *testing.T) {
	t.Parallel()
	for name, legal := range map[string]bool{
		"orders": true, "Orders-1_2.3": true, "...": true, "__consumer_offsets": true, strings.Repeat("x", 249): true,
		"": false, ".": false, "..": false, "two words": false, "a/b": false, "a:b": false, "bücher": false, "a\x00": false,
		"a\n": false, strings.Repeat("x", 250): false,
	} {
		if err := cluster.CheckTopic(name); (err == nil) != legal {
			t.Errorf("CheckTopic(%q) = %v, want legal %v", name, err, legal)
		}
	}
}
