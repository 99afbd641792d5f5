package fit

import (
	"fmt"
	"math"
	"slices"
)

// finish turns the end of a search into a Fit, with its intervals. Model makes
// the form's type from coordinates; the reported parameters are the coordinates.
func finish[M any](c *curve, s Settings, b solution, model func(p []float64) M) (*Fit[M], error) {
	if math.IsInf(b.value, 1) {
		return nil, fmt.Errorf("fit: %s: %w: none of %d starts led to a finite objective", c.form, ErrInput, b.starts)
	}
	k := len(c.coords)
	f := &Fit[M]{
		Form: c.form, Points: c.n, Free: k, Starts: b.starts, Agree: b.agree,
		Level: s.level(), known: c.white.known(), model: model,
	}
	o := c.objective(c.y, nil)
	how := s.intervals()
	var ends []Interval
	var better *found
	for range 4 {
		f.curvature(c, o, &b)
		if how != Profile {
			break
		}
		if ends, better = f.profile(c, s, o, b); better == nil {
			break
		}
		// The profile walked into a better basin than any start.
		b.found, b.agree = *better, 1
		f.Agree = 1
	}
	if better != nil {
		// One basin after another: no interval to trust.
		how, b.converged = None, false
		f.curvature(c, o, &b)
	}
	f.Warnings = append(f.Warnings, c.warn(b)...)
	f.at, f.Model, f.Objective = b.p, model(b.p), b.value
	if c.loss.squares() {
		f.Objective *= 2
	}
	f.Params = make([]Param, k)
	values := c.report(b.p)
	for j, x := range c.coords {
		p := Param{Name: x.name, Value: values[j], SE: math.NaN(), Lo: math.NaN(), Hi: math.NaN()}
		if f.cov != nil {
			p.SE = math.Sqrt(f.cov[j*k+j])
			if x.log {
				p.SE *= math.Abs(p.Value)
			}
		}
		switch {
		case how == Profile:
			p.Lo, p.Hi = x.report(ends[j].Lo), x.report(ends[j].Hi)
		case how == Wald && f.cov != nil:
			half := f.quantile() * math.Sqrt(f.cov[j*k+j])
			p.Lo, p.Hi = x.report(b.p[j]-half), x.report(b.p[j]+half)
		}
		if p.Lo > p.Hi {
			p.Lo, p.Hi = p.Hi, p.Lo
		}
		f.Params[j] = p
	}
	switch {
	case how == Bootstrap && (f.known || f.Points > f.Free):
		f.bootstrap(c, s, b)
	case how == Usual:
		f.Warnings = append(f.Warnings, fmt.Errorf("%s: %w under %v without Rand: give a seeded one for a bootstrap", c.form, ErrNoInterval, c.loss))
	case f.Points <= f.Free && !f.known && how != None:
		f.Warnings = append(f.Warnings, fmt.Errorf("%s: %w: %d points for %d parameters leave no residual to measure the error by", c.form, ErrNoInterval, f.Points, f.Free))
	default:
		for _, p := range f.Params {
			if math.IsInf(p.Lo, 0) || math.IsInf(p.Hi, 0) {
				f.Warnings = append(f.Warnings, fmt.Errorf("%s: %s in [%.4g, %.4g]: %w", c.form, p.Name, p.Lo, p.Hi, ErrUnidentified))
			}
		}
	}
	return f, nil
}

// curvature sets Sigma and the covariance of the coordinates, s^2 (J'J)^-1.
func (f *Fit[M]) curvature(c *curve, o *objective, b *solution) {
	k, n := len(c.coords), c.n
	r, jac := make([]float64, n), make([]float64, n*k)
	o.residuals(b.p, r, jac)
	var rss float64
	for _, v := range r {
		rss += v * v
	}
	f.Sigma, f.cov = math.NaN(), nil
	if n > k {
		f.Sigma = math.Sqrt(rss / float64(n-k))
	}
	if !c.loss.squares() {
		return // the bootstrap's task
	}
	inv, worst := inverse(jac, c.coords, b.p, n, k)
	f.Warnings = slices.DeleteFunc(f.Warnings, func(error) bool { return true })
	if worst >= 0 {
		f.Warnings = append(f.Warnings, fmt.Errorf("%s: %s can be made up for by the other parameters: %w", c.form, c.coords[worst].name, ErrUnidentified))
	}
	if inv == nil {
		return
	}
	scale := 1.0
	if !f.known {
		scale = f.Sigma * f.Sigma
	}
	for i := range inv {
		inv[i] *= scale
	}
	f.cov = inv
}

