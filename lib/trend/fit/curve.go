package fit

import (
	"fmt"
	"math"
)

// coord is a coordinate of the search and how it is reported.
type coord struct {
	name   string
	log    bool    // the parameter is sign exp(coordinate)
	sign   float64 // with log: +1 or -1
	lo, hi float64 // bounds of the coordinate
	open   bool    // the bounds are the search's: an interval that meets one is open
}

func free(name string) coord { return within(name, math.Inf(-1), math.Inf(1)) }

func logOf(name string) coord {
	return coord{name: name, log: true, sign: 1, lo: math.Inf(-1), hi: math.Inf(1)}
}

func within(name string, lo, hi float64) coord { return coord{name: name, sign: 1, lo: lo, hi: hi} }

// logWithin searches a positive parameter between lo and hi, which are no
// bounds of the parameter itself.
func logWithin(name string, lo, hi float64) coord {
	return coord{name: name, log: true, sign: 1, lo: math.Log(lo), hi: math.Log(hi), open: true}
}

func (c coord) report(v float64) float64 {
	if c.log {
		return c.sign * math.Exp(v)
	}
	return v
}

// curve is a form tied to its data.
type curve struct {
	form   string
	coords []coord
	n      int
	y      []float64 // observed, on the scale of the residuals (perhaps logs)
	white  whitener
	loss   Loss
	// eval writes the fitted values on the scale of y and, unless jac is nil,
	// their derivatives jac[j*n+i]. It keeps no state.
	eval func(p, fitted, jac []float64)

	// The separable problem that starts the search: y0 ~ offset(theta) +
	// basis(theta) c, in rows scaled by rows (nil: 1).
	lin, non int
	y0, rows []float64
	// basis writes lin columns phi[j*n+i] and the offset as one more, and
	// dphi[(l*(lin+1)+j)*n+i], the derivatives by theta[l].
	basis  func(theta, phi, dphi []float64)
	lo, hi []float64 // bounds of theta
	starts [][]float64
	// join makes the coordinates of eval from a solution; it may adapt the
	// curve to it (a sign). Not ok: outside what the form allows.
	join func(c, theta []float64) (p []float64, ok bool)
	// values, if not nil, makes the reported parameters from p; else each
	// coordinate reports itself.
	values func(p []float64) []float64
	// quick, if not nil, makes a faster refit for the bootstrap, whose result is
	// nil if it fails.
	quick func(b solution, y, mult []float64) func() []float64
	// newton makes the faster search of Chinchilla; nil elsewhere.
	newton func() *newton
}

// objective of all coordinates together, with its own scratch.
func (c *curve) objective(y, mult []float64) *objective {
	k := len(c.coords)
	o := &objective{n: c.n, k: k, loss: c.loss, mult: mult, lo: make([]float64, k), hi: make([]float64, k)}
	for j, x := range c.coords {
		o.lo[j], o.hi[j] = x.lo, x.hi
	}
	o.tiny = c.rounding(y, nil)
	o.residuals = func(p, r, jac []float64) {
		c.eval(p, r, jac)
		for i := range r {
			r[i] -= y[i]
		}
		c.white.apply(r)
		for j := 0; jac != nil && j < k; j++ {
			c.white.apply(jac[j*c.n : (j+1)*c.n])
		}
	}
	return o
}

// rounding is the sum of squares that errors of 1e-15 of the data would leave.
func (c *curve) rounding(y, rows []float64) float64 {
	v := append([]float64(nil), y...)
	for i, w := range rows {
		v[i] *= w
	}
	c.white.apply(v)
	var s float64
	for _, x := range v {
		s += x * x
	}
	return 1e-30 * s
}

// projected is the objective of theta alone, the linear parameters solved for
// inside: residuals of the projection, with Kaufman's Jacobian (1975, BIT
// 15:49), which leaves out a term that vanishes with the residuals.
func (c *curve) projected(y []float64) (o *objective, linear func() []float64) {
	n, m := c.n, c.lin
	phi, dphi := make([]float64, (m+1)*n), make([]float64, (m+1)*n*c.non)
	q, coef := make([]float64, m*n), make([]float64, m)
	tri := make([]float64, m*m)
	scale := func(v []float64) {
		for i, w := range c.rows {
			v[i] *= w
		}
		c.white.apply(v)
	}
	o = &objective{n: n, k: c.non, lo: c.lo, hi: c.hi, tiny: c.rounding(y, c.rows)}
	o.residuals = func(theta, r, jac []float64) {
		var d []float64
		if jac != nil {
			d = dphi
		}
		c.basis(theta, phi, d)
		for i := range r {
			r[i] = y[i] - phi[m*n+i]
		}
		scale(r)
		for j := range m {
			scale(phi[j*n : (j+1)*n])
		}
		orthogonal(phi, q, tri, n, m)
		// c by back substitution of R c = Q'y; r by projection.
		for j := range m {
			coef[j] = remove(r, q[j*n:(j+1)*n])
		}
		for j := m - 1; j >= 0; j-- {
			for l := j + 1; l < m; l++ {
				coef[j] -= tri[j*m+l] * coef[l]
			}
			if tri[j*m+j] == 0 {
				coef[j] = 0
				continue
			}
			coef[j] /= tri[j*m+j]
		}
		for l := 0; jac != nil && l < c.non; l++ {
			col := jac[l*n : (l+1)*n]
			base := dphi[l*(m+1)*n:]
			for i := range col {
				s := base[m*n+i]
				for j := range m {
					s += base[j*n+i] * coef[j]
				}
				col[i] = -s
			}
			scale(col)
			for j := range m {
				remove(col, q[j*n:(j+1)*n])
			}
		}
	}
	return o, func() []float64 { return append([]float64(nil), coef...) }
}

// orthogonal is modified Gram-Schmidt: phi = q tri. A column that depends on
// those before it becomes 0.
func orthogonal(phi, q, tri []float64, n, m int) {
	for j := range m {
		col := q[j*n : (j+1)*n]
		copy(col, phi[j*n:(j+1)*n])
		var before, after float64
		for _, v := range col {
			before += v * v
		}
		for l := range j {
			tri[l*m+j] = remove(col, q[l*n:(l+1)*n])
		}
		for _, v := range col {
			after += v * v
		}
		tri[j*m+j] = 0
		if !(after > 1e-28*before) {
			clear(col)
			continue
		}
		norm := math.Sqrt(after)
		tri[j*m+j] = norm
		for i := range col {
			col[i] /= norm
		}
	}
}

// remove subtracts from v its component along the unit vector q and returns it.
func remove(v, q []float64) float64 {
	var s float64
	for i, x := range q {
		s += x * v[i]
	}
	for i, x := range q {
		v[i] -= s * x
	}
	return s
}

// report makes the parameters from coordinates.
func (c *curve) report(p []float64) []float64 {
	if c.values != nil {
		return c.values(p)
	}
	v := make([]float64, len(p))
	for j, x := range c.coords {
		v[j] = x.report(p[j])
	}
	return v
}

// atBound warns of coordinates at the end of their range.
func (c *curve) atBound(p []float64) []error {
	var warn []error
	for j, x := range c.coords {
		if p[j] <= x.lo || p[j] >= x.hi {
			doubt := ErrAtBound
			if x.open {
				doubt = ErrUnidentified
			}
			warn = append(warn, fmt.Errorf("%s: %s is %.4g, the end of the range searched: %w", c.form, x.name, x.report(p[j]), doubt))
		}
	}
	return warn
}
