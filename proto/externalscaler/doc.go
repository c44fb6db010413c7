// Package externalscaler is KEDA's contract with an external scaler: messages, client and server. "make proto" writes all but this
// file, from externalscaler.proto, which keeps to KEDA's own (KEDA: pkg/scalers/externalscaler).
package externalscaler
