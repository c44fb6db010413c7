package scalers

// State is how a trigger stands, in one word.
type State string

// The states of a trigger. What is unknown had an error for its latest answer, or was not asked yet.
const (
	StateActive   State = "active"
	StateInactive State = "inactive"
	StateUnknown  State = "unknown"
	StateRefused  State = "refused"
)

// States are all of them.
func States() []State { return []State{StateActive, StateInactive, StateUnknown, StateRefused} }

// State is the trigger's.
func (s Standing) State() State {
	switch {
	case s.Known && s.Latest.Active:
		return StateActive
	case s.Known:
		return StateInactive
	case s.Failures[CauseRefused] > 0:
		return StateRefused
	default:
		return StateUnknown
	}
}
