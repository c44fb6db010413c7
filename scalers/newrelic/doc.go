// Package newrelic answers for the number that a New Relic query gives, as KEDA's own new-relic trigger does.
package newrelic
