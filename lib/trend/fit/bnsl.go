package fit

import (
	"fmt"
	"math"
	"slices"
)

// Broken is a smoothly broken power law with n breaks (Caballero et al. 2023,
// arXiv 2210.14891, eq. 1):
//
//	y = A + B x^-C0 prod_i (1 + (x/D_i)^(1/F_i))^(-C_i F_i)
//
// In log-log axes without A it has slope -C0 before the first break and turns by
// -C_i at D_i, over about F_i natural logs of x to each side. C0 or C_i below 0
// make it rise: inverse scaling, double descent.
type Broken struct {
	A, B, C0 float64
	Breaks   []Break // in order of D
}

// Break is where a broken power law turns.
type Break struct {
	C float64 // change of slope
	D float64 // place, in units of x
	F float64 // sharpness: 0 is a corner
}

// At returns y at x, written with softplus so that small F do not overflow.
func (m Broken) At(x float64) float64 {
	lx := math.Log(x)
	e := -m.C0 * lx
	for _, b := range m.Breaks {
		e -= b.C * b.F * softplus((lx-math.Log(b.D))/b.F)
	}
	return m.A + m.B*math.Exp(e)
}

// softplus is log(1 + e^t).
func softplus(t float64) float64 {
	if t > 0 {
		return t + math.Log1p(math.Exp(-t))
	}
	return math.Log1p(math.Exp(t))
}

// Scale is the scale on which residuals are taken, where a form leaves it open.
type Scale uint8

// The scales.
const (
	Linear Scale = iota // y
	Log1p               // log(1 + y), what Caballero et al. 2023 fit; y above -1
)

// Broken fits a broken power law with the given number of breaks, 1 or more, to
// 6 + 3 breaks or more different x (9 for one): tokens along a training run,
// seldom sizes. Residuals are on Settings.Scale. A and B come in closed form
// inside the search; the other parameters are searched from Settings.Starts
// starts (0: 100 a break), which fill the box of plausible values evenly. Breaks
// lie between the smallest x and half the logarithmic range beyond the largest.
func (s Settings) Broken(x, y []float64, breaks int) (*Fit[Broken], error) {
	form := fmt.Sprintf("broken power law with %d breaks", breaks)
	if breaks == 1 {
		form = "broken power law with 1 break"
	}
	if breaks < 1 || breaks > 6 {
		return nil, fmt.Errorf("fit: %s: %w: want 1 to 6 breaks", form, ErrInput)
	}
	if err := s.check(form, column{"x", x, true}, column{"y", y, false}); err != nil {
		return nil, err
	}
	if err := need(form, "x", x, 6+3*breaks, 0); err != nil {
		return nil, err
	}
	if err := varies(form, "y", y); err != nil {
		return nil, err
	}
	n := len(x)
	observed, rows := slices.Clone(y), []float64(nil)
	if s.Scale == Log1p {
		rows = make([]float64, n)
		for i, v := range y {
			if v <= -1 {
				return nil, fmt.Errorf("fit: %s: %w: point %d: y is %v, want above -1 for log(1 + y)", form, ErrInput, i+1, v)
			}
			observed[i], rows[i] = math.Log1p(v), 1/(1+v)
		}
		s = s.scaleErrors(rows)
	}
	white, err := s.whitener(form, n)
	if err != nil {
		return nil, err
	}
	lx := logs(x)
	k := &broken{lx: lx, breaks: breaks, scale: s.Scale}
	lo, hi := slices.Min(lx), slices.Max(lx)
	c := &curve{
		form: form, n: n, y: observed, white: white, loss: s.Loss,
		coords: []coord{free("a"), within("b", 0, math.Inf(1))},
		lin:    2, non: 1 + 3*breaks, rows: rows, basis: k.basis, eval: k.eval,
		join: func(c, theta []float64) ([]float64, bool) {
			return append([]float64{c[0], c[1]}, theta...), c[1] > 0
		},
	}
	box := func(name string, lo, hi float64) coord {
		c := within(name, lo, hi)
		c.open = true
		return c
	}
	c.coords = append(c.coords, box("c0", -10, 10))
	suffix := func(name string, i int) string { return fmt.Sprint(name, i+1) }
	for i := range breaks {
		d := logWithin(suffix("d", i), 1, 1)
		d.lo, d.hi = lo, hi+.5*(hi-lo)
		c.coords = append(c.coords, box(suffix("c", i), -100, 100), d, logWithin(suffix("f", i), 1e-3, 2*(hi-lo)))
	}
	for _, v := range c.coords[2:] {
		c.lo, c.hi = append(c.lo, v.lo), append(c.hi, v.hi)
	}
	count := s.Starts
	if count == 0 {
		count = 100 * breaks
	}
	fill := newFiller(c.non)
	for range count {
		u := fill.next()
		theta := []float64{-.3 + 1.3*u[0]}
		for i := range breaks {
			v := u[1+3*i : 4+3*i]
			// Turns of either sign, mostly downwards; a place in the i-th part
			// of the range; sharpness from 2% to all of it.
			theta = append(theta, -1.5+4.5*v[0], lo+(float64(i)+v[1])/float64(breaks)*(hi-lo)*1.05, math.Log((hi-lo)*.01)+v[2]*math.Log(60))
		}
		c.starts = append(c.starts, theta)
	}
	return finish(c, s, c.search(s, observed, y, nil), k.model)
}

