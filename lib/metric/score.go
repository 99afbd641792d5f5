package metric

import (
	"fmt"
	"math"
)

// Score is a mean over items with its standard error.
type Score struct {
	Mean float64 // NaN for no items
	SE   float64 // standard error of the mean, ddof 1; NaN for fewer than two items
	N    int     // items counted
	Lo   float64 // 95% interval
	Hi   float64
	Left int // items left out because the metric is not defined for them (NaN)
}

// String is "75.0 [30.1, 95.4] n=4" in the metric's own unit.
func (s Score) String() string {
	return fmt.Sprintf("%.4g [%.4g, %.4g] n=%d", s.Mean, s.Lo, s.Hi, s.N)
}

// z95 is the 97.5% point of the standard normal distribution.
const z95 = 1.959963984540054

// Mean averages per-item values. NaN values are left out and counted in Left;
// an infinite value makes the mean infinite and the error NaN. The interval is
// the normal one, mean +- 1.96 SE.
func Mean(values []float64) Score {
	s := Score{Mean: math.NaN(), SE: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
	sum := 0.0
	for _, v := range values {
		if math.IsNaN(v) {
			s.Left++
			continue
		}
		s.N++
		sum += v
	}
	if s.N == 0 {
		return s
	}
	s.Mean = sum / float64(s.N)
	if s.N > 1 {
		ss := 0.0
		for _, v := range values {
			if !math.IsNaN(v) {
				ss += (v - s.Mean) * (v - s.Mean)
			}
		}
		s.SE = math.Sqrt(ss / float64(s.N-1) / float64(s.N))
	}
	s.Lo, s.Hi = s.Mean-z95*s.SE, s.Mean+z95*s.SE
	return s
}

// Share is Mean for values in [0, 1] (accuracy, exact match): the interval is
// the 95% Wilson score interval (Wilson 1927, JASA 22:209), which stays inside
// [0, 1] for few items and at the ends of the scale.
func Share(values []float64) Score {
	s := Mean(values)
	if s.N == 0 {
		return s
	}
	n, p := float64(s.N), s.Mean
	centre := (p + z95*z95/(2*n)) / (1 + z95*z95/n)
	half := z95 / (1 + z95*z95/n) * math.Sqrt(p*(1-p)/n+z95*z95/(4*n*n))
	s.Lo, s.Hi = math.Max(0, centre-half), math.Min(1, centre+half)
	return s
}

// Of scores many outcomes with one metric. The values are returned too, in
// order, so that models can be compared item by item. The error names the item.
func Of(m Metric, outcomes []Outcome) (Score, []float64, error) {
	values := make([]float64, len(outcomes))
	for i, o := range outcomes {
		v, err := m.Value(o)
		if err != nil {
			return Score{}, nil, fmt.Errorf("%s: item %d: %w", m.Name, i, err)
		}
		values[i] = v
	}
	if m.Kind == KindAccuracy {
		return Share(values), values, nil
	}
	return Mean(values), values, nil
}

// Covariance returns the covariance matrix [model][model] of the models' means
// when every model answered the same items: the covariance over items, with
// ddof 1, over the number of items. values is [model][item]; every row has the
// same length, at least two, and no NaN: those are the caller's slips.
func Covariance(values [][]float64) [][]float64 {
	k := len(values)
	means := make([]float64, k)
	for a, row := range values {
		if len(row) != len(values[0]) || len(row) < 2 {
			panic(fmt.Sprintf("metric: Covariance: row %d has %d items, row 0 has %d; at least 2 and all equal", a, len(row), len(values[0])))
		}
		for _, v := range row {
			means[a] += v
		}
		means[a] /= float64(len(row))
	}
	out := make([][]float64, k)
	for a := range out {
		out[a] = make([]float64, k)
	}
	for a := range k {
		for b := range a + 1 {
			n := float64(len(values[a]))
			sum := 0.0
			for i, v := range values[a] {
				sum += (v - means[a]) * (values[b][i] - means[b])
			}
			out[a][b] = sum / (n - 1) / n
			out[b][a] = out[a][b]
		}
	}
	return out
}
