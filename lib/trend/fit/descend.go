package fit

import "math"

// objective is a sum over residuals for descend to minimise over p[0..k).
type objective struct {
	n, k int
	// residuals writes r[i] and, unless jac is nil, its derivatives
	// jac[j*n+i] = dr[i]/dp[j].
	residuals func(p, r, jac []float64)
	lo, hi    []float64 // bounds of p; nil: none
	loss      Loss
	mult      []float64 // how often each residual counts; nil: once
	tiny      float64   // a value that is rounding: as good as 0
	work      []float64 // scratch, reused from call to call
}

// found is where a descent ended.
type found struct {
	p         []float64
	value     float64 // sum of rho, where least squares have rho = r^2/2
	steps     int
	converged bool
}

// value of Huber's function, or half the sum of squares.
func (o *objective) value(r []float64, delta float64) float64 {
	var v float64
	for i, x := range r {
		rho := .5 * x * x
		if a := math.Abs(x); delta > 0 && a > delta {
			rho = delta * (a - .5*delta)
		}
		if o.mult != nil {
			rho *= o.mult[i]
		}
		v += rho
	}
	return v
}

// descend minimises the objective from start by Levenberg's and Marquardt's
// damped Gauss-Newton steps with Nielsen's rule for the damping (1999, IMM-REP
// 1999-05), iteratively reweighted under a robust loss, the coordinates kept
// within their bounds by projection. Coordinates marked fixed stay.
//
// Least absolute deviations are the limit of Huber's function for delta to 0,
// approached through a falling series of deltas and finished by vertex.
func (o *objective) descend(start []float64, fixed []bool, limit int) found {
	if !o.loss.lad() {
		return o.damped(start, fixed, limit, o.loss.delta)
	}
	f := o.damped(start, fixed, limit, 0)
	r := make([]float64, o.n)
	o.residuals(f.p, r, nil)
	var scale float64
	for _, v := range r {
		scale += math.Abs(v) / float64(o.n)
	}
	steps := f.steps
	for _, d := range []float64{1, .1, 1e-2, 1e-3, 1e-4} {
		if scale == 0 {
			break
		}
		f = o.damped(f.p, fixed, limit, d*scale)
		steps += f.steps
	}
	o.residuals(f.p, r, nil)
	f.value = 0
	for i, v := range r {
		if o.mult != nil {
			v *= o.mult[i]
		}
		f.value += math.Abs(v)
	}
	f.steps = steps
	return o.vertex(f)
}

func (o *objective) damped(start []float64, fixed []bool, limit int, delta float64) found {
	n, k := o.n, o.k
	if need := 2*n + n*k + 2*k*k + 6*k; len(o.work) < need {
		o.work = make([]float64, need)
	}
	work := o.work
	take := func(m int) []float64 { s := work[:m:m]; work = work[m:]; return s }
	r, rNew, jac := take(n), take(n), take(n*k)
	hess, fac, grad, step, pNew, diag := take(k*k), take(k*k), take(k), take(k), take(k), take(k)
	rhs, held := take(k), take(k)

	p := append([]float64(nil), start...)
	o.clamp(p)
	o.residuals(p, r, jac)
	f := found{value: o.value(r, delta)}
	if math.IsNaN(f.value) || math.IsInf(f.value, 0) {
		f.p, f.value = p, math.Inf(1)
		return f
	}
	free, open := make([]bool, k), make([]bool, k)
	lambda, grow, small := 1e-3, 2.0, 0
	fresh := true
	for f.steps = 0; f.steps < limit; f.steps++ {
		if fresh {
			o.normal(r, jac, delta, hess, grad)
			fresh = false
			// Converged: the gradient is rounding, measured as the cosine
			// between each column and the residuals.
			cosine := 0.0
			for j := range k {
				free[j] = (fixed == nil || !fixed[j]) && hess[j*k+j] > 0
				if o.lo != nil {
					free[j] = free[j] && (p[j] > o.lo[j] || grad[j] < 0) && (p[j] < o.hi[j] || grad[j] > 0)
				}
				if free[j] {
					cosine = max(cosine, math.Abs(grad[j])/math.Sqrt(hess[j*k+j]*2*f.value))
				}
			}
			if cosine < 1e-10 || f.value <= o.tiny {
				f.converged = true
				break
			}
		}
		for j := range k {
			diag[j] = lambda * hess[j*k+j]
		}
		ok := solve(hess, grad, diag, free, fac, step, k)
		// A step past a bound goes to the bound, and the others are solved for
		// anew given that: merely cutting it off would spoil the descent.
		copy(open, free)
		copy(rhs, grad)
		for ok && o.lo != nil {
			j := o.crossing(p, step, open)
			if j < 0 {
				break
			}
			open[j] = false
			to := o.lo[j]
			if step[j] < 0 {
				to = o.hi[j]
			}
			held[j] = p[j] - to
			for i := range k {
				rhs[i] -= hess[i*k+j] * held[j]
			}
			ok = solve(hess, rhs, diag, open, fac, step, k)
			for i := range k {
				if free[i] && !open[i] {
					step[i] = held[i]
				}
			}
		}
		if !ok {
			lambda, grow = lambda*grow, grow*2
			if lambda > 1e20 {
				break
			}
			continue
		}
		for j := range k {
			pNew[j] = p[j] - step[j]
		}
		o.clamp(pNew)
		o.residuals(pNew, rNew, nil)
		v := o.value(rNew, delta)
		// The fall that the quadratic model promises for this step.
		var gain float64
		for i := range k {
			var hd float64
			for j := range k {
				hd += hess[i*k+j] * (p[j] - pNew[j])
			}
			gain += (p[i] - pNew[i]) * (grad[i] - .5*hd)
		}
		if v < f.value || v == f.value && small == 0 {
			q := (f.value - v) / gain
			lambda *= max(1./3, 1-math.Pow(2*q-1, 3))
			lambda, grow = max(lambda, 1e-14), 2
			if f.value-v <= 1e-13*f.value {
				small++
			} else {
				small = 0
			}
			copy(p, pNew)
			f.value = v
			o.residuals(p, r, jac)
			fresh = true
			if small >= 3 {
				f.converged = true
				break
			}
			continue
		}
		// No step can be seen any more; going to a bound may promise a rise, and
		// then a shorter step is wanted.
		if math.Abs(gain) <= 1e-14*f.value || math.IsNaN(gain) {
			f.converged = true
			break
		}
		lambda, grow = lambda*grow, grow*2
		if lambda > 1e20 {
			break
		}
	}
	f.p = p
	return f
}

