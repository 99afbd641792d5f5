package trend

import "math"

// Pair compares two of the models by the noise of the items they share.
type Pair struct {
	Small, Large int     // indices of the models, by size
	Difference   float64 // of the larger from the smaller
	Lo95, Hi95   float64 // simultaneous over all pairs of the series
	P            float64 // two-sided, adjusted for all pairs
}

// Pairs compares all pairs of models at once, on these models only: Sidak's
// bound (Sidak 1967, JASA 62:626), which holds whatever the covariance. The
// intervals are as sharp as the pairing: give Series.Cov.
func Pairs(s Series) ([]Pair, error) {
	s = s.Sorted()
	if err := s.Validate(); err != nil {
		return nil, err
	}
	n, se := s.Len(), s.se()
	m := float64(n*(n-1)) / 2
	crit := pairQuantile(n)
	var out []Pair
	for k := range n {
		for j := range k {
			d := s.Y[k] - s.Y[j]
			e := math.Sqrt(max(s.paired(se, j, j)+s.paired(se, k, k)-2*s.paired(se, j, k), 0))
			p := twoSided(ratio(d, e), math.Inf(1))
			out = append(out, Pair{j, k, d, d - crit*e, d + crit*e, -math.Expm1(m * math.Log1p(-p))})
		}
	}
	return out, nil
}

// pairQuantile is the half width of Sidak's 95% intervals for all pairs of n.
func pairQuantile(n int) float64 {
	return quantile(0.5+0.5*math.Pow(0.95, 2/float64(n*(n-1))), math.Inf(1))
}
