// Package cluster observes Kafka clusters: one shared session for each distinct connection, whatever the number of
// triggers. It is the only room that knows a Kafka client library: franz-go, by which it asks brokers itself, request by request (client*.go,
// fetch*.go). It gathers values and decides nothing; what a value means is
// said in scalers/lag, whose data types are all that it shares with the other rooms.
package cluster
