package fit

import (
	"math"
	"slices"
)

// PowerOffset is y = E + A N^-Alpha: a power law that levels off at E (Hestness
// et al. 2017, arXiv 1712.00409; Henighan et al. 2020, arXiv 2010.14701). A is
// positive for a falling quantity, negative for one that rises and saturates.
type PowerOffset struct {
	E     float64 // the limit for large N, in units of y
	A     float64 // in units of y: y - E at N = 1, far outside the data
	Alpha float64 // positive
}

// At returns y at size n.
func (m PowerOffset) At(n float64) float64 { return m.E + m.A*math.Exp(-m.Alpha*math.Log(n)) }

// Size returns the size at which the curve is at y; NaN if it never is.
func (m PowerOffset) Size(y float64) float64 {
	return math.Exp(-math.Log((y-m.E)/m.A) / m.Alpha)
}

// PowerOffset fits y = E + A n^-Alpha to 5 or more different sizes n, over the
// exponents at which the curve bends within the data: Alpha times the natural
// log of the range of n from 1e-3 to 60. At the lower end it is a straight line
// in log n, whose E and A mean nothing: the fit then warns ErrUnidentified.
//
// E and A come in closed form inside the search over Alpha. The bootstrap refits
// by a grid over Alpha, too, and takes about a microsecond a refit.
func (s Settings) PowerOffset(n, y []float64) (*Fit[PowerOffset], error) {
	const form = "power law + offset"
	if err := s.check(form, column{"size", n, true}, column{"y", y, false}); err != nil {
		return nil, err
	}
	if err := need(form, "sizes", n, 5, 5); err != nil {
		return nil, err
	}
	return fitDecay(s, form, [3]string{"E", "A", "alpha"}, 1, logs(n), y, func(p [3]float64) PowerOffset {
		return PowerOffset{E: p[0], A: p[1], Alpha: p[2]}
	})
}

// fitDecay fits y = E + A exp(-alpha x); flip -1 reports -A.
func fitDecay[M any](s Settings, form string, names [3]string, flip float64, x, y []float64, model func(p [3]float64) M) (*Fit[M], error) {
	if err := varies(form, "y", y); err != nil {
		return nil, err
	}
	white, err := s.whitener(form, len(x))
	if err != nil {
		return nil, err
	}
	d := newDecay(x)
	c := d.curve(form, names, flip, y, white, s.Loss)
	b := c.search(s, y, y, nil)
	if s.intervals() == Bootstrap || math.IsInf(b.value, 1) || b.p[1] == 0 {
		return finish(c, s, b, func(p []float64) M { return model([3]float64(c.values(p))) })
	}
	// With the sign of A known, its logarithm is the better coordinate: the
	// profile of A follows the valley that A and alpha share.
	sign := math.Copysign(1, b.p[1])
	fixed := d.signed(*c, sign, flip)
	move := func(p []float64) []float64 {
		return []float64{p[0], math.Log(math.Abs(p[1])) + math.Exp(p[2])*d.mid, p[2]}
	}
	b.p = move(b.p)
	b.others = nil
	return finish(fixed, s, b, func(p []float64) M { return model([3]float64(fixed.report(p))) })
}

// decay is E + A exp(-alpha (x - mid)) with coordinates E, A and log alpha; the
// reported A is that at x = 0.
type decay struct {
	x, z   []float64 // z = x - mid
	mid    float64
	lo, hi float64 // of alpha
}

func newDecay(x []float64) *decay {
	lo, hi := slices.Min(x), slices.Max(x)
	// The lowest x is the reference, so that nothing overflows.
	d := &decay{x: x, z: make([]float64, len(x)), mid: lo, lo: 1e-3 / (hi - lo), hi: 60 / (hi - lo)}
	for i, v := range x {
		d.z[i] = v - d.mid
	}
	return d
}

