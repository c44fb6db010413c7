// Package schedule says when windows of time are open. A window begins and ends by cron expressions, read as KEDA's cron
// trigger reads them, and is paired either as KEDA pairs them or as its words say. The package is pure: instants come in,
// and it holds no clock.
package schedule
