package server

import (
	pb "github.com/lagwise/lagwise/proto/externalscaler"
	"github.com/lagwise/lagwise/scalers"
)

// Scalers lends the scaler of a trigger: the same trigger gets the same scaler as long as somebody holds it or asks for
// it. A trigger that must be refused has a scaler too, whose Metric is valid and whose Evaluate says what is wrong; an
// error means that nothing can be lent now, e.g. scalers.CauseExhausted. What is lent must be comparable with ==, as
// pointers are. Acquire does no I/O and is safe for concurrent use; release is called exactly once.
type Scalers interface {
	Acquire(trigger scalers.Trigger) (scaler scalers.Scaler, release func(), err error)
}

// triggerOf reads KEDA's reference, and drops what is not to be kept. An empty one counts as missing: on the wire the two cannot be told apart.
func triggerOf(ref *pb.ScaledObjectRef) (scalers.Trigger, error) {
	if ref.GetName() == "" && ref.GetNamespace() == "" && len(ref.GetScalerMetadata()) == 0 {
		return scalers.Trigger{}, scalers.Errorf(scalers.CauseRefused, "scaledObjectRef is missing or empty")
	}
	scalers.DropLinkSecrets(ref.GetScalerMetadata())
	return scalers.Trigger{
		Namespace: ref.GetNamespace(),
		Name:      ref.GetName(),
		Metadata:  ref.GetScalerMetadata(),
	}, nil
}
