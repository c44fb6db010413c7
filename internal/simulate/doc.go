// Package simulate plays a workload through a ScaledObject: records come, lagwise's own scalers answer, KEDA and the HPA scale by
// their published arithmetic (internal/hpa), and replicas work the records off. Time is simulated: nothing waits, and the same
// setup gives the same outcome.
package simulate