func (d *decay) curve(form string, names [3]string, flip float64, y []float64, white whitener, loss Loss) *curve {
	n := len(d.x)
	c := &curve{
		form: form, n: n, y: y, white: white, loss: loss,
		coords: []coord{free(names[0]), free(names[1]), logWithin(names[2], d.lo, d.hi)},
		lin:    2, non: 1, lo: []float64{math.Log(d.lo)}, hi: []float64{math.Log(d.hi)},
		join: func(c, theta []float64) ([]float64, bool) { return []float64{c[0], c[1], theta[0]}, true },
		values: func(p []float64) []float64 {
			a := math.Exp(p[2])
			return []float64{p[0], flip * p[1] * math.Exp(a*d.mid), a}
		},
	}
	// Curvatures from nearly straight to a step at the first point; steps are
	// finer than the width of any basin seen in 4000 simulated series.
	for _, t := range []float64{.05, .3, 1, 2, 4, 8, 20} {
		c.starts = append(c.starts, []float64{math.Log(t * d.lo / 1e-3)})
	}
	c.basis = func(theta, phi, dphi []float64) {
		a := math.Exp(theta[0])
		for i, z := range d.z {
			e := math.Exp(-a * z)
			phi[i], phi[n+i], phi[2*n+i] = 1, e, 0
			if dphi != nil {
				dphi[i], dphi[n+i], dphi[2*n+i] = 0, -a*z*e, 0
			}
		}
	}
	c.eval = func(p, fitted, jac []float64) {
		a := math.Exp(p[2])
		for i, z := range d.z {
			e := math.Exp(-a * z)
			fitted[i] = p[0] + p[1]*e
			if jac != nil {
				jac[i], jac[n+i], jac[2*n+i] = 1, e, -a*z*e*p[1]
			}
		}
	}
	if loss.squares() {
		c.quick = func(_ solution, y, mult []float64) func() []float64 { return d.refit(c, y, mult) }
	}
	return c
}

// signed is the same curve with coordinates E, log |A| at x = 0, log alpha.
func (d *decay) signed(c curve, sign, flip float64) *curve {
	n := len(d.x)
	c.values, c.quick = nil, nil
	c.coords = slices.Clone(c.coords)
	a := logOf(c.coords[1].name)
	a.sign = sign * flip
	c.coords[1] = a
	c.eval = func(p, fitted, jac []float64) {
		alpha := math.Exp(p[2])
		for i, x := range d.x {
			e := sign * math.Exp(p[1]-alpha*x)
			fitted[i] = p[0] + e
			if jac != nil {
				jac[i], jac[n+i], jac[2*n+i] = 1, e, -alpha*x*e
			}
		}
	}
	return &c
}

// gridSize is the number of exponents, evenly spaced in log alpha, that a refit
// compares before it refines: 20% apart.
const gridSize = 60

