package fit

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Components are principal components of benchmark scores over models, the
// capability measures of Ruan et al. 2024 (arXiv 2405.10938, section 3.2).
type Components struct {
	Mean      []float64   // [benchmark] of the models they were made from
	Loadings  [][]float64 // [component][benchmark], unit length, of positive sum
	Explained []float64   // [component] share of the variance

	// Of the known scores: mean and standard deviation; of the standardised
	// scores: mean and first component.
	known, sd, center, first []float64
}

// NewComponents makes k components of scores[model][benchmark], not rescaled.
// Missing scores are NaN; they are filled in with the first component of the
// standardised scores, again and again until nothing changes by more than 1e-13.
// Three or more models, each benchmark known of two or more and not constant.
func NewComponents(scores [][]float64, k int) (*Components, error) {
	const form = "components"
	n := len(scores)
	if n < 3 {
		return nil, fmt.Errorf("fit: %s: %w: %d models, want 3 or more", form, ErrTooFew, n)
	}
	m := len(scores[0])
	if k < 1 || k > min(m, n-1) {
		return nil, fmt.Errorf("fit: %s: %w: %d components of %d benchmarks and %d models", form, ErrInput, k, m, n)
	}
	full := mat.NewDense(n, m, nil)
	missing := make([][2]int, 0)
	for i, row := range scores {
		if len(row) != m {
			return nil, fmt.Errorf("fit: %s: %w: model %d has %d scores, want %d", form, ErrInput, i+1, len(row), m)
		}
		for j, v := range row {
			if math.IsInf(v, 0) {
				return nil, fmt.Errorf("fit: %s: %w: model %d, benchmark %d: score is %v", form, ErrInput, i+1, j+1, v)
			}
			if math.IsNaN(v) {
				missing = append(missing, [2]int{i, j})
			}
			full.Set(i, j, v)
		}
	}
	c := &Components{known: make([]float64, m), sd: make([]float64, m)}
	for j := range m {
		var known []float64
		for i := range n {
			if v := full.At(i, j); !math.IsNaN(v) {
				known = append(known, v)
			}
		}
		if len(known) < 2 {
			return nil, fmt.Errorf("fit: %s: %w: benchmark %d is known of %d models, want 2 or more", form, ErrTooFew, j+1, len(known))
		}
		if err := varies(form, fmt.Sprint("score of benchmark ", j+1), known); err != nil {
			return nil, err
		}
		c.known[j] = mean(known)
		for _, v := range known {
			c.sd[j] += (v - c.known[j]) * (v - c.known[j]) / float64(len(known))
		}
		c.sd[j] = math.Sqrt(c.sd[j])
	}
	for _, at := range missing {
		full.Set(at[0], at[1], c.known[at[1]])
	}
	std := mat.NewDense(n, m, nil)
	// Converges linearly, by the share of a column that is missing; a few dozen
	// rounds do for real tables.
	for range 10000 {
		for i := range n {
			for j := range m {
				std.Set(i, j, (full.At(i, j)-c.known[j])/c.sd[j])
			}
		}
		center, axes, _, err := principal(std, 1)
		if err != nil {
			return nil, err
		}
		c.center, c.first = center, axes[0]
		var change float64
		for _, at := range missing {
			i, j := at[0], at[1]
			var t float64
			for l, a := range c.first {
				t += a * (std.At(i, l) - center[l])
			}
			v := center[j] + t*c.first[j]
			change = max(change, math.Abs(v-std.At(i, j)))
			full.Set(i, j, c.known[j]+v*c.sd[j])
		}
		if change < 1e-13 {
			break
		}
	}
	var err error
	c.Mean, c.Loadings, c.Explained, err = principal(full, k)
	return c, err
}

// principal returns the column means and the k leading axes of x.
func principal(x *mat.Dense, k int) (center []float64, axes [][]float64, share []float64, err error) {
	n, m := x.Dims()
	center = make([]float64, m)
	for j := range m {
		for i := range n {
			center[j] += x.At(i, j) / float64(n)
		}
	}
	cov := mat.NewSymDense(m, nil)
	var total float64
	for a := range m {
		for b := a; b < m; b++ {
			var s float64
			for i := range n {
				s += (x.At(i, a) - center[a]) * (x.At(i, b) - center[b])
			}
			cov.SetSym(a, b, s)
		}
		total += cov.At(a, a)
	}
	var eig mat.EigenSym
	if !eig.Factorize(cov, true) {
		return nil, nil, nil, fmt.Errorf("fit: components: %w: no eigenvectors", ErrUnconverged)
	}
	var vec mat.Dense
	eig.VectorsTo(&vec)
	values := eig.Values(nil)
	for c := range k {
		col := m - 1 - c
		axis := make([]float64, m)
		var sum float64
		for j := range axis {
			axis[j] = vec.At(j, col)
			sum += axis[j]
		}
		if sum < 0 {
			for j := range axis {
				axis[j] = -axis[j]
			}
		}
		axes, share = append(axes, axis), append(share, values[col]/total)
	}
	return center, axes, share, nil
}

// Of returns the components of one model's scores. Missing ones (NaN) are filled
// in as those of the models the components were made from.
func (c *Components) Of(scores []float64) []float64 {
	if len(scores) != len(c.Mean) {
		panic(fmt.Sprintf("fit: components of %d benchmarks, %d scores", len(c.Mean), len(scores)))
	}
	// The fixed point of filling in: t = sum over known of a d / (1 - sum over
	// missing of a^2), since a missing score deviates by t a itself.
	var t, left float64
	for j, a := range c.first {
		if v := scores[j]; !math.IsNaN(v) {
			t += a * ((v-c.known[j])/c.sd[j] - c.center[j])
			left += a * a
		}
	}
	if left > 0 {
		t /= left
	}
	out := make([]float64, len(c.Loadings))
	for k, axis := range c.Loadings {
		for j, a := range axis {
			v := scores[j]
			if math.IsNaN(v) {
				v = c.known[j] + c.sd[j]*(c.center[j]+t*c.first[j])
			}
			out[k] += a * (v - c.Mean[j])
		}
	}
	return out
}
