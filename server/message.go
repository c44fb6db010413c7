package server

import "github.com/lagwise/lagwise/scalers/legible"

// maxMessageBytes bounds an error's text. Kubernetes rejects Events with notes over 1,024 characters, and KEDA puts
// words of its own around ours (pkg/scaling/scale_handler.go).
const maxMessageBytes = 512

// message makes text fit for a gRPC status, and so for a log line and a Kubernetes Event: metadata is quoted in messages, and
// its author must not be able to forge what others read.
func message(text string) string { return legible.Short(text, maxMessageBytes) }
