// Package scaling says what a manifest tells about scaling in the terms of KEDA's and the HPA's arithmetic (internal/hpa), with the
// defaults of KEDA and of Kubernetes for what it does not tell. It judges nothing: what KEDA would refuse is the linter's.
package scaling
