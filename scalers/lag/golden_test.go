package lag_test

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/lagwise/lagwise/scalers/lag"
)

// TestGolden runs the whole decisions in testdata. Arguments are metadata keys, with "topics" for a list of topics; the
// input is the latest observation, then earlier ones below "30s before:", newest first:
//
//	decide topic=orders lagThreshold=10
//	orders/0 start=0 end=100 committed=40
//	orders/1-999 end=100
//	missing: invoices refunds
//	group: told most=3 pace=1800
//	30s before:
//	orders/0 committed=40
//
// lagThresholdByTopic and partitionLimitationByTopic are written "orders-threshold" and "orders-partitions".
// With the argument "partitions" each partition's count is shown. The command needs shows Policy.Needs.
func TestGolden(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		t.Helper()
		datadriven.RunTest(t, path, func(t *testing.T, td *datadriven.TestData) string {
			t.Helper()
			policy := goldenRules(t, td).Policy()
			switch td.Cmd {
			case "needs":
				return needsText(policy.Needs())
			case "decide":
				d, err := policy.Decide(goldenView(t, td.Input))
				if err != nil {
					return "error: " + err.Error()
				}
				return decisionText(d, td.HasArg("partitions"))
			default:
				t.Fatalf("%s: no command %q", td.Pos, td.Cmd)
				return ""
			}
		})
	})
}

// needsText shows only what is needed.
func needsText(needs lag.Needs) string {
	var shown []string
	for field, value := range reflect.ValueOf(needs).Fields() {
		if !value.IsZero() {
			shown = append(shown, fmt.Sprintf("%s:%v", field.Name, value))
		}
	}
	return "{" + strings.Join(shown, " ") + "}"
}

func decisionText(d lag.Decision, partitions bool) string {
	var b strings.Builder
	activity := "inactive"
	if d.Active {
		activity = "active"
	}
	fmt.Fprintf(&b, "value %d, target %d, %s (lag %d, persistent %d)\n", d.Value, d.Target, activity, d.Lag, d.Persistent)
	for _, r := range d.Reasons {
		key := ""
		if r.Key != "" {
			key = " [" + r.Key + "]"
		}
		warning := ""
		if r.Warning {
			warning = "warning: "
		}
		fmt.Fprintf(&b, "%s%s: %s%s\n", r.Rule, key, warning, r.Text)
	}
	if partitions {
		for _, c := range d.Partitions {
			fmt.Fprintf(&b, "  %s/%d lag %d, persistent %d: %s\n", c.Partition.Topic, c.Partition.ID, c.Lag, c.Persistent, c.Rule)
		}
	}
	return b.String()
}

func goldenRules(t *testing.T, td *datadriven.TestData) lag.Rules {
	t.Helper()
	rules := lag.Rules{Target: 10}
	flags := map[string]*bool{
		"topics":                             &rules.TopicList,
		"ignorePhantomLag":                   &rules.IgnorePhantomLag,
		"read-committed":                     &rules.ReadCommitted,
		"beside-lag":                         &rules.AgeBesideLag,
		"scaleToZeroOnInvalidOffset":         &rules.ScaleToZeroOnInvalidOffset,
		"clampToLogStart":                    &rules.ClampToLogStart,
		"excludePersistentLag":               &rules.ExcludePersistentLag,
		"ensureEvenDistributionOfPartitions": &rules.EvenDistribution,
		"limitToPartitionsWithLag":           &rules.LimitToPartitionsWithLag,
		"evenShares":                         &rules.EvenShares,
		"allowIdleConsumers":                 &rules.AllowIdleConsumers,
		"holdStalled":                        &rules.HoldStalled,
		"partitions":                         new(bool), // how the decision is shown, not a rule
	}
	for _, arg := range td.CmdArgs {
		if flag, ok := flags[arg.Key]; ok {
			*flag = true
			continue
		}
		if err := goldenRule(&rules, arg.Key, strings.Join(arg.Vals, ",")); err != nil {
			t.Fatalf("%s: %s: %v", td.Pos, arg, err)
		}
	}
	return rules
}

