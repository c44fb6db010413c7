// Package kafka answers for triggers on Kafka consumer lag, with every key of KEDA's `type: kafka`. It turns a trigger's
// keys into a lag.Policy and a cluster.Subscription, and lets the one decide on what the other observed. It reads the
// clock for neither, and knows no Kafka client library.
package kafka
