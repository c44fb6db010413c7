package simulate

import (
	"math"
	"time"
)

// Arrivals are the records that come. Times count from the beginning.
type Arrivals struct {
	Bursts []Burst
	// Rates are records per second, in the order of their times. Before the first nothing comes.
	Rates []Step
}

// Burst is so many records at one moment.
type Burst struct {
	At      time.Duration
	Records float64
}

func (a Arrivals) sound() bool {
	for _, burst := range a.Bursts {
		if !upTo(mostRecords, burst.Records) || burst.At < 0 {
			return false
		}
	}
	for _, rate := range a.Rates {
		if !upTo(mostRecords, rate.Value) || rate.From < 0 {
			return false
		}
	}
	return true
}

// until is how many records have come by a moment.
func (a Arrivals) until(at time.Duration) (records float64) {
	for _, burst := range a.Bursts {
		if burst.At <= at {
			records += burst.Records
		}
	}
	for i, rate := range a.Rates {
		end := at
		if i+1 < len(a.Rates) {
			end = min(at, a.Rates[i+1].From)
		}
		records += rate.Value * max(0, end-rate.From).Seconds()
	}
	return records
}

// shares are what each partition gets of all records. Without skew they are equal; with it partition 0 gets the most, and
// partition n gets 1/(n+1)^skew of that.
func shares(partitions int, skew float64) []float64 {
	shares := make([]float64, partitions)
	sum := 0.0
	for i := range shares {
		shares[i] = math.Pow(float64(i+1), -skew)
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}