func goldenRule(rules *lag.Rules, key, value string) (err error) {
	switch key + "=" + value {
	case "offsetResetPolicy=earliest":
		rules.ResetEarliest = true
		return nil
	case "capRounding=ceil":
		rules.CapRounding = lag.RoundUp
		return nil
	case "aggregate=max":
		rules.AggregateMax = true
		return nil
	case "limitBy=partitions":
		rules.LimitBy = lag.LimitByPartitions
		return nil
	case "limitBy=partitionsWithLag":
		rules.LimitBy = lag.LimitByPartitionsWithLag
		return nil
	case "window=open", "window=shut":
		rules.Window = func(now time.Time) (bool, time.Time, bool) {
			return value == "open", now.Add(time.Hour).UTC(), true
		}
		return nil
	case "windowMode=floor":
		rules.WindowMode = lag.WindowFloor
		return nil
	case "windowMode=cap":
		rules.WindowMode = lag.WindowCap
		return nil
	}
	switch key {
	case "topic":
		rules.Topic = value
	case "lagThreshold":
		rules.Target, err = strconv.ParseInt(value, 10, 64)
	case "activationLagThreshold":
		rules.ActivationThreshold, err = strconv.ParseInt(value, 10, 64)
	case "consumersPerReplica":
		rules.ConsumersPerReplica, err = strconv.ParseInt(value, 10, 64)
	case "topicPattern":
		rules.Pattern = value
	case "orders-threshold":
		rules.TargetByTopic = map[string]int64{}
		rules.TargetByTopic["orders"], err = strconv.ParseInt(value, 10, 64)
	case "orders-partitions":
		rules.PartitionsByTopic = map[string]lag.Ranges{}
		rules.PartitionsByTopic["orders"], err = lag.ParseRanges(value)
	case "stallAfter":
		rules.StallAfter, err = time.ParseDuration(value)
	case "quietPeriod":
		rules.QuietPeriod, err = time.ParseDuration(value)
	case "drainWithin":
		rules.Drain.Within, err = time.ParseDuration(value)
	case "rate-thousandths":
		_, err = fmt.Sscan(value, &rules.Drain.PerReplica)
	case "max-rate-thousandths":
		_, err = fmt.Sscan(value, &rules.Drain.AtMost)
	case "sustainedFor":
		rules.SustainedFor, err = time.ParseDuration(value)
	case "lagTimeThreshold":
		rules.Age, err = time.ParseDuration(value)
	case "activationLagTimeThreshold":
		rules.ActivationAge, err = time.ParseDuration(value)
	case "minActive":
		rules.MinActive, err = time.ParseDuration(value)
	case "commitsStill":
		rules.CommitsStill, err = time.ParseDuration(value)
	case "holdReplicas":
		rules.HoldReplicas, err = strconv.ParseInt(value, 10, 64)
	case "newRecordsWithin":
		rules.NewRecordsWithin, err = time.ParseDuration(value)
	case "windowReplicas":
		rules.WindowReplicas, err = strconv.ParseInt(value, 10, 64)
	case "partitionLimitation":
		rules.Partitions, err = lag.ParseRanges(value)
	case "persistentLagInterval":
		rules.PersistentLagInterval, err = time.ParseDuration(value)
	default:
		err = errors.New("no such argument")
	}
	return err
}

func goldenView(t *testing.T, input string) lag.View {
	t.Helper()
	now := time.Unix(1_000_000, 0)
	seen := []lag.Observation{{At: now}}
	for line := range strings.Lines(input) {
		line = strings.TrimSpace(line)
		last := &seen[len(seen)-1]
		if topics, ok := strings.CutPrefix(line, "missing: "); ok {
			last.MissingTopics = strings.Fields(topics)
			continue
		}
		if group, ok := strings.CutPrefix(line, "group: "); ok {
			last.Group = goldenGroup(t, group)
			continue
		}
		if age, ok := strings.CutSuffix(line, " before:"); ok {
			d, err := time.ParseDuration(age)
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, lag.Observation{At: now.Add(-d)})
			continue
		}
		last.Partitions = append(last.Partitions, goldenPartitions(t, line)...)
	}
	view := lag.View{Now: now, Latest: seen[0]}
	for _, earlier := range seen[1:] {
		view.History = append([]lag.Observation{earlier}, view.History...)
	}
	return view
}