// inverse of J'J, the coordinates at a bound held; worst is a coordinate whose
// variance is inflated 1e10 times or more by the others, or -1.
func inverse(jac []float64, coords []coord, p []float64, n, k int) (inv []float64, worst int) {
	o := objective{n: n, k: k}
	hess, grad := make([]float64, k*k), make([]float64, k)
	o.normal(make([]float64, n), jac, 0, hess, grad)
	use, norm := make([]bool, k), make([]float64, k)
	for j := range k {
		norm[j] = math.Sqrt(hess[j*k+j])
		use[j] = p[j] > coords[j].lo && p[j] < coords[j].hi
		if use[j] && norm[j] == 0 {
			return nil, j
		}
	}
	for i := range k {
		for j := range k {
			if use[i] && use[j] {
				hess[i*k+j] /= norm[i] * norm[j]
			}
		}
	}
	inv = make([]float64, k*k)
	fac, col, zero := make([]float64, k*k), make([]float64, k), make([]float64, k)
	worst = -1
	for j := range k {
		if !use[j] {
			continue
		}
		clear(grad)
		grad[j] = 1
		if !solve(hess, grad, zero, use, fac, col, k) {
			return nil, j
		}
		if col[j] > 1e10 && (worst < 0 || col[j] > inv[worst*k+worst]*norm[worst]*norm[worst]) {
			worst = j
		}
		for i := range k {
			if use[i] {
				inv[i*k+j] = col[i] / (norm[i] * norm[j])
			}
		}
	}
	return inv, worst
}

// profile finds for each coordinate the two values at which the best objective
// over the others has risen to the bound. A better optimum met on the way is
// returned instead.
func (f *Fit[M]) profile(c *curve, s Settings, o *objective, b solution) ([]Interval, *found) {
	k := len(c.coords)
	ends := make([]Interval, k)
	scale, t := 1.0, f.quantile()
	if !f.known {
		scale = f.Sigma
	}
	for j, x := range c.coords {
		ends[j] = Interval{b.p[j], math.Inf(-1), math.Inf(1)}
		if !x.open {
			ends[j].Lo, ends[j].Hi = x.lo, x.hi
		}
		if math.IsInf(t, 1) || math.IsNaN(scale) {
			continue
		}
		if scale == 0 || c.exact(b) {
			ends[j] = Interval{b.p[j], b.p[j], b.p[j]}
			continue
		}
		se := math.NaN()
		if f.cov != nil {
			se = math.Sqrt(f.cov[j*k+j])
		}
		if !(se > 0) || math.IsInf(se, 0) {
			se = .05 * max(math.Abs(b.p[j]), 1e-3)
		}
		for _, side := range []float64{-1, 1} {
			v, better := c.end(o, b, j, side, side*t*se, t*scale)
			if better != nil {
				return nil, better
			}
			if side < 0 {
				ends[j].Lo = v
			} else {
				ends[j].Hi = v
			}
		}
	}
	return ends, nil
}

// exact reports whether the residuals are the rounding of the data.
func (c *curve) exact(b solution) bool {
	var size float64
	for _, v := range c.y {
		size = max(size, math.Abs(v))
	}
	return !c.white.known() && 2*b.value <= 1e-24*size*size*float64(c.n)
}

// end walks coordinate j from the estimate until sqrt(2 (value - best)) is rise;
// step is the first guess. Infinite if it does not get there.
func (c *curve) end(o *objective, b solution, j int, side, step, rise float64) (float64, *found) {
	fixed := make([]bool, len(c.coords))
	fixed[j] = true
	limit := c.coords[j].hi - b.p[j]
	if side < 0 {
		limit = c.coords[j].lo - b.p[j]
	}
	// Offsets from the estimate, between which the end lies; far 0: not met yet.
	var near, nearAt, far, farAt float64
	p, try := b.p, step
	for i := range 40 {
		clipped := math.Abs(try) >= math.Abs(limit)
		if clipped {
			try = limit
		}
		start := slices.Clone(p)
		start[j] = b.p[j] + try
		g := o.damped(start, fixed, steps, 0)
		if g.value < b.value*(1-same) {
			h := o.damped(g.p, nil, steps, 0)
			return 0, &h
		}
		at := math.Sqrt(2 * max(g.value-b.value, 0))
		switch {
		case math.Abs(at-rise) < 1e-4*rise:
			return b.p[j] + try, nil
		case at >= rise:
			far, farAt = try, at
		case clipped && c.coords[j].open:
			return math.Inf(int(side)), nil
		case clipped:
			return b.p[j] + limit, nil
		default:
			near, nearAt, p = try, at, g.p
		}
		if far == 0 {
			if i >= 12 { // thousands of standard errors away, on a plateau
				return math.Inf(int(side)), nil
			}
			try *= 2
			if at > .5*rise {
				try = near * 1.15 * rise / at
			}
			continue
		}
		// The rise is about linear in the offset; stay inside the bracket.
		q := (rise - nearAt) / (farAt - nearAt)
		try = near + min(max(q, .02), .98)*(far-near)
		if math.Abs(far-near) < 1e-6*math.Abs(far) {
			break
		}
	}
	return b.p[j] + try, nil
}
