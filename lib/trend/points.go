package trend

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Sorted returns the series with its points in ascending size; points of one
// size stay in their order. The series itself is left alone.
func (s Series) Sorted() Series {
	n := len(s.X)
	if slices.IsSorted(s.X) || len(s.Y) != n {
		return s
	}
	order := make([]int, n)
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case s.X[a] < s.X[b]:
			return -1
		case s.X[a] > s.X[b]:
			return 1
		}
		return 0
	})
	pick := func(v []float64) []float64 {
		if len(v) != n {
			return v
		}
		out := make([]float64, n)
		for k, o := range order {
			out[k] = v[o]
		}
		return out
	}
	s.X, s.Y, s.SE, s.ReplicateSE = pick(s.X), pick(s.Y), pick(s.SE), pick(s.ReplicateSE)
	if len(s.Cov) == n {
		cov := make([][]float64, n)
		for k, o := range order {
			cov[k] = pick(s.Cov[o])
		}
		s.Cov = cov
	}
	if len(s.Labels) == n {
		labels := make([]string, n)
		for k, o := range order {
			labels[k] = s.Labels[o]
		}
		s.Labels = labels
	}
	return s
}

// floored gives accuracies whose standard error is 0, because every item went
// one way, the error of a share that is one item short of it. The number of
// items is inferred from the other points.
func (s Series) floored() (Series, error) {
	se := s.se()
	zero := 0
	for _, e := range se {
		if e == 0 {
			zero++
		}
	}
	if zero == 0 {
		return s, nil
	}
	if s.Kind != Accuracy {
		if zero == len(se) {
			return s, errors.New("all standard errors are 0: what is said of these models takes the values as exact")
		}
		return s, nil
	}
	items := []float64{}
	for k, e := range se {
		if v := s.Y[k] * (1 - s.Y[k]); e > 0 && v > 0 {
			items = append(items, v/(e*e))
		}
	}
	if len(items) == 0 {
		return s, errors.New("all standard errors are 0: what is said of these models takes the values as exact")
	}
	slices.Sort(items)
	m := max(items[len(items)/2], 2)
	floor := math.Sqrt((m + 1) / ((m + 2) * (m + 2) * m)) // share 1/(m+2) of m items
	s.SE = slices.Clone(se)
	if s.Cov != nil {
		cov := make([][]float64, len(s.Cov))
		for k := range cov {
			cov[k] = slices.Clone(s.Cov[k])
		}
		s.Cov = cov
	}
	for k, e := range se {
		if e == 0 {
			s.SE[k] = floor
			if s.Cov != nil {
				s.Cov[k][k] = floor * floor
			}
		}
	}
	return s, fmt.Errorf("%d of %d standard errors would be 0, as every item went one way; %.2g is used, as of one item in %.0f independent ones", zero, len(se), floor, m)
}
