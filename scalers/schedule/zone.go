package schedule

import (
	"errors"
	"time"
)

// ParseZone reads the name of a time zone.
func ParseZone(name string) (*time.Location, error) {
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, errors.New(`want a time zone such as "Asia/Seoul" or "UTC"`)
	}
	return location, nil
}
