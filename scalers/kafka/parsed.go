package kafka

import "github.com/lagwise/lagwise/scalers"

// parsed reads a key whose text has a form of its own, and names key and value where it has not.
func parsed[V any](values scalers.Values, key string, parse func(string) (V, error)) (V, error) {
	text := values.Text(key)
	value, err := parse(text)
	if err != nil {
		return value, scalers.Errorf(scalers.CauseRefused, "%s %s: %w", key, scalers.Quote(text), err)
	}
	return value, nil
}
