package kafka

import "github.com/lagwise/lagwise/scalers"

// notWith refuses a key beside a choice of another. Keys that exclude each other whatever they say are told of in the table.
func notWith(values scalers.Values, key, other, choice string) error {
	if values.Given(key) && values.Text(other) == choice {
		return scalers.Errorf(scalers.CauseRefused, "%s and %s %s exclude each other: set one of them", key, other, choice)
	}
	return nil
}
