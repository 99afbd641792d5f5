package fit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Compute returns 6 N D, the floating-point operations of training n parameters
// on d tokens (Kaplan et al. 2020, section 2.1), for each run: the axis for
// PowerLaw and PowerOffset when size and tokens grow together. It panics if the
// lengths differ.
func Compute(n, d []float64) []float64 {
	if len(n) != len(d) {
		panic(fmt.Sprintf("fit: Compute of %d sizes and %d numbers of tokens", len(n), len(d)))
	}
	c := make([]float64, len(n))
	for i := range n {
		c[i] = 6 * n[i] * d[i]
	}
	return c
}

// Frontier returns the indices of the runs that no run of less or equal compute
// beats, by rising compute: the lower envelope of loss over compute, to which the
// compute-optimal laws are fitted. Runs with a NaN are left out.
func Frontier(compute, loss []float64) []int {
	if len(compute) != len(loss) {
		panic(fmt.Sprintf("fit: Frontier of %d computes and %d losses", len(compute), len(loss)))
	}
	var order []int
	for i, c := range compute {
		if !math.IsNaN(c) && !math.IsNaN(loss[i]) {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(compute[a], compute[b]), cmp.Compare(loss[a], loss[b]), cmp.Compare(a, b))
	})
	best := math.Inf(1)
	return slices.DeleteFunc(order, func(i int) bool {
		if loss[i] >= best {
			return true
		}
		best = loss[i]
		return false
	})
}

// At picks the values at indices, such as those of a Frontier.
func At(values []float64, indices []int) []float64 {
	v := make([]float64, len(indices))
	for i, k := range indices {
		v[i] = values[k]
	}
	return v
}
