package fit

import "math"

// newton minimises the Chinchilla objective over five coordinates by damped
// Newton steps, all sums in flat arrays. Coordinates inside are centred, a - alpha
// mean(ln N), b - beta mean(ln D), e, alpha, beta, which takes the condition
// number of the problem from 3.5e11 to about 10.
type newton struct {
	zn, zd, ly []float64 // centred log N and log D, log loss
	inv, mult  []float64 // 1/SE of log loss and case counts; nil: 1
	mn, md     float64
	loss       Loss

	value float64
	grad  [5]float64
	hess  [15]float64 // lower triangle by rows
}

func newNewton(ln, ld, ly, inv, mult []float64, loss Loss) *newton {
	w := &newton{ly: ly, inv: inv, mult: mult, loss: loss, mn: mean(ln), md: mean(ld)}
	w.zn, w.zd = make([]float64, len(ln)), make([]float64, len(ln))
	for i := range ln {
		w.zn[i], w.zd[i] = ln[i]-w.mn, ld[i]-w.md
	}
	return w
}

// coarse goes from coordinates log A, log B, log E, alpha, beta down an easier
// objective in a limited number of steps: under
// Huber's delta 30 and then 5 times as wide, from where the way to its minimum
// is short. The value is that of the easier objective.
func (w *newton) coarse(start []float64, limit int) found {
	p := w.center(start)
	var f found
	if delta := w.loss.delta; w.loss.squares() {
		f = w.damped(&p, math.Inf(1), limit, 1e-3)
	} else {
		if w.loss.lad() {
			delta = 1e-3
		}
		f = w.damped(&p, 30*delta, limit, 1e-2)
		g := w.damped(&p, 5*delta, limit/3, 1e-2)
		f.steps += g.steps
	}
	f.p, f.converged = w.outside(p), false
	return f
}

// at returns the objective, for LAD that of Huber's delta 1e-6.
func (w *newton) at(p []float64) float64 {
	delta := w.loss.delta
	switch {
	case w.loss.squares():
		delta = math.Inf(1)
	case w.loss.lad():
		delta = 1e-6
	}
	q := w.center(p)
	w.sums(&q, delta, false)
	if w.loss.lad() {
		return w.value / delta
	}
	return w.value
}

// fine goes the rest of the way; for LAD through deltas down to 1e-6, and then
// the value is the sum of absolute residuals to 1e-6 of their number; vertex does the rest.
func (w *newton) fine(from found) found {
	p := w.center(from.p)
	var f found
	switch {
	case w.loss.squares():
		f = w.damped(&p, math.Inf(1), 150, 1e-12)
	case w.loss.lad():
		for d := 1e-3; d > .9e-6; d /= 10 {
			f = w.damped(&p, d, 60, 1e-6)
		}
		f.value /= 1e-6
	default:
		g := w.damped(&p, 5*w.loss.delta, 30, 1e-3)
		f = w.damped(&p, w.loss.delta, 150, 1e-12)
		f.steps += g.steps
	}
	f.steps += from.steps
	f.p = w.outside(p)
	return f
}

func (w *newton) center(p []float64) [5]float64 {
	return [5]float64{p[0] - p[3]*w.mn, p[1] - p[4]*w.md, p[2], p[3], p[4]}
}

func (w *newton) outside(p [5]float64) []float64 {
	return []float64{p[0] + p[3]*w.mn, p[1] + p[4]*w.md, p[2], p[3], p[4]}
}

// thin returns the problem of every so manieth point, keep or a few more: the
// first steps of a descent need no more.
func (w *newton) thin(keep int) *newton {
	by := max(1, len(w.ly)/keep)
	every := func(v []float64) []float64 {
		if v == nil {
			return nil
		}
		var t []float64
		for i := 0; i < len(v); i += by {
			t = append(t, v[i])
		}
		return t
	}
	return &newton{zn: every(w.zn), zd: every(w.zd), ly: every(w.ly), inv: every(w.inv), mult: every(w.mult), mn: w.mn, md: w.md, loss: w.loss}
}

// damped takes steps until Newton's decrement is below tol of the value.
func (w *newton) damped(p *[5]float64, delta float64, limit int, tol float64) found {
	var f found
	lambda, grow := 1e-3, 4.0
	exact := false // true Hessian, or that of the reweighted squares
	w.sums(p, delta, exact)
	value, grad, hess := w.value, w.grad, w.hess
	rejected := 0
	for f.steps = 0; f.steps < limit; f.steps++ {
		step, ok := solve5(&hess, &grad, lambda)
		if !ok {
			if exact && lambda > 1e-1 {
				// Not convex here: the reweighted squares are.
				exact = false
				w.sums(p, delta, exact)
				grad, hess = w.grad, w.hess
			}
			lambda, grow = lambda*grow, grow*2
			if lambda > 1e15 {
				break
			}
			continue
		}
		var decrement float64
		next := *p
		for j := range next {
			next[j] -= step[j]
			decrement += step[j] * grad[j]
		}
		if decrement <= tol*value && (exact || lambda < 1e-2) {
			if exact || tol > 1e-4 {
				f.converged = true
				break
			}
		}
		// Once steps are small against the objective, its own curvature serves
		// better than the reweighted one.
		wasExact := exact
		if decrement < .3*value {
			exact = true
		}
		w.sums(&next, delta, exact)
		if w.value < value {
			gain := (value - w.value) / decrement
			switch {
			case gain > .5 && rejected == 0:
				lambda = max(lambda*.1, 1e-12)
			case gain > .3:
				lambda *= .3
			}
			grow, rejected = 4, 0
			value, grad, hess = w.value, w.grad, w.hess
			*p = next
			continue
		}
		exact = wasExact
		if rejected++; decrement < 1e-15*value || lambda > 1e15 {
			f.converged = decrement < 1e-9*value
			break
		}
		lambda, grow = max(lambda*grow, 1e-6), grow*2
		if exact && rejected == 4 {
			exact = false
			w.sums(p, delta, exact)
			grad, hess = w.grad, w.hess
			lambda, grow = 1e-3, 2
		}
	}
	f.value = value
	return f
}

