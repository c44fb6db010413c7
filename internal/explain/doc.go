// Package explain says why a trigger asks for what it asks for: what was observed, which rules changed what, the metric that KEDA
// gets, and the replicas that KEDA and the HPA make of it. A Report is a plain value; whoever has one shows it as they like.
package explain