// broken evaluates the form in coordinates a, b, c0, then c, log d, log f for
// each break; theta is the same without a and b.
type broken struct {
	lx     []float64
	breaks int
	scale  Scale
}

func (k *broken) model(p []float64) Broken {
	m := Broken{A: p[0], B: p[1], C0: p[2]}
	for i := range k.breaks {
		q := p[3+3*i:]
		m.Breaks = append(m.Breaks, Break{C: q[0], D: math.Exp(q[1]), F: math.Exp(q[2])})
	}
	slices.SortFunc(m.Breaks, func(a, b Break) int {
		if a.D < b.D {
			return -1
		}
		return 1
	})
	return m
}

// shape returns log of the basis function at log x, and, unless d is nil, its
// derivatives by theta.
func (k *broken) shape(lx float64, theta, f []float64, d []float64) float64 {
	e := -theta[0] * lx
	if d != nil {
		d[0] = -lx
	}
	for i := range k.breaks {
		c, t := theta[1+3*i], (lx-theta[2+3*i])/f[i]
		// softplus and its derivative share one exponential.
		z := math.Exp(-math.Abs(t))
		sp, sg := math.Log1p(z), 1/(1+z)
		if t > 0 {
			sp += t
		} else {
			sg = z * sg
		}
		e -= c * f[i] * sp
		if d != nil {
			d[1+3*i], d[2+3*i], d[3+3*i] = -f[i]*sp, c*sg, c*f[i]*(t*sg-sp)
		}
	}
	return e
}

func (k *broken) sharpness(theta []float64, f *[6]float64) []float64 {
	for i := range k.breaks {
		f[i] = math.Exp(theta[3+3*i])
	}
	return f[:k.breaks]
}

func (k *broken) basis(theta, phi, dphi []float64) {
	n, m := len(k.lx), 1+3*k.breaks
	var fs [6]float64
	f := k.sharpness(theta, &fs)
	var buf [19]float64
	d := buf[:m]
	if dphi == nil {
		d = nil
	}
	for i, lx := range k.lx {
		e := math.Exp(k.shape(lx, theta, f, d))
		phi[i], phi[n+i], phi[2*n+i] = 1, e, 0
		for l := range d {
			dphi[3*l*n+i], dphi[(3*l+1)*n+i], dphi[(3*l+2)*n+i] = 0, e*d[l], 0
		}
	}
}

func (k *broken) eval(p, fitted, jac []float64) {
	n, m := len(k.lx), 1+3*k.breaks
	theta := p[2:]
	var fs [6]float64
	f := k.sharpness(theta, &fs)
	var buf [19]float64
	d := buf[:m]
	if jac == nil {
		d = nil
	}
	for i, lx := range k.lx {
		e := math.Exp(k.shape(lx, theta, f, d))
		y, g := p[0]+p[1]*e, 1.0
		if k.scale == Log1p {
			// A trial step may leave the domain: its end is far from any data.
			y = max(y, -1+1e-12)
			g = 1 / (1 + y)
			y = math.Log1p(y)
		}
		fitted[i] = y
		if jac != nil {
			jac[i], jac[n+i] = g, g*e
			for l := range d {
				jac[(2+l)*n+i] = g * p[1] * e * d[l]
			}
		}
	}
}

// scaleErrors multiplies errors by a factor a point, as for a change of scale.
func (s Settings) scaleErrors(by []float64) Settings {
	inv := make([]float64, len(by))
	for i, v := range by {
		inv[i] = 1 / v
	}
	return s.logErrors(inv)
}

// filler yields points that fill the unit cube evenly: the additive recurrence
// on powers of the generalised golden ratio (Roberts 2018, "The unreasonable
// effectiveness of quasirandom sequences").
type filler struct{ at, step []float64 }

func newFiller(dim int) *filler {
	g := 2.0
	for range 60 { // the root of g^(dim+1) = g + 1
		g = math.Pow(1+g, 1/float64(dim+1))
	}
	f := &filler{make([]float64, dim), make([]float64, dim)}
	for i := range f.at {
		f.at[i], f.step[i] = .5, math.Mod(math.Pow(g, -float64(i+1)), 1)
	}
	return f
}

func (f *filler) next() []float64 {
	for i := range f.at {
		f.at[i] = math.Mod(f.at[i]+f.step[i], 1)
	}
	return f.at
}
