// Package monitoring holds manifests/monitoring to Prometheus' own parsers and to what lagwise exports. It is a module of its
// own, so that Prometheus is no part of the product.
package monitoring
