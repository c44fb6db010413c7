// Package status is the page on which people look at a running lagwise: its connections, its triggers, and why each answers
// what it answers. It is read-only, knows every source by the scalers' contract alone, and never keeps KEDA waiting.
package status
