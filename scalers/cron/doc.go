// Package cron answers for windows of time: so many replicas while a window is open, none while all are shut. Without
// further keys it answers as KEDA's own cron trigger does.
package cron
