// Package manifest reads ScaledObjects and ScaledJobs out of YAML and JSON as people keep them: several documents in a file,
// lists, what "helm template" prints, anchors and merges. It keeps the place of everything it reads, so that whoever finds a
// mistake can point at it. It judges nothing about a trigger: metadata stays text.
package manifest
