package trend_test

import (
	"testing"

	"bellwether/lib/trend"

	"github.com/google/go-cmp/cmp"
)

func TestHeadAndTail(t *testing.T) {
	s := trend.Series{
		Name: "s", Kind: trend.Loss, X: []float64{1, 2, 3}, Y: []float64{4, 5, 6}, SE: []float64{1, 2, 3},
		Cov: [][]float64{{1, .1, .2}, {.1, 4, .3}, {.2, .3, 9}}, ReplicateSE: []float64{.1, .2, .3}, Labels: []string{"a", "b", "c"},
	}
	want := trend.Series{
		Name: "s", Kind: trend.Loss, X: []float64{2, 3}, Y: []float64{5, 6}, SE: []float64{2, 3},
		Cov: [][]float64{{4, .3}, {.3, 9}}, ReplicateSE: []float64{.2, .3}, Labels: []string{"b", "c"},
	}
	if diff := cmp.Diff(want, s.Tail(1)); diff != "" {
		t.Errorf("Tail(1) (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(s, s.Tail(0)); diff != "" {
		t.Errorf("Tail(0) (-want +got):\n%s", diff)
	}
	if got := s.Head(1).Len() + s.Tail(1).Len(); got != 3 || s.Len() != 3 {
		t.Errorf("Head(1) and Tail(1) have %d models of %d", got, s.Len())
	}
	for _, part := range []trend.Series{s.Head(2), s.Tail(2)} {
		if err := part.Validate(); err != nil {
			t.Error(err)
		}
	}
}
