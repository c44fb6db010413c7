package kafka

import (
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyIsolation     = "isolationLevel"
	keyIgnorePhantom = "ignorePhantomLag"

	readCommitted, readUncommitted = "read_committed", "read_uncommitted"
)

// recordKeys say which offsets are records that somebody can read.
func recordKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyIsolation, Kind: scalers.KindChoice, Origin: scalers.Own, Default: readUncommitted, Choices: []string{readUncommitted, readCommitted},
			Help: "As the consumers are set. read_committed: records of transactions that are still open do not count.",
		},
		{
			Name: keyIgnorePhantom, Kind: scalers.KindFlag, Origin: scalers.Own, Default: "false",
			Help: "Offsets that hold no record do not count: transaction markers, aborted records (with isolationLevel read_committed), compacted and deleted ones. Needs READ on the topic.",
		},
	}
}

// addRecords puts these keys into the rules.
func addRecords(rules *lag.Rules, values scalers.Values) {
	rules.ReadCommitted = values.Text(keyIsolation) == readCommitted
	rules.IgnorePhantomLag = values.Flag(keyIgnorePhantom)
}
