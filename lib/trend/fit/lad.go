package fit

import (
	"cmp"
	"math"
	"slices"
)

// vertex finishes a descent of least absolute deviations. There, as many
// residuals as coordinates are 0; vertex solves for the smallest ones and then
// goes from edge to edge as linear programming does (Barrodale and Roberts 1973,
// SIAM J. Numer. Anal. 10:839), solving the curved equations anew at each turn.
// It returns from where it cannot improve it.
func (o *objective) vertex(from found) found {
	n, k := o.n, o.k
	for j, v := range from.p {
		if o.lo != nil && (v <= o.lo[j] || v >= o.hi[j]) {
			return from // a corner of the bounds is no vertex of residuals
		}
	}
	if n < k {
		return from
	}
	count := func(i int) float64 {
		if o.mult == nil {
			return 1
		}
		return o.mult[i]
	}
	r, jac := make([]float64, n), make([]float64, n*k)
	o.residuals(from.p, r, jac)
	order := make([]int, 0, n)
	for i := range n {
		if count(i) > 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(r[a]), math.Abs(r[b])) })
	active := independent(order, jac, n, k)
	if active == nil {
		return from
	}
	from.value = 0
	for i, x := range r {
		from.value += count(i) * math.Abs(x)
	}
	best := from
	p := slices.Clone(from.p)
	m, b := make([]float64, k*k), make([]float64, k)
	// settle solves r = 0 over the active residuals and returns the sum of |r|.
	settle := func() float64 {
		for range 30 {
			o.residuals(p, r, jac)
			for a, i := range active {
				b[a] = r[i]
				for j := range k {
					m[a*k+j] = jac[j*n+i]
				}
			}
			if !linear(m, b, k) {
				return math.Inf(1)
			}
			small := true
			for j := range k {
				p[j] -= b[j]
				small = small && math.Abs(b[j]) < 1e-12*(1+math.Abs(p[j]))
			}
			if small {
				break
			}
		}
		o.residuals(p, r, jac)
		var v float64
		for i, x := range r {
			v += count(i) * math.Abs(x)
		}
		return v
	}
	value := settle()
	type hit struct {
		t, weight float64
		i         int
	}
	for range 20 * k {
		if !(value < best.value) && value > best.value*(1+1e-3) || math.IsInf(value, 1) || math.IsNaN(value) {
			break
		}
		if value <= best.value {
			best = found{p: slices.Clone(p), value: value, steps: best.steps + 1, converged: best.converged}
		}
		// Multipliers of the active residuals: beyond their count, the
		// objective falls along the edge that lets one go.
		g := make([]float64, k)
		for i, x := range r {
			if !slices.Contains(active, i) {
				for j := range k {
					g[j] += count(i) * math.Copysign(1, x) * jac[j*n+i]
				}
			}
		}
		for a, i := range active {
			for j := range k {
				m[j*k+a] = jac[j*n+i]
			}
		}
		mult := slices.Clone(g)
		if !linear(m, mult, k) {
			break
		}
		out, excess := -1, 1e-9
		for a, i := range active {
			if e := math.Abs(mult[a]) - count(i); e > excess {
				out, excess = a, e
			}
		}
		if out < 0 {
			best.converged = true
			break
		}
		side := -math.Copysign(1, mult[out])
		d := make([]float64, k)
		d[out] = side
		for a, i := range active {
			for j := range k {
				m[a*k+j] = jac[j*n+i]
			}
		}
		if !linear(m, d, k) {
			break
		}
		var hits []hit
		for i, x := range r {
			if slices.Contains(active, i) || count(i) == 0 {
				continue
			}
			var s float64
			for j := range k {
				s += jac[j*n+i] * d[j]
			}
			if t := -x / s; t > 0 && !math.IsInf(t, 0) {
				hits = append(hits, hit{t, 2 * count(i) * math.Abs(s), i})
			}
		}
		slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.t, b.t) })
		slope, in := -excess, -1
		for h := range hits {
			if slope += hits[h].weight; slope >= 0 {
				in = h
				break
			}
		}
		if in < 0 {
			break
		}
		for j := range k {
			p[j] += hits[in].t * d[j]
		}
		active[out] = hits[in].i
		value = settle()
	}
	return best
}

// independent picks from order the first k rows of the Jacobian that are
// linearly independent; nil if there are not so many.
func independent(order []int, jac []float64, n, k int) []int {
	var rows [][]float64
	var picked []int
	for _, i := range order {
		v := make([]float64, k)
		var before, after float64
		for j := range k {
			v[j] = jac[j*n+i]
			before += v[j] * v[j]
		}
		for _, q := range rows {
			remove(v, q)
		}
		for _, x := range v {
			after += x * x
		}
		if !(after > 1e-16*before) {
			continue
		}
		unit(v)
		rows, picked = append(rows, v), append(picked, i)
		if len(picked) == k {
			return picked
		}
	}
	return nil
}

// linear solves m x = b in place by elimination with row pivots: x is left in b.
func linear(m, b []float64, k int) bool {
	for c := range k {
		best := c
		for r := c + 1; r < k; r++ {
			if math.Abs(m[r*k+c]) > math.Abs(m[best*k+c]) {
				best = r
			}
		}
		if m[best*k+c] == 0 || math.IsNaN(m[best*k+c]) {
			return false
		}
		if best != c {
			for j := range k {
				m[c*k+j], m[best*k+j] = m[best*k+j], m[c*k+j]
			}
			b[c], b[best] = b[best], b[c]
		}
		for r := c + 1; r < k; r++ {
			f := m[r*k+c] / m[c*k+c]
			for j := c; j < k; j++ {
				m[r*k+j] -= f * m[c*k+j]
			}
			b[r] -= f * b[c]
		}
	}
	for c := k - 1; c >= 0; c-- {
		for j := c + 1; j < k; j++ {
			b[c] -= m[c*k+j] * b[j]
		}
		b[c] /= m[c*k+c]
	}
	return true
}
