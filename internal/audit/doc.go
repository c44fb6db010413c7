// Package audit compares what KEDA answers in a cluster with what lagwise would, trigger by trigger, and says what moving each
// over takes. It is pure: internal/gather reads Kubernetes and asks both sides, and this package decides on what came.
package audit
