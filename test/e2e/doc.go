// Package e2e holds scenarios in which the real KEDA, a real Kubernetes API with its controllers, a real Kafka and lagwise
// work together on one machine. "make e2e" builds what is missing, starts it all on loopback, runs every scenario, prints
// what was measured and takes everything down.
//
// # Write a scenario
//
// An example that is there for a key of its own is a row of rules_test.go: what Kafka holds, and which metric and replicas come
// of it. Anything else is one file for each, named by what it shows; its ScaledObject or ScaledJob is a file under examples/,
// none of which may be left without a scenario. TestMain has started everything: a test takes its part of it.
//
//	func TestOrdersWake(t *testing.T) {
//		t.Parallel()                                              // not, when it measures or disturbs what is shared
//		s := shared.Scenario(t)                                   // a namespace of its own, deleted when the test ends
//		topic, group := s.Topic("orders", 3), s.Group("orders")   // names of the example, made this scenario's own
//		s.Commit(group, topic, 0, 0)                              // a partition without a commit counts as lag 1
//		s.Deploy("orders", s.Consumer(topic, group, "-work=50ms")) // or stage.Pause(): pods without processes
//		orders := s.Apply("kafka-push.yaml", stage.Set(5, "spec", "cooldownPeriod"))
//		s.AwaitCondition("orders", "Ready", "True")
//		s.Produce(topic, 0, 100)
//		woken := s.Replicas("orders").Reach(1, stage.Patience)    // from watch events: nothing in between is missed
//		s.Figure("first replica", woken.At)                       // a row of the table at the end of the run
//	}
//
// Nobody measures pods: s.Burn says what cpu the HPA reads of those that stage.Workload's Requesting gave a request.
//
// Further: s.Eventually bounds any other wait and says what it waited for; s.Records is what the consumers have processed;
// s.HPA, s.Scaled, s.Client, s.Objects and s.Kubectl read the cluster; s.Lagwise.Client with stage.Ref asks lagwise as KEDA
// does; stage.BuiltIn makes an example's triggers KEDA's own, stage.Named applies it under another name.
//
// What a scenario would disturb for others, it starts for itself: s.OwnKafka, s.OwnLagwise, s.AnotherLagwise, all before
// Apply, which writes their addresses. Two replicas behind one name are names.Server and s.ScalerAddress. Only tests that
// are not parallel touch s.Cluster.RestartOperator and its like.
//
// # When one fails
//
// Its objects and events, and the logs of KEDA, Kafka, lagwise and its pods are copied to a folder of the cache, which the
// test names.
//
// # Run one alone
//
//	make e2e RUN=TestOrdersWake
//	make e2e KEDA=2.16.1
package e2e