// normal fills the weighted normal equations: hess = J'WJ, grad = J'Wr.
func (o *objective) normal(r, jac []float64, delta float64, hess, grad []float64) {
	n, k := o.n, o.k
	weighted := delta > 0 || o.mult != nil
	for a := range k {
		ja := jac[a*n : a*n+n]
		for b := range a + 1 {
			jb := jac[b*n : b*n+n]
			var s float64
			if !weighted {
				for i, v := range ja {
					s += v * jb[i]
				}
			} else {
				for i, v := range ja {
					s += v * jb[i] * o.weight(i, r[i], delta)
				}
			}
			hess[a*k+b], hess[b*k+a] = s, s
		}
		var s float64
		for i, v := range ja {
			if weighted {
				v *= o.weight(i, r[i], delta)
			}
			s += v * r[i]
		}
		grad[a] = s
	}
}

func (o *objective) weight(i int, r, delta float64) float64 {
	w := 1.0
	if a := math.Abs(r); delta > 0 && a > delta {
		w = delta / a
	}
	if o.mult != nil {
		w *= o.mult[i]
	}
	return w
}

// crossing returns an open coordinate that step takes past a bound, or -1.
func (o *objective) crossing(p, step []float64, open []bool) int {
	for j := range p {
		if open[j] && (p[j]-step[j] < o.lo[j] || p[j]-step[j] > o.hi[j]) {
			return j
		}
	}
	return -1
}

func (o *objective) clamp(p []float64) {
	if o.lo == nil {
		return
	}
	for j := range p {
		p[j] = min(max(p[j], o.lo[j]), o.hi[j])
	}
}

// solve (hess + diag) step = grad over the free coordinates by Cholesky; step is
// 0 elsewhere. It reports whether the matrix is positive definite.
func solve(hess, grad, diag []float64, free []bool, fac, step []float64, k int) bool {
	for i := range k {
		step[i] = 0
		if !free[i] {
			continue
		}
		for j := range i + 1 {
			if !free[j] {
				continue
			}
			v := hess[i*k+j]
			if i == j {
				v += diag[i]
			}
			for m := range j {
				if free[m] {
					v -= fac[i*k+m] * fac[j*k+m]
				}
			}
			if i != j {
				fac[i*k+j] = v / fac[j*k+j]
				continue
			}
			if !(v > 0) {
				return false
			}
			fac[i*k+i] = math.Sqrt(v)
		}
		v := grad[i]
		for m := range i {
			if free[m] {
				v -= fac[i*k+m] * step[m]
			}
		}
		step[i] = v / fac[i*k+i]
	}
	for i := k - 1; i >= 0; i-- {
		if !free[i] {
			continue
		}
		v := step[i]
		for m := i + 1; m < k; m++ {
			if free[m] {
				v -= fac[m*k+i] * step[m]
			}
		}
		step[i] = v / fac[i*k+i]
	}
	return true
}
