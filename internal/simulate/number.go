package simulate

import "time"

// Number is what a query about the workload answers over time.
type Number struct {
	// Course is given or recorded, and nothing that replicas do changes it. Without one the number is the load: the records per second
	// that came in the last minute, times Factor.
	Course []Step
	Factor float64
	// Every is how often lagwise asks.
	Every time.Duration
}

// overLoad is how far back the load is looked at.
const overLoad = time.Minute

// Number is what a query about the workload answers now.
func (w *World) Number() float64 {
	at := w.now.Sub(w.setup.From)
	if w.setup.Number.Course != nil {
		return valueAt(w.setup.Number.Course, at)
	}
	came := w.setup.Arrivals.until(at) - w.setup.Arrivals.until(at-overLoad)
	return came / overLoad.Seconds() * w.setup.Number.Factor
}

// AskedEvery is how often lagwise asks for that number.
func (w *World) AskedEvery() time.Duration { return w.setup.Number.Every }