// sums fills the objective, its gradient and its Hessian at p: the true one, or
// the positive definite one of iteratively reweighted squares.
func (w *newton) sums(p *[5]float64, delta float64, exact bool) {
	var value, ga, gb, ge, gx, gy float64
	var h [15]float64
	a, b, e, alpha, beta := p[0], p[1], p[2], p[3], p[4]
	zn := w.zn
	zd, ly := w.zd[:len(zn)], w.ly[:len(zn)]
	for i, x := range zn {
		mult := 1.0
		if w.mult != nil {
			if mult = w.mult[i]; mult == 0 {
				continue
			}
		}
		y := zd[i]
		u, v := a-alpha*x, b-beta*y
		// Relative to the largest, of which the exponential is 1.
		m := max(u, v, e)
		pu, pv, pe := 1.0, 1.0, 1.0
		if u != m {
			pu = math.Exp(u - m)
		}
		if v != m {
			pv = math.Exp(v - m)
		}
		if e != m {
			pe = math.Exp(e - m)
		}
		t := pu + pv + pe
		r := m + math.Log(t) - ly[i]
		t = 1 / t
		pu, pv, pe = pu*t, pv*t, pe*t
		scale := 1.0
		if w.inv != nil {
			scale = w.inv[i]
			r *= scale
		}
		// psi is the derivative of rho; c the weight of the outer product.
		psi, c := r, 1.0
		if ar := math.Abs(r); ar > delta {
			psi = math.Copysign(delta, r)
			value += mult * delta * (ar - .5*delta)
			c = 0
			if !exact {
				c = delta / ar
			}
		} else {
			value += mult * .5 * r * r
		}
		psi *= mult * scale
		c *= mult * scale * scale
		ga += psi * pu
		gb += psi * pv
		ge += psi * pe
		gx -= psi * pu * x
		gy -= psi * pv * y
		var huu, huv, hue, hvv, hve, hee float64
		if exact {
			c -= psi
			huu, hvv, hee = (c*pu+psi)*pu, (c*pv+psi)*pv, (c*pe+psi)*pe
		} else {
			huu, hvv, hee = c*pu*pu, c*pv*pv, c*pe*pe
		}
		huv, hue, hve = c*pu*pv, c*pu*pe, c*pv*pe
		h[0] += huu
		h[1] += huv
		h[2] += hvv
		h[3] += hue
		h[4] += hve
		h[5] += hee
		xu, yv := x*huu, y*hvv
		xv := x * huv
		h[6] -= xu
		h[7] -= xv
		h[8] -= x * hue
		h[9] += x * xu
		h[10] -= y * huv
		h[11] -= yv
		h[12] -= y * hve
		h[13] += y * xv
		h[14] += y * yv
	}
	w.value, w.hess = value, h
	w.grad = [5]float64{ga, gb, ge, gx, gy}
}

// solve5 solves (H + lambda diag H) step = grad by Cholesky, in units that make
// the diagonal 1; not ok if that is not positive definite. A coordinate without
// curvature (a term that has vanished) stays.
func solve5(hess *[15]float64, grad *[5]float64, lambda float64) (step [5]float64, ok bool) {
	var l [15]float64
	var unit [5]float64
	most := 0.0
	for i := range 5 {
		most = max(most, math.Abs(hess[i*(i+1)/2+i]))
	}
	if most == 0 {
		return step, false
	}
	// The damping of a term that has all but vanished is that of the others,
	// or a hundredth of theirs: else one step would take it to e^1000 or e^-1000.
	for i := range 5 {
		unit[i] = 1 / math.Sqrt(math.Abs(hess[i*(i+1)/2+i])+.01*most)
	}
	for i := range 5 {
		row := i * (i + 1) / 2
		for j := range i + 1 {
			v := hess[row+j] * unit[i] * unit[j]
			if i == j {
				v += lambda
			}
			for k := range j {
				v -= l[row+k] * l[j*(j+1)/2+k]
			}
			if i != j {
				l[row+j] = v / l[j*(j+1)/2+j]
				continue
			}
			if !(v > 1e-14) {
				return step, false
			}
			l[row+j] = math.Sqrt(v)
		}
	}
	for i := range 5 {
		row := i * (i + 1) / 2
		v := grad[i] * unit[i]
		for k := range i {
			v -= l[row+k] * step[k]
		}
		step[i] = v / l[row+i]
	}
	for i := 4; i >= 0; i-- {
		v := step[i]
		for k := i + 1; k < 5; k++ {
			v -= l[k*(k+1)/2+i] * step[k]
		}
		step[i] = v / l[i*(i+1)/2+i]
	}
	for i := range 5 {
		step[i] *= unit[i]
	}
	return step, true
}
