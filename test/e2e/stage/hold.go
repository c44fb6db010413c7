package stage

import (
	"fmt"
	"time"
)

// Hold complains, at once, when something changes that was to stay as it is for so long. It looks ten times a second; what
// lies between two looks is for Replicas and Jobs to tell.
func (s *Scenario) Hold(long time.Duration, complaint func() error) {
	s.t.Helper()
	over := time.Now().Add(long)
	s.Eventually(long+time.Minute, func() error {
		if err := complaint(); err != nil {
			s.t.Fatal(err)
		}
		if left := time.Until(over); left > 0 {
			return fmt.Errorf("held for all but %s", left)
		}
		return nil
	})
}
