package convert_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/lagwise/lagwise/internal/convert"
	"github.com/lagwise/lagwise/internal/lint"
	"github.com/lagwise/lagwise/internal/manifest"
	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/cron"
	"github.com/lagwise/lagwise/scalers/kafka"
	"github.com/lagwise/lagwise/scalers/kafka/cluster"
	"github.com/lagwise/lagwise/scalers/newrelic"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
	"github.com/lagwise/lagwise/scalers/rabbitmq"
	"github.com/lagwise/lagwise/scalers/rabbitmq/broker"
)

func options(change func(*convert.Options)) convert.Options {
	nobody := func(cluster.Connection, cluster.Want) (kafka.Subscription, error) {
		return nil, errors.New("no Kafka here")
	}
	noRabbit := func(string, string, broker.Endpoint, broker.Want) (rabbitmq.Subscription, error) {
		return nil, errors.New("no RabbitMQ here")
	}
	noNewRelic := func(nerdgraph.Connection, nerdgraph.Want) newrelic.Subscription { return nil }
	log := slog.New(slog.DiscardHandler)
	o := convert.Options{
		Address: "lagwise.keda.svc:6000",
		Sources: map[string]lint.Source{
			"new-relic": {Keys: newrelic.Keys(), Build: newrelic.New(noNewRelic, scalers.AssumedConnections[nerdgraph.Connection](), log)},
			"rabbitmq":  {Keys: rabbitmq.Keys(), Build: rabbitmq.New(noRabbit, rabbitmq.AssumedConnections(), log)},
			"cron":      {Keys: cron.Keys(), Build: cron.New(log)},
			"kafka":     {Keys: kafka.Keys(), Build: kafka.New(nobody, kafka.AssumedConnections(), log)},
		},
	}
	if change != nil {
		change(&o)
	}
	return o
}

func toKEDA(o *convert.Options)    { o.ToKEDA = true }
func connected(o *convert.Options) { o.Connection = "prod" }
func kept(o *convert.Options)      { connected(o); o.KeepAuthentication = true }
func fromSpec(text string) string  { return "kind: ScaledObject\nspec:\n" + text }
func fromJob(text string) string   { return "kind: ScaledJob\nspec:\n" + text }
func dos(text string) string       { return strings.ReplaceAll(text, "\n", "\r\n") }
func at(path string) func(*convert.Options) {
	return func(o *convert.Options) { o.At = path }
}

