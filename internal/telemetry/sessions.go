package telemetry

import "github.com/lagwise/lagwise/scalers/sessions"

// Sessions tell how every connection to a source fares.
type Sessions interface {
	Status() []sessions.Status
}

func sessionRows() []Row {
	each := []string{"source", "connection"}
	with := func(more ...string) []string { return append(each[:2:2], more...) }
	return []Row{
		{"lagwise_session_triggers", Gauge, each, "Triggers that are observed over the connection."},
		{"lagwise_session_up", Gauge, each, "1 while the source answers, or was not yet asked, 0 while it does not."},
		{"lagwise_session_fault", Gauge, with("kind"), "1 for the kind of fault that keeps the source from answering; absent while it answers."},
		{"lagwise_session_refresh_seconds", Summary, each, "How many times everything was observed, and how long that took together."},
		{"lagwise_session_refresh_latest_seconds", Gauge, each, "How long it took the latest time."},
		{"lagwise_session_refresh_failures_total", Counter, each, "How many times it failed because the source did not answer."},
		{"lagwise_session_pause_seconds", Gauge, each, "Pause until everything is observed again: refreshInterval less what it took, or the back-off while the source fails."},
		{"lagwise_session_requests_total", Counter, with("request"), "What the source was asked, by its own name of the request. With Kafka a batch counts once, to however many brokers it goes."},
		{"lagwise_session_request_failures_total", Counter, with("request", "kind"), "Those that failed as a whole, by kind of failure."},
		{"lagwise_session_waits", Gauge, with("what"), "What inactive push triggers wait for: Kafka's partitions, newcomer_partitions that are looked at every 100 ms because a long poll does not cover them yet, and tails, the consumers that poll; RabbitMQ's queues."},
		{"lagwise_session_wakes_total", Counter, each, "Times that a record or a message had a trigger observed at once."},
	}
}

// walkSessions lists connections by name: sessions of one name, which differ in what is not to be told, count together.
func walkSessions(sources []Sessions) func(sink) {
	return func(to sink) {
		var all []sessions.Status
		for _, source := range sources {
			for _, one := range source.Status() {
				one.Connection = label(one.Connection)
				all = append(all, one)
			}
		}
		for _, one := range sessions.Together(all) {
			putSession(to, one)
		}
	}
}

func putSession(to sink, s sessions.Status) {
	put := func(name string, value float64, more ...string) {
		to.put("lagwise_session_"+name, value, append([]string{s.Source, s.Connection}, more...)...)
	}
	put("triggers", float64(s.Triggers))
	put("up", flag(!s.Down))
	if s.Down {
		put("fault", 1, s.Fault)
	}
	to.putSum("lagwise_session_refresh_seconds", s.Done, s.Took.Seconds(), s.Source, s.Connection)
	put("refresh_latest_seconds", s.Latest.Seconds())
	put("refresh_failures_total", float64(s.Failed))
	put("pause_seconds", s.Pause.Seconds())
	for _, asked := range s.Requests {
		put("requests_total", float64(asked.Sent), asked.Name)
		for kind, count := range asked.Failed {
			put("request_failures_total", float64(count), asked.Name, kind)
		}
	}
	for _, waits := range s.Waits {
		put("waits", float64(waits.N), waits.What)
	}
	put("wakes_total", float64(s.Woken))
}
