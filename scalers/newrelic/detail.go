package newrelic

import (
	"context"
	"fmt"
	"time"

	"github.com/lagwise/lagwise/scalers"
	"github.com/lagwise/lagwise/scalers/newrelic/nerdgraph"
)

// Detail decides on the latest answer once more, and shows it.
func (s *Scaler) Detail(ctx context.Context) (scalers.Detail, error) {
	answer, err := s.subscribed.Answer(ctx)
	if err != nil {
		return scalers.Detail{}, err
	}
	evaluation, err := s.settings.rules.decide(answer)
	if err != nil {
		return scalers.Detail{}, err
	}
	return scalers.Detail{Evaluation: evaluation, Parts: []scalers.Part{s.partOf(answer, time.Now())}}, nil
}

// partOf shows the answer as one part, which is named by the column that counts.
func (s *Scaler) partOf(answer nerdgraph.Answer, now time.Time) scalers.Part {
	part := scalers.Part{Name: "answer", Note: fmt.Sprintf("account %d: %s", s.settings.want.Account, s.settings.want.NRQL)}
	var number float64
	columns := numbersOf(answer.First)
	if len(columns) == 1 {
		part.Name = columns[0]
		number, _ = answer.First[columns[0]].(float64)
	}
	part.Left = max(0, number)
	part.Figures = []scalers.Figure{
		{Name: "number", Value: number, Unit: scalers.UnitNumber, Known: len(columns) == 1},
		{Name: "rows", Value: float64(answer.Rows), Unit: scalers.UnitNumber, Known: true},
		{Name: "time that the query took", Value: answer.Took.Seconds(), Unit: scalers.UnitSeconds, Known: true},
		{Name: "age of the answer", Value: max(0, now.Sub(answer.At).Seconds()), Unit: scalers.UnitSeconds, Known: true},
	}
	return part
}
