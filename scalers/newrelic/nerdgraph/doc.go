// Package nerdgraph asks New Relic's NerdGraph: one session for each connection, in which each distinct query is asked once an
// interval, however many triggers it answers.
package nerdgraph