// goldenGroup reads "told", the "most" members, the "pace" in thousandths, and "orders/0@40=10m" for a commit that has stood at
// 40 for ten minutes; "reads=0,1;2" are the places of the partitions that each member reads.
func goldenGroup(t *testing.T, line string) *lag.Group {
	t.Helper()
	var group lag.Group
	for field := range strings.FieldsSeq(line) {
		name, value, _ := strings.Cut(field, "=")
		var err error
		switch name {
		case "told":
			group.Told = true
		case "most":
			group.Most, err = strconv.Atoi(value)
		case "reads":
			for i, places := range strings.Split(value, ";") {
				member := lag.Member{ID: fmt.Sprintf("%03d", i)}
				for place := range strings.SplitSeq(places, ",") {
					if place != "" {
						member.Reads = append(member.Reads, goldenPlace(t, place))
					}
				}
				group.Members = append(group.Members, member)
			}
		case "pace":
			group.Pace.Known = true
			_, err = fmt.Sscan(value, &group.Pace.Each)
		default:
			group.Standing = append(group.Standing, goldenStanding(t, name, value))
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return &group
}

func goldenPlace(t *testing.T, text string) int {
	t.Helper()
	place, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func goldenStanding(t *testing.T, where, long string) lag.Standing {
	t.Helper()
	var still lag.Standing
	d, err := time.ParseDuration(long)
	if err != nil {
		t.Fatal(err)
	}
	topic, at, _ := strings.Cut(where, "/")
	if _, err := fmt.Sscanf(at, "%d@%d", &still.ID, &still.Committed); err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	still.Topic, still.Since = topic, time.Unix(1_000_000, 0).Add(-d)
	return still
}

// goldenSince reads "since-1m=40" for a record at offset 40 that is half as old, "since-1m=none" for no such record, and
// "since-1m=40@1h" for one that claims to be from an hour later.
func goldenSince(t *testing.T, age, value string) lag.Since {
	t.Helper()
	since := lag.Since{}
	var err error
	if since.Age, err = time.ParseDuration(age); err != nil {
		t.Fatal(err)
	}
	if value == "none" {
		return since
	}
	offset, ahead, _ := strings.Cut(value, "@")
	since.Found = true
	if since.Offset, err = strconv.ParseInt(offset, 10, 64); err != nil {
		t.Fatal(err)
	}
	since.Timestamp = time.Unix(1_000_000, 0).Add(-since.Age / 2)
	if ahead != "" {
		later, err := time.ParseDuration(ahead)
		if err != nil {
			t.Fatal(err)
		}
		since.Timestamp = time.Unix(1_000_000, 0).Add(later)
	}
	return since
}

// goldenRecords reads "40-60,3@45,90s" for three records among the offsets from 40 to below 60, the first of which is at 45
// and was made 90 seconds ago; "40-60,3@45" where it has no timestamp; "40-40,0,,denied" where reading failed at once.
func goldenRecords(t *testing.T, text string) *lag.Records {
	t.Helper()
	parts := append(strings.Split(text, ","), "", "")
	var r lag.Records
	if _, err := fmt.Sscanf(parts[0], "%d-%d", &r.From, &r.Through); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if parts[1] != "0" {
		if _, err := fmt.Sscanf(parts[1], "%d@%d", &r.Count, &r.Offset); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if parts[2] != "" {
		age, err := time.ParseDuration(parts[2])
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		r.Timestamp, r.HasTimestamp = time.Unix(1_000_000, 0).Add(-age), true
	}
	r.Unread = parts[3]
	return &r
}

// goldenPartitions reads "orders/0-5 start=1 end=2 committed=3".
func goldenPartitions(t *testing.T, line string) []lag.Partition {
	t.Helper()
	fields := strings.Fields(line)
	topic, ids, _ := strings.Cut(fields[0], "/")
	p := lag.Partition{Topic: topic}
	for _, field := range fields[1:] {
		name, value, _ := strings.Cut(field, "=")
		if age, isSince := strings.CutPrefix(name, "since-"); isSince {
			if p.Facts == nil {
				p.Facts = &lag.Facts{}
			}
			p.Facts.Since = append(p.Facts.Since, goldenSince(t, age, value))
			continue
		}
		if name == "read" {
			facts := lag.Facts{Records: goldenRecords(t, value)}
			if p.Facts != nil {
				facts.Since = p.Facts.Since
			}
			p.Facts = &facts
			continue
		}
		offset, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		switch name {
		case "start":
			p.Start, p.HasStart = offset, true
		case "end":
			p.End = offset
		case "committed":
			p.Committed, p.HasCommitted = offset, true
		default:
			t.Fatalf("%s: no field %q", line, name)
		}
	}
	ranges, err := lag.ParseRanges(ids)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	var partitions []lag.Partition
	for _, r := range ranges {
		for id := r.First; id <= r.Last; id++ {
			p.ID = id
			partitions = append(partitions, p)
		}
	}
	return partitions
}
