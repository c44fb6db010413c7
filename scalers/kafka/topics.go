package kafka

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/lag"
)

const (
	keyTopicPattern        = "topicPattern"
	keyLagThresholdByTopic = "lagThresholdByTopic"
	keyLimitationByTopic   = "partitionLimitationByTopic"
)

// topicKeys are for triggers on many topics.
func topicKeys() scalers.KeyTable {
	return scalers.KeyTable{
		{
			Name: keyTopicPattern, Kind: scalers.KindText, Origin: scalers.Own, Excludes: []string{keyTopic}, Check: checkPattern,
			Help: `Regular expression for whole names of topics, such as "orders-.*"; topics that are made later count as well.`,
		},
		{
			Name: keyLagThresholdByTopic, Kind: scalers.KindText, Origin: scalers.Own, Check: checkThresholds,
			Help: `Lag that one replica should carry of a topic, for some of several topics, such as "orders=50,refunds=5"; lagThreshold for the others.`,
		},
		{
			Name: keyLimitationByTopic, Kind: scalers.KindText, Origin: scalers.Own, Check: checkLimitations,
			Help: `Partitions that count of some of several topics, such as "orders=0-3;refunds=1,2"; partitionLimitation for the others.`,
		},
	}
}

func checkPattern(value string) error {
	_, err := wholeNames(value)
	return err
}

// wholeNames makes a pattern that matches from a name's beginning to its end. The pattern must be one by itself: "a)|(b" is
// not.
func wholeNames(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("want a regular expression of at most %d bytes", maxPattern)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf(`want a regular expression (RE2), such as "orders-.*": %s`, wrongIn(err))
	}
	if weightOf(parsed) > maxWeight {
		return nil, errors.New("want a shorter regular expression: with its repetitions written out it is too long for a topic's name")
	}
	compiled, err := regexp.Compile("^(?:" + pattern + ")$")
	if err != nil {
		return nil, fmt.Errorf("want a shorter regular expression: %w", err)
	}
	return compiled, nil
}

// wrongIn says what is wrong in a pattern, with the part of it that does not parse in quotes: that is the user's text.
func wrongIn(err error) string {
	var wrong *syntax.Error
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	return fmt.Sprintf("%s: %s", wrong.Code, scalers.Quote(wrong.Expr))
}

const (
	// maxPattern bounds a pattern as it is written: \pL alone is a table of all letters, and takes 12 kB to read.
	maxPattern = 2048
	// maxWeight is far above what names of at most 249 letters can ask for.
	maxWeight = 5000
)

// weightOf is about how many steps a pattern has once its repetitions are written out, as compiling does. "a{1000}" has a
// thousand: 16 KiB of such would compile for seconds, and stay in memory with 100 MB.
func weightOf(pattern *syntax.Regexp) int {
	weight := 1 + len(pattern.Rune)/2
	for _, part := range pattern.Sub {
		weight += weightOf(part)
		if weight > maxWeight {
			return weight
		}
	}
	if pattern.Op == syntax.OpRepeat {
		weight *= max(pattern.Min, pattern.Max, 1)
	}
	return weight
}

func checkThresholds(value string) error {
	_, err := parseThresholds(value)
	return err
}

func checkLimitations(value string) error {
	_, err := parseLimitations(value)
	return err
}

// parseThresholds reads "orders=50,refunds=5".
func parseThresholds(value string) (map[string]int64, error) {
	return byTopic(value, ",", func(text string) (int64, error) {
		threshold, err := strconv.ParseInt(text, 10, 64)
		if err != nil || threshold < 1 {
			return 0, errors.New("want a whole number, at least 1")
		}
		return threshold, nil
	})
}

// parseLimitations reads "orders=0-3;refunds=1,2".
func parseLimitations(value string) (map[string]lag.Ranges, error) {
	return byTopic(value, ";", lag.ParseRanges)
}

// byTopic reads TOPIC=VALUE, several times, each topic once.
func byTopic[V any](value, separator string, parse func(string) (V, error)) (map[string]V, error) {
	values := map[string]V{}
	for part := range strings.SplitSeq(value, separator) {
		topic, text, both := strings.Cut(part, "=")
		topic = strings.TrimSpace(topic)
		if err := checkTopics(topic); err != nil || !both {
			return nil, fmt.Errorf("%s: want TOPIC=VALUE, several with %q between them", scalers.Quote(part), separator)
		}
		read, err := parse(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", scalers.Quote(part), err)
		}
		if _, twice := values[topic]; twice {
			return nil, fmt.Errorf("%s: the topic is named twice", scalers.Quote(part))
		}
		values[topic] = read
	}
	return values, nil
}

// addTopics puts the keys that say which topics count, and how each, into the rules.
func addTopics(rules *lag.Rules, values scalers.Values) (err error) {
	topics := topicsOf(values)
	rules.TopicList, rules.Pattern = len(topics) > 1, values.Text(keyTopicPattern)
	if len(topics) == 1 {
		rules.Topic = topics[0]
	}
	// Without a topic KEDA ignores partitionLimitation; even a wrong one has been refused by then.
	if values.Text(keyPartitionLimitation) != "" && namesTopics(values) {
		if rules.Partitions, err = parsed(values, keyPartitionLimitation, lag.ParseRanges); err != nil {
			return err
		}
	}
	if rules.TargetByTopic, err = valuesByTopic(values, keyLagThresholdByTopic, parseThresholds); err != nil {
		return err
	}
	if rules.PartitionsByTopic, err = valuesByTopic(values, keyLimitationByTopic, parseLimitations); err != nil {
		return err
	}
	return notWith(values, keyLagThresholdByTopic, keyAggregate, aggregateMax)
}

// namesTopics says whether the trigger itself says which topics count.
func namesTopics(values scalers.Values) bool {
	return values.List(keyTopic) != nil || values.Given(keyTopicPattern)
}

// valuesByTopic reads a key that speaks of some of the trigger's topics; of others it must not speak.
func valuesByTopic[V any](values scalers.Values, key string, parse func(string) (map[string]V, error)) (map[string]V, error) {
	if !values.Given(key) {
		return nil, nil //nolint:nilnil // no map is a map without entries
	}
	byTopic, err := parsed(values, key, parse)
	if err != nil {
		return nil, err
	}
	topics := topicsOf(values)
	if len(topics) < 2 && !values.Given(keyTopicPattern) {
		return nil, scalers.Errorf(scalers.CauseRefused, "%s needs several topics: name them in %s or %s, or leave %s out", key, keyTopic, keyTopicPattern, key)
	}
	pattern, err := parsed(values, keyTopicPattern, wholeNames)
	if err != nil {
		return nil, err
	}
	for _, topic := range slices.Sorted(maps.Keys(byTopic)) {
		if !slices.Contains(topics, topic) && (len(topics) > 0 || !pattern.MatchString(topic)) {
			return nil, scalers.Errorf(scalers.CauseRefused, "%s: %s is not one of the trigger's topics", key, scalers.Quote(topic))
		}
	}
	return byTopic, nil
}
