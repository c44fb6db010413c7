// Package gather reads for an audit what Kubernetes, KEDA and lagwise's own scalers say. It changes nothing: of kubectl it runs "get"
// alone, and it asks KEDA only where the question has no effect. What comes of it internal/audit decides.
package gather
