package kafka_test

import (
	"strings"
	"testing"

	"github.com/lagwise/lagwise/scalers"
)

func TestBadMetadataIsRefusedByKeyValueAndRemedy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		metadata map[string]string
		want     string
	}{
		"misspelt key":           {with("lagThresold", "5"), `"lagThresold" is not a key; did you mean lagThreshold?`},
		"wrong case":             {with("LagThreshold", "5"), `"LagThreshold" is not a key; did you mean lagThreshold?`},
		"no servers":             {with("bootstrapServers", ""), "bootstrapServers: missing; give the brokers as host:port, or a connection"},
		"no port":                {with("bootstrapServers", "kafka"), `bootstrapServers "kafka": want brokers as host:port, such as "kafka-0.kafka:9092,kafka-1.kafka:9092"`},
		"port 0":                 {with("bootstrapServers", "kafka:0"), `bootstrapServers "kafka:0": want brokers as host:port, such as "kafka-0.kafka:9092,kafka-1.kafka:9092"`},
		"protocol in the server": {with("bootstrapServers", "SSL://kafka:9092"), `bootstrapServers "SSL://kafka:9092": want brokers as host:port, such as "kafka-0.kafka:9092,kafka-1.kafka:9092"`},
		"a password":             {with("bootstrapServers", "me:hunter2@kafka:9092"), "bootstrapServers (hidden): want brokers as host:port alone: credentials never stand in metadata; name a connection"},
		"no group":               {with("consumerGroup", ""), "consumerGroup: missing; Consumer group whose committed offsets count."},
		"threshold 0":            {with("lagThreshold", "0"), `lagThreshold "0": want a whole number, at least 1`},
		"threshold NaN":          {with("lagThreshold", "NaN"), `lagThreshold "NaN": want a whole number, at least 1`},
		"threshold 1e400":        {with("lagThreshold", "1e400"), `lagThreshold "1e400": want a whole number, at least 1`},
		"activation -1":          {with("activationLagThreshold", "-1"), `activationLagThreshold "-1": want a whole number, at least 0`},
		"reversed range":         {with("partitionLimitation", "5-3"), `partitionLimitation "5-3": `},
		"a letter":               {with("partitionLimitation", "a"), `partitionLimitation "a": `},
		"a negative partition":   {with("partitionLimitation", "-1"), `partitionLimitation "-1": `},
		"1e9":                    {with("partitionLimitation", "1e9"), `partitionLimitation "1e9": `},
		"both excluding flags": {
			with("allowIdleConsumers", "true", "limitToPartitionsWithLag", "true"),
			"allowIdleConsumers and limitToPartitionsWithLag exclude each other: set one of them",
		},
		"even with limit": {
			with("ensureEvenDistributionOfPartitions", "true", "limitToPartitionsWithLag", "true"),
			"ensureEvenDistributionOfPartitions and limitToPartitionsWithLag exclude each other: set one of them",
		},
		"limit without topic":            {with("topic", "", "limitToPartitionsWithLag", "true"), "limitToPartitionsWithLag needs topic: name the topic or leave limitToPartitionsWithLag out"},
		"even without topic":             {with("topic", "", "ensureEvenDistributionOfPartitions", "true"), "ensureEvenDistributionOfPartitions needs topic: name the topic or leave ensureEvenDistributionOfPartitions out"},
		"fullMetadata without topic":     {with("topic", "", "fullMetadata", "false"), `fullMetadata "false" needs topic: name the topic or leave fullMetadata out`},
		"illegal topic":                  {with("topic", "orders/eu"), `topic "orders/eu": want a topic's name: letters, digits, '.', '_' and '-'`},
		"illegal topic in a list":        {with("topic", "orders,in voices"), `topic "orders,in voices": want a topic's name: letters, digits, '.', '_' and '-'`},
		"dot topic":                      {with("topic", ".."), `topic "..": a topic cannot be named "." or ".."`},
		"long topic":                     {with("topic", strings.Repeat("t", 250)), `topic "` + strings.Repeat("t", 60) + `"...: a topic's name has at most 249 characters`},
		"only commas":                    {with("topic", " , ,"), `topic ", ,": want at least one topic's name`},
		"zero byte in the group":         {with("consumerGroup", "a\x00b"), `consumerGroup "a\x00b": want a consumer group's name: at most 32767 bytes, none of them zero`},
		"1 MiB":                          {with("topic", strings.Repeat("x", 1<<20)), `the value of "topic" has 1048576 bytes: at most 16384 are read`},
		"version":                        {with("version", "latest"), `version "latest": want a Kafka version such as "1.0.0" or "3.7.0"`},
		"password in metadata":           {with("password", "hunter2"), "password: credentials never stand in metadata; name a connection"},
		"secret key from environment":    {with("awsSecretAccessKeyFromEnv", "hunter2"), "awsSecretAccessKeyFromEnv: credentials never stand in metadata"},
		"sasl without a connection":      {with("sasl", "plaintext"), `sasl "plaintext" needs credentials, which KEDA does not pass on to an external scaler: name a connection`},
		"kerberos":                       {with("sasl", "gssapi"), `sasl "gssapi" needs credentials, which KEDA does not pass on to an external scaler: and lagwise's Kafka client is built without Kerberos`},
		"unknown connection":             {with("connection", "staging"), `connection "staging" is not configured: want one of prod`},
		"another cluster's servers":      {with("connection", "prod"), `bootstrapServers "kafka:9092" is not part of connection "prod"`},
		"another mechanism":              {with("connection", "prod", "bootstrapServers", "", "sasl", "plaintext"), `sasl "plaintext" is not what connection "prod" uses, "scram_sha512"`},
		"tls disagrees":                  {with("connection", "prod", "bootstrapServers", "", "tls", "disable"), `tls "disable" is not what connection "prod" uses`},
		"a pattern beside a topic":       {with("topicPattern", "orders-.*"), "topicPattern and topic exclude each other"},
		"a pattern that is none":         {with("topic", "", "topicPattern", "orders-("), `topicPattern "orders-(": want a regular expression (RE2), such as "orders-.*"`},
		"a pattern with an escape":       {with("topic", "", "topicPattern", "a(\x1b"), `topicPattern "a(\x1b": want a regular expression (RE2), such as "orders-.*": missing closing ): "a(\x1b"`},
		"a pattern that ends early":      {with("topic", "", "topicPattern", "a)|(b"), `topicPattern "a)|(b": want a regular expression`},
		"a threshold for one topic":      {with("lagThresholdByTopic", "orders=5"), "lagThresholdByTopic needs several topics: name them in topic or topicPattern"},
		"a threshold for another":        {with("topic", "a,b", "lagThresholdByTopic", "c=5"), `lagThresholdByTopic: "c" is not one of the trigger's topics`},
		"a threshold beside a pattern":   {with("topic", "", "topicPattern", "order", "lagThresholdByTopic", "orders=5"), `lagThresholdByTopic: "orders" is not one of the trigger's topics`},
		"a topic's threshold of 0":       {with("topic", "a,b", "lagThresholdByTopic", "a=0"), `lagThresholdByTopic "a=0": "a=0": want a whole number, at least 1`},
		"a topic without threshold":      {with("topic", "a,b", "lagThresholdByTopic", "a=1,b"), `lagThresholdByTopic "a=1,b": "b": want TOPIC=VALUE`},
		"a topic with two thresholds":    {with("topic", "a,b", "lagThresholdByTopic", "a=1,a=2"), `lagThresholdByTopic "a=1,a=2": "a=2": the topic is named twice`},
		"a topic's partitions":           {with("topic", "a,b", "partitionLimitationByTopic", "a=5-3"), `partitionLimitationByTopic "a=5-3": "a=5-3": "5-3" counts down`},
		"thresholds for the largest":     {with("topic", "a,b", "lagThresholdByTopic", "a=1", "aggregate", "max"), "lagThresholdByTopic and aggregate max exclude each other"},
		"held below a threshold":         {with("quietPeriod", "5m", "activationLagThreshold", "3"), "quietPeriod and activationLagThreshold exclude each other: any record holds"},
		"held for nothing":               {with("holdReplicas", "2"), "quietPeriod: missing; holdReplicas needs it"},
		"active below a threshold":       {with("minActive", "55m", "activationLagThreshold", "3"), "minActive and activationLagThreshold exclude each other: any record holds"},
		"active for no time":             {with("minActive", "0"), `minActive "0": want a duration`},
		"commits below a threshold":      {with("holdUntilCommitsStop", "true", "activationLagThreshold", "3"), "holdUntilCommitsStop and activationLagThreshold exclude each other: any commit holds"},
		"commits and quiet":              {with("holdUntilCommitsStop", "true", "quietPeriod", "5m"), "holdUntilCommitsStop and quietPeriod exclude each other"},
		"a shared rate without its part": {with("drainWithin", "5m", "maxRecordsPerSecond", "3"), "recordsPerSecondPerReplica: missing; maxRecordsPerSecond needs it"},
		"stalled and left out":           {with("onStall", "hold", "excludePersistentLag", "true"), "onStall hold and excludePersistentLag exclude each other"},
		"stalled after, for nothing":     {with("stallAfter", "5m"), "onStall: missing; stallAfter needs it"},
		"stalled at once":                {with("onStall", "report", "stallAfter", "0"), `stallAfter "0": want a duration`},
		"a stall that nobody knows":      {with("onStall", "kill"), `onStall "kill": want one of report, hold`},
		"a rate for nothing":             {with("recordsPerSecondPerReplica", "3"), "drainWithin: missing; recordsPerSecondPerReplica needs it"},
		"a shared rate for nothing":      {with("maxRecordsPerSecond", "3"), "drainWithin: missing; maxRecordsPerSecond needs it"},
		"a rate of nothing":              {with("drainWithin", "5m", "recordsPerSecondPerReplica", "0"), `recordsPerSecondPerReplica "0": want records a second, such as "3" or "0.25"`},
		"a rate of a tenthousandth":      {with("drainWithin", "5m", "recordsPerSecondPerReplica", "0.0014"), `recordsPerSecondPerReplica "0.0014": want records a second`},
		"no number for a rate":           {with("drainWithin", "5m", "recordsPerSecondPerReplica", "NaN"), `recordsPerSecondPerReplica "NaN": want records a second`},
		"a shared rate in words":         {with("drainWithin", "5m", "recordsPerSecondPerReplica", "3", "maxRecordsPerSecond", "3/s"), `maxRecordsPerSecond "3/s": want records a second`},
		"drained for the largest":        {with("drainWithin", "5m", "recordsPerSecondPerReplica", "3", "aggregate", "max"), "drainWithin and aggregate max exclude each other"},
		"drained by topic":               {with("topic", "a,b", "drainWithin", "5m", "recordsPerSecondPerReplica", "3", "lagThresholdByTopic", "a=1"), "drainWithin and lagThresholdByTopic exclude each other"},
		"sustained and new":              {with("sustainedFor", "30s", "activateOn", "newRecords"), "sustainedFor and activateOn newRecords exclude each other"},
		"sustained and held":             {with("sustainedFor", "30s", "quietPeriod", "5m"), "sustainedFor and quietPeriod exclude each other"},
		"sustained and active":           {with("sustainedFor", "30s", "minActive", "5m"), "sustainedFor and minActive exclude each other"},
		"sustained and committed":        {with("sustainedFor", "30s", "holdUntilCommitsStop", "true"), "sustainedFor and holdUntilCommitsStop exclude each other"},
		"sustained for no time":          {with("sustainedFor", "0"), `sustainedFor "0": want a duration`},
		"quiet for no time":              {with("quietPeriod", "0"), `quietPeriod "0": want a duration`},
		"new records, not wanted":        {with("newRecordsWithin", "5m"), "newRecordsWithin is for activateOn: newRecords: say so, or leave newRecordsWithin out"},
		"new for no time":                {with("activateOn", "newRecords", "newRecordsWithin", "0"), `newRecordsWithin "0": want a duration`},
		"limitBy with a flag of KEDA":    {with("limitBy", "partitions", "allowIdleConsumers", "true"), "limitBy and allowIdleConsumers exclude each other"},
		"limitBy with its twin":          {with("limitBy", "partitionsWithLag", "limitToPartitionsWithLag", "true"), "limitBy and limitToPartitionsWithLag exclude each other"},
		"limitBy with another rounding":  {with("limitBy", "partitions", "capRounding", "floor"), "limitBy and capRounding exclude each other"},
		"consumers with KEDA's even":     {with("consumersPerReplica", "4", "ensureEvenDistributionOfPartitions", "true"), "consumersPerReplica and ensureEvenDistributionOfPartitions exclude each other"},
		"consumers without a cap":        {with("consumersPerReplica", "4", "allowIdleConsumers", "true"), "consumersPerReplica and allowIdleConsumers exclude each other"},
		"no consumers":                   {with("consumersPerReplica", "0"), `consumersPerReplica "0": want a whole number, from 1 to`},
		"two kinds of even":              {with("evenShares", "true", "ensureEvenDistributionOfPartitions", "true"), "evenShares and ensureEvenDistributionOfPartitions exclude each other"},
		"even shares with another cap":   {with("evenShares", "true", "limitBy", "partitionsWithLag"), "evenShares and limitBy exclude each other"},
		"even shares without topic":      {with("topic", "", "evenShares", "true"), "evenShares needs topic: name the topic or leave evenShares out"},
		"an aggregate that nobody knows": {with("aggregate", "avg"), `aggregate "avg": want one of sum, max`},
		"age and time to drain":          {with("lagTimeThreshold", "60s", "drainWithin", "5m", "recordsPerSecondPerReplica", "3"), "lagTimeThreshold and drainWithin exclude each other"},
		"age and thresholds by topic":    {with("topic", "a,b", "lagTimeThreshold", "60s", "lagThresholdByTopic", "a=5"), "lagTimeThreshold and lagThresholdByTopic exclude each other"},
		"age and the largest lag":        {with("lagTimeThreshold", "60s", "aggregate", "max"), "lagTimeThreshold and aggregate max exclude each other"},
		"no age":                         {with("lagTimeThreshold", "0"), `lagTimeThreshold "0": want a duration`},
		"active by age and by lag":       {with("activationLagTimeThreshold", "60s", "activationLagThreshold", "5"), "activationLagTimeThreshold and activationLagThreshold exclude each other"},
		"active by age and by new ones":  {with("activationLagTimeThreshold", "60s", "activateOn", "newRecords"), "activationLagTimeThreshold and activateOn newRecords exclude each other"},
		"active by age and until quiet":  {with("activationLagTimeThreshold", "60s", "quietPeriod", "5m"), "activationLagTimeThreshold and quietPeriod exclude each other"},
		"active by age and sustained":    {with("activationLagTimeThreshold", "60s", "sustainedFor", "5m"), "activationLagTimeThreshold and sustainedFor exclude each other"},
		"an isolation nobody knows":      {with("isolationLevel", "serializable"), `isolationLevel "serializable": want one of read_uncommitted, read_committed`},
		"a window without its end":       {with("windowStart", "0 6 * * *", "windowTimezone", "UTC"), "windowEnd: missing; windowStart needs windowStart, windowEnd and windowTimezone"},
		"a window without a time zone":   {with("windowStart", "0 6 * * *", "windowEnd", "0 7 * * *"), "windowTimezone: missing; windowStart needs"},
		"a mode without a window":        {with("windowMode", "gate"), "windowStart: missing; windowMode needs"},
		"replicas without a window":      {with("windowReplicas", "2"), "windowStart: missing; windowReplicas needs"},
		"a window's zone":                {window("windowTimezone", "Asia/Soul"), `windowTimezone "Asia/Soul": want a time zone such as "Asia/Seoul" or "UTC"`},
		"a window's start":               {window("windowStart", "at six"), `windowStart "at six": want five fields (minute hour day month weekday)`},
		"a window's end":                 {window("windowEnd", "0 0 30 2 *"), `windowEnd "0 0 30 2 *": never comes`},
		"a window of no length":          {window("windowEnd", "30 6 * * 1-5"), `windowStart, windowEnd: start and end are both "30 6 * * 1-5"`},
		"a gate with replicas":           {window("windowReplicas", "2"), "windowReplicas is for windowMode floor or cap: say which, or leave windowReplicas out"},
		"a floor without replicas":       {window("windowMode", "floor"), "windowReplicas: missing; windowMode floor needs it"},
		"a cap at nothing":               {window("windowMode", "cap", "windowReplicas", "0"), `windowReplicas "0": want a whole number, from 1 to`},
		"a mode that nobody knows":       {window("windowMode", "shut"), `windowMode "shut": want one of gate, floor, cap`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fake fakeKafka
			scaler := fake.build(test.metadata)
			_, err := scaler.Evaluate(t.Context())
			if err == nil || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("got %v\nwant %s", err, test.want)
			}
			if cause, _ := scalers.CauseOf(err); cause != scalers.CauseRefused {
				t.Errorf("cause %v, want CauseRefused", cause)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("the message repeats a secret")
			}
			if metric := scaler.Metric(); metric.Name == "" || metric.Target < 1 {
				t.Errorf("metric %+v is not valid", metric)
			}
			if fake.want.Group != "" {
				t.Error("a refused trigger reached Kafka")
			}
		})
	}
}

func TestTheMetricOfARefusedTriggerIsTheRightOneWherePossible(t *testing.T) {
	t.Parallel()
	var fake fakeKafka
	if got := fake.build(with("lagThreshold", "25", "offsetResetPolicy", "newest")).Metric(); got != (scalers.Metric{Name: "kafka-orders", Target: 25}) {
		t.Errorf("got %+v", got)
	}
}