// Each case is what a file is and what becomes of it; notes are what is told, each with its line and column.
func TestText(t *testing.T) {
	t.Parallel()
	block := fromSpec(`  triggers:   # two of them

    # lag
    - type: kafka # KEDA's own
      metadata:

        # where
        bootstrapServers: "kafka:9092"
        consumerGroup: orders   # whose
        topic: 'orders'
        lagThreshold: 5
        allowIdleConsumers:   false   # not yet
        unsafeSsl: 'false'
      name: a
    - metadata: {timezone: Asia/Seoul, start: 0 8 * * *, end: 0 9 * * *, desiredReplicas: "2"}
      type: "cron"
    - type: cpu
      metadata: {value: 70}
# the end`)
	converted := fromSpec(`  triggers:   # two of them

    # lag
    - type: external-push # KEDA's own
      metadata:

        scalerAddress: lagwise.keda.svc:6000
        # where
        bootstrapServers: "kafka:9092"
        consumerGroup: orders   # whose
        topic: 'orders'
        lagThreshold: "5"
        allowIdleConsumers:   "false"   # not yet
        brokerUnsafeSsl: 'false'
      name: a
    - metadata: {scalerAddress: lagwise.keda.svc:6000, scaler: cron, timezone: Asia/Seoul, start: 0 8 * * *, end: 0 9 * * *, desiredReplicas: "2"}
      type: "external-push"
    - type: cpu
      metadata: {value: 70}
# the end`)
	back := strings.NewReplacer(`lagThreshold: 5`, `lagThreshold: "5"`, `  false   #`, `  "false"   #`).Replace(block)
	const login = "  triggers:\n  - type: kafka\n    metadata:\n      bootstrapServers: k:9092\n      consumerGroup: g\n      sasl: plaintext\n    authenticationRef:\n      name: creds\n"
	const shared = login + "      kind: ClusterTriggerAuthentication\n"
	const pushed = "  triggers:\n  - type: external-push\n    metadata:\n      scalerAddress: lagwise.keda.svc:6000\n"
	const minimal = "      bootstrapServers: k:9092\n      consumerGroup: g\n"
	for _, c := range []struct {
		name         string
		change       func(*convert.Options)
		before, want string
		notes        []string
	}{
		{"there", nil, block, converted, nil},
		{"back", toKEDA, converted, back, nil},
		{"carriage returns", nil, dos(block), dos(converted), nil},
		{"carriage returns back", toKEDA, dos(converted), dos(back), nil},
		{"nothing to do", nil, converted, converted, nil},
		{"nothing to go back", toKEDA, block, block, nil},
		{"a job is polled", nil, fromJob("  triggers:\n  - type: kafka\n    metadata:\n" + minimal), fromJob("  triggers:\n  - type: external\n    metadata:\n      scalerAddress: lagwise.keda.svc:6000\n" + minimal), nil},
		{
			"a job cannot be pushed", func(o *convert.Options) { o.Type = "external-push" }, fromJob("  triggers:\n  - type: kafka\n    metadata:\n" + minimal),
			fromJob("  triggers:\n  - type: kafka\n    metadata:\n" + minimal),
			[]string{"4:5 trigger 0 (kafka) is left as it is: KEDA ignores pushes for a ScaledJob, and its operator can crash over them: say --type external"},
		},
		{"an address of one's own", func(o *convert.Options) { o.Type, o.Address = "external", "10.0.0.1:6000" }, fromSpec("  triggers:\n  - type: kafka\n    metadata:\n" + minimal), fromSpec("  triggers:\n  - type: external\n    metadata:\n      scalerAddress: \"10.0.0.1:6000\"\n" + minimal), nil},
		{
			"credentials without a connection", nil, fromSpec(login), fromSpec(login),
			[]string{"4:5 trigger 0 (kafka) is left as it is: it logs in, and KEDA does not pass credentials on: name a connection of lagwise's configuration that has them with --connection, or say --keep-authentication"},
		},
		{
			"credentials with a connection", connected, fromSpec(login), fromSpec(strings.NewReplacer("type: kafka", "type: external-push", "metadata:\n", "metadata:\n      scalerAddress: lagwise.keda.svc:6000\n      connection: prod\n").Replace(login)),
			[]string{`4:5 trigger 0 keeps its authenticationRef "creds" for the way back, and lagwise gets nothing of it; take it out once you stay`},
		},
		{"the way back with credentials", toKEDA, fromSpec(strings.NewReplacer("type: kafka", "type: external-push", "metadata:\n", "metadata:\n      scalerAddress: lagwise.keda.svc:6000\n      connection: prod\n").Replace(login)), fromSpec(login), nil},
		{
			"its own authentication", kept, fromSpec(login), fromSpec(strings.NewReplacer("type: kafka", "type: external-push", "metadata:\n", "metadata:\n      scalerAddress: lagwise.keda.svc:6000\n      authenticationRefName: creds\n").Replace(login)),
			[]string{`4:5 trigger 0 names its authenticationRef "creds" to lagwise; what stands in authenticationRef itself is for KEDA's link to lagwise from now on`},
		},
		{
			"a cluster's authentication", kept, fromSpec(shared), fromSpec(strings.NewReplacer("type: kafka", "type: external-push", "metadata:\n", "metadata:\n      scalerAddress: lagwise.keda.svc:6000\n      authenticationRefName: creds\n      authenticationRefKind: ClusterTriggerAuthentication\n").Replace(shared)),
			[]string{`4:5 trigger 0 names its authenticationRef "creds" to lagwise; what stands in authenticationRef itself is for KEDA's link to lagwise from now on`},
		},
		{"the way back with its own authentication", toKEDA, fromSpec(strings.NewReplacer("type: kafka", "type: external-push", "metadata:\n", "metadata:\n      scalerAddress: lagwise.keda.svc:6000\n      authenticationRefName: creds\n").Replace(login)), fromSpec(login), nil},
		{"the way back with a cluster's authentication", toKEDA, fromSpec(strings.NewReplacer("type: kafka", "type: external-push", "metadata:\n", "metadata:\n      scalerAddress: lagwise.keda.svc:6000\n      authenticationRefName: creds\n      authenticationRefKind: ClusterTriggerAuthentication\n").Replace(shared)), fromSpec(shared), nil},
		{
			"another's authentication", toKEDA, fromSpec(pushed + "      authenticationRefName: creds\n" + minimal + "    authenticationRef: {name: creds, kind: ClusterTriggerAuthentication}\n"),
			fromSpec(pushed + "      authenticationRefName: creds\n" + minimal + "    authenticationRef: {name: creds, kind: ClusterTriggerAuthentication}\n"),
			[]string{`4:5 trigger 0 (external-push) is left as it is: its authenticationRefName is "creds", which KEDA wants as the trigger's authenticationRef: write it there`},
		},
		{
			"only lagwise knows", toKEDA, fromSpec(pushed + minimal + "      quietPeriod: 5m\n      topicPattern: a.*\n"), fromSpec(pushed + minimal + "      quietPeriod: 5m\n      topicPattern: a.*\n"),
			[]string{"4:5 trigger 0 (external-push) is left as it is: only lagwise knows quietPeriod, topicPattern"},
		},
		{
			"a connection has the brokers", toKEDA, fromSpec(pushed + "      connection: prod\n      consumerGroup: g\n"), fromSpec(pushed + "      connection: prod\n      consumerGroup: g\n"),
			[]string{`4:5 trigger 0 (external-push) is left as it is: connection "prod" has the brokers, and KEDA wants them in the trigger: add bootstrapServers`},
		},
		{
			"a connection that logs in", toKEDA, fromSpec(pushed + "      connection: prod\n" + minimal), fromSpec("  triggers:\n  - type: kafka\n    metadata:\n" + minimal),
			[]string{`4:5 trigger 0 no longer names connection "prod": where that logs in, say sasl and tls, and give the trigger an authenticationRef with the credentials`},
		},
		{
			"a query", connected, fromSpec("  triggers:\n  - type: new-relic\n    metadata:\n      nrql: SELECT 1\n      threshold: 70\n    authenticationRef: {name: relic}\n"),
			fromSpec(pushed + "      scaler: new-relic\n      connection: prod\n      nrql: SELECT 1\n      threshold: \"70\"\n    authenticationRef: {name: relic}\n"),
			[]string{`4:5 trigger 0 keeps its authenticationRef "relic" for the way back, and lagwise gets nothing of it; take it out once you stay`},
		},
		{
			"a query, back", toKEDA, fromSpec(pushed + "      scaler: new-relic\n      connection: prod\n      nrql: SELECT 1\n      threshold: \"70\"\n"),
			fromSpec("  triggers:\n  - type: new-relic\n    metadata:\n      nrql: SELECT 1\n      threshold: \"70\"\n"),
			[]string{`4:5 trigger 0 no longer names connection "prod": where that logs in, give the trigger an authenticationRef with the credentials`},
		},
		{
			"a queue whose URL decides", connected, fromSpec("  triggers:\n  - type: rabbitmq\n    metadata:\n      queueName: q\n    authenticationRef: {name: rabbit}\n"),
			fromSpec("  triggers:\n  - type: rabbitmq\n    metadata:\n      queueName: q\n    authenticationRef: {name: rabbit}\n"),
			[]string{`4:5 trigger 0 (rabbitmq) is left as it is: the URL in its authenticationRef "rabbit" decides protocol and vhostName, and a connection need not decide alike: write protocol and vhostName into the trigger, which KEDA reads as well, or say --keep-authentication`},
		},
		{
			"a queue whose URL decides the vhost", connected, fromSpec("  triggers:\n  - type: rabbitmq\n    metadata:\n      queueName: q\n      protocol: http\n    authenticationRef: {name: rabbit}\n"),
			fromSpec("  triggers:\n  - type: rabbitmq\n    metadata:\n      queueName: q\n      protocol: http\n    authenticationRef: {name: rabbit}\n"),
			[]string{`4:5 trigger 0 (rabbitmq) is left as it is: the URL in its authenticationRef "rabbit" decides vhostName, and a connection need not decide alike: write vhostName into the trigger, which KEDA reads as well, or say --keep-authentication`},
		},
		{
			"a queue", connected, fromSpec("  triggers:\n  - type: rabbitmq\n    metadata:\n      queueName: q\n      protocol: amqp\n      vhostName: /\n      mode: QueueLength\n      value: 40\n    authenticationRef: {name: rabbit}\n"),
			fromSpec(pushed + "      scaler: rabbitmq\n      connection: prod\n      queueName: q\n      protocol: amqp\n      vhostName: /\n      mode: QueueLength\n      value: \"40\"\n    authenticationRef: {name: rabbit}\n"),
			[]string{`4:5 trigger 0 keeps its authenticationRef "rabbit" for the way back, and lagwise gets nothing of it; take it out once you stay`},
		},
		{
			"a queue, back", toKEDA, fromSpec(pushed + "      scaler: rabbitmq\n      connection: prod\n      queueName: q\n    authenticationRef: {name: rabbit}\n"),
			fromSpec("  triggers:\n  - type: rabbitmq\n    metadata:\n      queueName: q\n    authenticationRef: {name: rabbit}\n"), nil,
		},
		{
			"a queue whose connection has the broker", toKEDA, fromSpec(pushed + "      scaler: rabbitmq\n      connection: prod\n      queueName: q\n"), fromSpec(pushed + "      scaler: rabbitmq\n      connection: prod\n      queueName: q\n"),
			[]string{`4:5 trigger 0 (external-push) is left as it is: connection "prod" has the brokers, and KEDA wants them in the trigger: add host`},
		},
		{"a list of topics", toKEDA, fromSpec(pushed + minimal + "      topic: a,b\n"), fromSpec("  triggers:\n  - type: apache-kafka\n    metadata:\n" + minimal + "      topic: a,b\n"), nil},
		{"somebody else's scaler", toKEDA, fromSpec("  triggers:\n  - type: external\n    metadata: {scalerAddress: other:9090, queue: a}\n"), fromSpec("  triggers:\n  - type: external\n    metadata: {scalerAddress: other:9090, queue: a}\n"), nil},
		{
			"what lagwise refuses", nil, fromSpec("  triggers:\n  - type: kafka\n    metadata:\n" + minimal + "      lagThresold: \"5\"\n"), fromSpec("  triggers:\n  - type: kafka\n    metadata:\n" + minimal + "      lagThresold: \"5\"\n"),
			[]string{`4:5 trigger 0 (kafka) is left as it is: lagwise refuses it: "lagThresold" is not a key; did you mean lagThreshold?`},
		},
		{
			"text that is not to be edited", nil, fromSpec("  triggers:\n  - type: !!str kafka\n    metadata:\n" + minimal), fromSpec("  triggers:\n  - type: !!str kafka\n    metadata:\n" + minimal),
			[]string{"4:5 trigger 0 (kafka) is left as it is: its text is written in a way that cannot be edited, such as with tags or across lines"},
		},
		{"a document that is broken", nil, "a: b: c\n---\n" + fromSpec("  triggers:\n  - type: kafka\n    metadata:\n"+minimal), "a: b: c\n---\n" + fromSpec(pushed+minimal), []string{"broken"}},
		{
			"JSON", nil, "{\n  \"kind\": \"ScaledObject\",\n  \"spec\": {\"triggers\": [{\"type\": \"kafka\", \"metadata\": {\n    \"bootstrapServers\": \"k:9092\",\n    \"consumerGroup\": \"g\"\n  }}]}\n}\n",
			"{\n  \"kind\": \"ScaledObject\",\n  \"spec\": {\"triggers\": [{\"type\": \"external-push\", \"metadata\": {\n    \"scalerAddress\": \"lagwise.keda.svc:6000\",\n    \"bootstrapServers\": \"k:9092\",\n    \"consumerGroup\": \"g\"\n  }}]}\n}\n", nil,
		},
		{
			"metadata by an anchor", nil,
			fromSpec("  triggers:\n  - type: kafka\n    metadata: &m\n" + minimal + "  - {type: kafka, metadata: *m}\n"),
			fromSpec("  triggers:\n  - type: external-push\n    metadata: &m\n      scalerAddress: lagwise.keda.svc:6000\n" + minimal + "  - {type: external-push, metadata: *m}\n"), nil,
		},
		{
			"merged metadata", nil, "x: &x {bootstrapServers: \"k:9092\", lagThreshold: 7}\n" + fromSpec("  triggers:\n  - type: kafka\n    metadata:\n      <<: *x\n      consumerGroup: g\n"),
			"x: &x {bootstrapServers: \"k:9092\", lagThreshold: \"7\"}\n" + fromSpec("  triggers:\n  - type: external-push\n    metadata:\n      scalerAddress: lagwise.keda.svc:6000\n      <<: *x\n      consumerGroup: g\n"), nil,
		},
		{"beyond ASCII", nil, fromSpec("  triggers: [{name: \"주문\", type: kafka, metadata: {bootstrapServers: 'k:9092', consumerGroup: \"주문 🚀\", lagThreshold: 5}}] # 끝\n"), fromSpec("  triggers: [{name: \"주문\", type: external-push, metadata: {scalerAddress: lagwise.keda.svc:6000, bootstrapServers: 'k:9092', consumerGroup: \"주문 🚀\", lagThreshold: \"5\"}}] # 끝\n"), nil},
		{
			"Helm values", at(".keda.scaledObject[].triggers"),
			"# values\nkeda:\n  scaledObject:\n    - name: a\n      triggers:\n        - type: kafka\n          metadata:\n            bootstrapServers: k:9092\n            consumerGroup: g\n    - name: b\n      triggers: []\n",
			"# values\nkeda:\n  scaledObject:\n    - name: a\n      triggers:\n        - type: external-push\n          metadata:\n            scalerAddress: lagwise.keda.svc:6000\n            bootstrapServers: k:9092\n            consumerGroup: g\n    - name: b\n      triggers: []\n", nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			result, err := convert.Text("f", []byte(c.before), options(c.change))
			var notes []string
			if mistakes, rest := manifest.Split(err); len(rest) > 0 {
				t.Fatal(rest)
			} else if len(mistakes) > 0 {
				notes = append(notes, "broken")
			}
			for _, note := range result.Notes {
				notes = append(notes, strings.TrimPrefix(note.Place.String(), "f:")+" "+note.Text)
				if note.Left != strings.Contains(note.Text, "is left as it is") {
					t.Errorf("Left is %v of %q", note.Left, note.Text)
				}
			}
			if string(result.Text) != c.want {
				t.Errorf("became\n%s\nwant\n%s", result.Text, c.want)
			}
			if strings.Join(notes, "\n") != strings.Join(c.notes, "\n") {
				t.Errorf("notes\n%s\nwant\n%s", strings.Join(notes, "\n"), strings.Join(c.notes, "\n"))
			}
			if (result.Changed > 0) != (c.before != c.want) {
				t.Errorf("%d changed", result.Changed)
			}
		})
	}
}

