package kafka

import (
	"math"
	"time"

	"github.com/lagwise/lagwise/scalers"
)

// upToADay bounds the times that rules look back: a second at least.
func upToADay() *scalers.Bounds {
	return &scalers.Bounds{Min: int64(time.Second), Max: int64(24 * time.Hour)}
}

// upToAllReplicas bounds counts of replicas and consumers, of which Kubernetes' API carries 32 bits.
func upToAllReplicas() *scalers.Bounds { return &scalers.Bounds{Min: 1, Max: math.MaxInt32} }
