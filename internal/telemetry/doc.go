// Package telemetry shows how lagwise fares: metrics for Prometheus, and whether it lives and is ready, on an HTTP port of
// its own. What is in memory anyway is collected when it is scraped, so nothing of it is in the way of a question; what is
// counted at the edge costs each call a few atomic additions. It decides nothing, and nothing waits for it.
package telemetry
