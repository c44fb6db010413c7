// Package convert moves triggers between KEDA's own scalers and lagwise, in the text of manifests and of
// Helm values. It edits the places that have to change and leaves every other byte as it is: comments, order, blank lines and
// quotes. It is pure: text comes in, text goes out, and what it could not do is told with its place.
package convert