// refit returns the fast refit: the best of a grid of exponents, whose
// projections are the same for every y, then bracketed secant steps on the
// derivative of the projected objective.
func (d *decay) refit(c *curve, y, mult []float64) func() []float64 {
	n := len(d.x)
	w := c.white
	counts := slices.ContainsFunc(mult, func(v float64) bool { return v != 1 })
	o := c.objective(y, mult)
	one, v, dv, yw := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range one {
		one[i] = 1
	}
	w.apply(one)
	unit(one)
	// column fills v with the whitened exponential, its component along the
	// constant removed, and dv with the derivative by log alpha.
	column := func(la float64) {
		a := math.Exp(la)
		for i, z := range d.z {
			e := math.Exp(-a * z)
			v[i], dv[i] = e, -a*z*e
		}
		w.apply(v)
		w.apply(dv)
		remove(v, one)
		remove(dv, one)
	}
	lo, hi := math.Log(d.lo), math.Log(d.hi)
	step := (hi - lo) / (gridSize - 1)
	grid := make([]float64, gridSize*n)
	for j := range gridSize {
		column(lo + float64(j)*step)
		unit(v)
		copy(grid[j*n:], v)
	}
	// slope is proportional to the derivative by log alpha of (v'y)^2/(v'v).
	slope := func(la float64) float64 {
		column(la)
		var vy, dy, vv, vd float64
		for i, x := range v {
			vy += x * yw[i]
			dy += dv[i] * yw[i]
			vv += x * x
			vd += x * dv[i]
		}
		return vy * (dy - vy*vd/vv) / vv
	}
	return func() []float64 {
		if counts || slices.ContainsFunc(mult, func(v float64) bool { return v != 1 }) {
			// Cases: the projections change with the rows.
			f := o.descend([]float64{0, 0, lo + step*gridSize/2}, nil, 1)
			for _, s := range c.starts {
				p := weightedLine(d.z, y, mult, w, math.Exp(s[0]))
				if g := o.descend([]float64{p[0], p[1], s[0]}, nil, steps); g.value < f.value {
					f = g
				}
			}
			return f.p
		}
		copy(yw, y)
		w.apply(yw)
		remove(yw, one)
		best, at := -1.0, 0
		for j := range gridSize {
			var t float64
			for i, g := range grid[j*n : j*n+n] {
				t += g * yw[i]
			}
			if t *= t; t > best {
				best, at = t, j
			}
		}
		la := lo + float64(at)*step
		if at > 0 && at < gridSize-1 {
			la = root(slope, la-step, la+step)
		}
		column(la)
		var vy, vv float64
		for i, x := range v {
			vy += x * yw[i]
			vv += x * x
		}
		amp := vy / vv
		// E is what remains along the constant.
		a := math.Exp(la)
		for i, z := range d.z {
			v[i] = y[i] - amp*math.Exp(-a*z)
			dv[i] = 1
		}
		w.apply(v)
		w.apply(dv)
		var num, den float64
		for i, x := range dv {
			num += x * v[i]
			den += x * x
		}
		return []float64{num / den, amp, la}
	}
}

// weightedLine fits y ~ E + A exp(-alpha z) for a given alpha, case weights mult.
func weightedLine(z, y, mult []float64, w whitener, alpha float64) [2]float64 {
	var s, sx, sy, sxx, sxy float64
	for i, v := range z {
		m, e := mult[i], math.Exp(-alpha*v)
		if w.inv != nil {
			m *= w.inv[i] * w.inv[i]
		}
		s, sx, sy, sxx, sxy = s+m, sx+m*e, sy+m*y[i], sxx+m*e*e, sxy+m*e*y[i]
	}
	det := s*sxx - sx*sx
	if !(det > 1e-14*s*sxx) {
		return [2]float64{sy / s, 0}
	}
	a := (s*sxy - sx*sy) / det
	return [2]float64{(sy - a*sx) / s, a}
}

func unit(v []float64) {
	var s float64
	for _, x := range v {
		s += x * x
	}
	if s = math.Sqrt(s); s > 0 {
		for i := range v {
			v[i] /= s
		}
	}
}

// root of a falling function between lo and hi by Ridders' method (1979, IEEE
// Trans. Circuits Syst. 26:979); the middle if the ends do not bracket one.
func root(f func(float64) float64, lo, hi float64) float64 {
	flo, fhi := f(lo), f(hi)
	if !(flo > 0) || !(fhi < 0) {
		return (lo + hi) / 2
	}
	enough := 1e-11 * max(flo, -fhi)
	for range 40 {
		mid := (lo + hi) / 2
		fm := f(mid)
		d := math.Sqrt(fm*fm - flo*fhi)
		if d == 0 || fm == 0 {
			return mid
		}
		x := mid + (mid-lo)*fm/d
		fx := f(x)
		if math.Abs(fx) < enough || hi-lo < 1e-10 {
			return x
		}
		if fm > 0 {
			lo, flo = mid, fm
		} else {
			hi, fhi = mid, fm
		}
		if fx > 0 {
			if x > lo {
				lo, flo = x, fx
			}
		} else if x < hi {
			hi, fhi = x, fx
		}
	}
	return (lo + hi) / 2
}