// Two workloads of different kinds that share a trigger by an anchor would need two texts at one place.
func TestSharedTriggersThatDiffer(t *testing.T) {
	t.Parallel()
	text := "kind: List\nitems:\n- kind: ScaledObject\n  spec: {triggers: &t [{type: kafka, metadata: {bootstrapServers: \"k:9092\", consumerGroup: g}}]}\n- kind: ScaledJob\n  spec: {triggers: *t}\n"
	result, err := convert.Text("f", []byte(text), options(nil))
	if err == nil || !strings.Contains(err.Error(), "share text by an anchor") || string(result.Text) != text {
		t.Errorf("%v: %s", err, result.Text)
	}
}

// Of what is written twice the last counts, for KEDA as for whoever converts.
func TestTheLastOfWhatIsWrittenTwice(t *testing.T) {
	t.Parallel()
	const twice = "  triggers:\n    - {type: cpu, type: kafka, metadata: {a: b}, metadata: {bootstrapServers: 'k:9092', consumerGroup: g}}\n"
	const once = "  triggers:\n    - {type: cpu, type: external-push, metadata: {a: b}, metadata: {scalerAddress: lagwise.keda.svc:6000, bootstrapServers: 'k:9092', consumerGroup: g}}\n"
	result, err := convert.Text("f", []byte(fromSpec(twice)), options(nil))
	if got := string(result.Text); err != nil || got != fromSpec(once) || result.Changed != 1 {
		t.Errorf("%v, %d changed:\n%s", err, result.Changed, got)
	}
}

