package demo

import (
	"encoding/json"
	"fmt"
	"strings"

	pb "github.com/lagwise/lagwise/proto/externalscaler"
)

// heading explains, once, what is about to be seen.
func heading(brokerAddress, serverAddress string, plain, refused *pb.ScaledObjectRef, metricName string) string {
	var text strings.Builder
	fmt.Fprintf(&text, `lagwise demo: lagwise answers at %s about an embedded Kafka broker at %s.
Every %s a stand-in for KEDA and the HPA asks it, and starts as many consumers as they would.

Ask it yourself, from another terminal (https://github.com/fullstorydev/grpcurl):

`, serverAddress, brokerAddress, pollInterval)
	text.WriteString(grpcurl(serverAddress, "GetMetrics", metricsJSON{jsonOf(plain), metricName}))
	text.WriteString(grpcurl(serverAddress, "StreamIsActive", jsonOf(plain)))
	text.WriteString(grpcurl(serverAddress, "GetMetrics", metricsJSON{jsonOf(refused), metricName}))
	text.WriteString(`
ACTIVE, METRIC and TARGET are lagwise's answers; LAG is its answer about each partition alone.
KEDA goes from 0 REPLICAS to 1 when ACTIVE, and back after a cool-down. Above that the HPA wants
ceil(METRIC / TARGET), unless METRIC is within 10 % of what is running. METRIC is capped near
TARGET x partitions: more consumers than partitions would idle. Each # is a running consumer.
The last trigger has a misspelt key: that is how lagwise refuses it.

`)
	return text.String()
}

// The requests as grpcurl reads them (protobuf's JSON names).
type (
	refJSON struct {
		Name           string            `json:"name"`
		Namespace      string            `json:"namespace"`
		ScalerMetadata map[string]string `json:"scalerMetadata"`
	}
	metricsJSON struct {
		Ref        refJSON `json:"scaledObjectRef"`
		MetricName string  `json:"metricName"`
	}
)

func jsonOf(ref *pb.ScaledObjectRef) refJSON {
	return refJSON{Name: ref.GetName(), Namespace: ref.GetNamespace(), ScalerMetadata: ref.GetScalerMetadata()}
}

func grpcurl(address, method string, request any) string {
	body, err := json.Marshal(request)
	if err != nil {
		body = []byte(err.Error()) // Strings always encode.
	}
	return fmt.Sprintf("  grpcurl -plaintext -d '%s' %s externalscaler.ExternalScaler/%s\n", body, address, method)
}
