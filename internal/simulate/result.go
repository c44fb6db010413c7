package simulate

import "math"

// Result is what became of a run. Times are in seconds from the beginning, or from a burst.
type Result struct {
	Name   string    `json:"name"`
	Bursts []Outcome `json:"bursts"`
	// MostReplicas is how many were wanted at most. Reversals counts how often they went up after they had gone down, or down after
	// they had gone up; that they go down for good in the end is none.
	MostReplicas int32 `json:"mostReplicas"`
	Reversals    int   `json:"reversals"`
	// ReplicaSeconds is how long all replicas together ran, their start included.
	ReplicaSeconds float64 `json:"replicaSeconds"`
	// MaxLag is the most that was not committed at once, or not acknowledged; MaxAge is the longest that a record waited to be taken, in seconds.
	MaxLag int64   `json:"maxLag"`
	MaxAge float64 `json:"maxAge"`
	// Left is how many records were not done in the end; Lost ones were committed, and never worked on.
	Left int64 `json:"left"`
	Lost int64 `json:"lost"`
	// Replicas is the course of the wanted replicas, at each change; Points is the course of everything.
	Replicas []Change `json:"replicas"`
	Points   []Point  `json:"points"`
}

// Outcome is what became of a burst: the seconds until a replica was wanted, until its first record was done, and until its last
// was. Nil is never.
type Outcome struct {
	At float64 `json:"at"`
	// Awake says that there were replicas already.
	Awake   bool     `json:"awake"`
	Replica *float64 `json:"replica"`
	Record  *float64 `json:"record"`
	Drained *float64 `json:"drained"`
}

// Change is a number of wanted replicas from a moment on.
type Change struct {
	At       float64 `json:"at"`
	Replicas int32   `json:"replicas"`
}

// Point is everything at one moment.
type Point struct {
	At  float64 `json:"at"`
	Lag int64   `json:"lag"`
	// Queued is what replicas have committed and not begun.
	Queued float64 `json:"queued"`
	// Age is for how long the oldest record has waited to be taken.
	Age float64 `json:"age"`
	// Wanted is the replicas that KEDA and the HPA want; Working is those that have joined the group, or consume.
	Wanted  int32 `json:"wanted"`
	Working int   `json:"working"`
}

func (r *run) result() Result {
	is := r.world.backlog.stand(r.world.now)
	result := Result{
		Bursts: r.diary.bursts, Replicas: r.diary.changes, Points: r.diary.points, Reversals: reversals(r.diary.changes),
		ReplicaSeconds: math.Round(is.seconds), MaxLag: r.diary.maxLag, MaxAge: math.Round(10*r.diary.maxAge.Seconds()) / 10,
		Left: int64(math.Round(is.came - is.done - is.lost)), Lost: int64(math.Round(is.lost)),
	}
	for _, change := range result.Replicas {
		result.MostReplicas = max(result.MostReplicas, change.Replicas)
	}
	return result
}

func reversals(changes []Change) int {
	turns, direction := 0, int32(0)
	for i := 1; i < len(changes); i++ {
		step := changes[i].Replicas - changes[i-1].Replicas
		if direction != 0 && (step > 0) != (direction > 0) {
			turns++
		}
		direction = step
	}
	if direction < 0 && turns > 0 {
		turns-- // the way to sleep
	}
	return turns
}