// To YAML a lone carriage return ends a line, to editors it does not, so edits go astray: found when the result is read, such
// triggers stay as they were, and keep no other from being converted.
func TestWhereAnEditGoesAstrayTheTriggerStays(t *testing.T) {
	t.Parallel()
	const trigger = "    - {type: kafka, metadata: {bootstrapServers: 'k:9092', consumerGroup: g}}\n"
	astray := fromSpec("  # one\r# two\n  triggers:\n" + strings.Repeat(trigger, 3))
	good := fromSpec("  triggers:\n" + strings.Repeat(trigger, 3))
	alone, err := convert.Text("f", []byte(good), options(nil))
	if err != nil {
		t.Fatal(err)
	}
	result, err := convert.Text("f", []byte(good+"---\n"+astray+"---\n"+good), options(nil))
	want := string(alone.Text) + "---\n" + astray + "---\n" + string(alone.Text)
	if string(result.Text) != want || err != nil || result.Changed != 6 {
		t.Errorf("%v, %d changed:\n%q\nwant\n%q", err, result.Changed, result.Text, want)
	}
	left := 0
	for _, note := range result.Notes {
		if note.Left && strings.Contains(note.Text, "cannot be edited") && note.Place.Line > 11 && note.Place.Line < 16 {
			left++
		}
	}
	if left != 3 {
		t.Errorf("%d triggers are told of: %+v", left, result.Notes)
	}
}

func TestPathsThatLeadNowhere(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		".keda.nothing": "f has no list at .keda.nothing", ".keda": "f has no list at .keda", "keda": `"keda": want a path such as .keda.scaledObject[].triggers`,
	} {
		if _, err := convert.Text("f", []byte("keda: {a: 1}\n"), options(at(path))); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
	}
}
