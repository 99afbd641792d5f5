package fit

import (
	"fmt"
	"math"
)

// Chinchilla is L = E + A N^-Alpha + B D^-Beta: loss against parameters N and
// training tokens D (Hoffmann et al. 2022, arXiv 2203.15556, approach 3;
// Besiroglu et al. 2024, arXiv 2404.10102, corrected the fit). All parameters
// are positive. With bits per byte for L it is step one of the ladder.
type Chinchilla struct {
	E, A, B, Alpha, Beta float64
}

// At returns the loss of n parameters trained on d tokens.
func (m Chinchilla) At(n, d float64) float64 {
	return m.E + m.A*math.Exp(-m.Alpha*math.Log(n)) + m.B*math.Exp(-m.Beta*math.Log(d))
}

// Optimal returns the parameters and tokens of least loss for c floating-point
// operations, C = 6 N D. N grows as C^(Beta/(Alpha+Beta)).
func (m Chinchilla) Optimal(c float64) (n, d float64) {
	g := math.Pow(m.Alpha*m.A/(m.Beta*m.B), 1/(m.Alpha+m.Beta))
	n = g * math.Pow(c/6, m.Beta/(m.Alpha+m.Beta))
	return n, c / (6 * n)
}

// AtCompute returns the loss of the best model for c floating-point operations:
// the law with compute as its axis.
func (m Chinchilla) AtCompute(c float64) float64 { return m.At(m.Optimal(c)) }

// Chinchilla fits the law to 20 or more runs, or checkpoints, of n parameters
// and d tokens that vary apart: 3 or more of each and 2 or more ratios d/n. The
// residual is that of log loss, whatever the Loss of the settings: Hoffmann et
// al. use Huber(1e-3), the sum and not the mean, which would stop early; the
// values Besiroglu et al. publish are those of LAD. SE and Cov are of the loss.
//
// A, B and E are solved for in closed form at each of 49 pairs of exponents,
// and all five descend from there; with Settings.PaperGrid, from the 4500
// starts of Hoffmann et al. instead. A start whose objective is over 4 times the
// best of all after about 30 steps on a part of the runs is given up, and those
// that have met by then go on as one.
func (s Settings) Chinchilla(n, d, loss []float64) (*Fit[Chinchilla], error) {
	return s.chinchilla("Chinchilla", n, d, loss, 20)
}

func (s Settings) chinchilla(form string, n, d, loss []float64, runs int) (*Fit[Chinchilla], error) {
	if err := s.check(form, column{"size", n, true}, column{"tokens", d, true}, column{"loss", loss, true}); err != nil {
		return nil, err
	}
	if err := need(form, "sizes", n, 3, runs); err != nil {
		return nil, err
	}
	if err := need(form, "numbers of tokens", d, 3, runs); err != nil {
		return nil, err
	}
	ratio := make([]float64, len(n))
	for i := range n {
		ratio[i] = math.Round(math.Log(d[i]/n[i]) * 1e2)
	}
	if distinct(ratio) < 2 {
		return nil, fmt.Errorf("fit: %s: %w: one ratio of tokens to parameters in all %d runs: A and B cannot be told apart", form, ErrTooFew, len(n))
	}
	if err := varies(form, "loss", loss); err != nil {
		return nil, err
	}
	s = s.logErrors(loss)
	white, err := s.whitener(form, len(n))
	if err != nil {
		return nil, err
	}
	c := chinchillaCurve(form, logs(n), logs(d), loss, white, s.Loss)
	var b solution
	if white.chol != nil {
		b = c.search(s, c.y, loss, nil)
	} else {
		b = c.newtons(s)
	}
	f, err := finish(c, s, b, func(p []float64) Chinchilla {
		return Chinchilla{A: math.Exp(p[0]), B: math.Exp(p[1]), E: math.Exp(p[2]), Alpha: p[3], Beta: p[4]}
	})
	if err != nil {
		return nil, err
	}
	if m := f.Model; m.Alpha <= 0 || m.Beta <= 0 {
		f.Warnings = append(f.Warnings, fmt.Errorf("%s: alpha %.3g, beta %.3g: loss does not fall along both axes: %w", form, m.Alpha, m.Beta, ErrUnidentified))
	}
	if smallest := math.Min(f.Model.A*minPower(n, f.Model.Alpha), f.Model.B*minPower(d, f.Model.Beta)); smallest < 1e-6*f.Model.At(n[0], d[0]) || f.Model.E < 1e-6*f.Model.At(n[0], d[0]) {
		f.Warnings = append(f.Warnings, fmt.Errorf("%s: one of the three terms has vanished: %w", form, ErrUnidentified))
	}
	return f, nil
}

// minPower is the largest v^-a.
func minPower(v []float64, a float64) float64 {
	best := 0.0
	for _, x := range v {
		best = math.Max(best, math.Pow(x, -a))
	}
	return best
}

// chinchillaCurve has coordinates log A, log B, log E, alpha, beta.
func chinchillaCurve(form string, ln, ld, loss []float64, white whitener, l Loss) *curve {
	k := len(ln)
	mn, md := mean(ln), mean(ld)
	rows := make([]float64, k)
	for i, v := range loss {
		rows[i] = 1 / v
	}
	c := &curve{
		form: form, n: k, y: logs(loss), white: white, loss: l,
		coords: []coord{logOf("A"), logOf("B"), logOf("E"), free("alpha"), free("beta")},
		lin:    3, non: 2, y0: loss, rows: rows,
		lo: []float64{1e-3, 1e-3}, hi: []float64{10, 10},
		basis: func(theta, phi, dphi []float64) {
			for i := range k {
				x, z := ln[i]-mn, ld[i]-md
				en, ed := math.Exp(-theta[0]*x), math.Exp(-theta[1]*z)
				phi[i], phi[k+i], phi[2*k+i], phi[3*k+i] = en, ed, 1, 0
				if dphi != nil {
					dphi[i], dphi[k+i], dphi[2*k+i], dphi[3*k+i] = -x*en, 0, 0, 0
					dphi[4*k+i], dphi[5*k+i], dphi[6*k+i], dphi[7*k+i] = 0, -z*ed, 0, 0
				}
			}
		},
		join: func(c, theta []float64) ([]float64, bool) {
			// A term that comes out negative starts at a fiftieth of the rest.
			small := .02 * max(c[0], c[1], c[2])
			return []float64{
				math.Log(max(c[0], small)) + theta[0]*mn, math.Log(max(c[1], small)) + theta[1]*md,
				math.Log(max(c[2], small)), theta[0], theta[1],
			}, small > 0
		},
		eval: func(p, fitted, jac []float64) {
			for i := range k {
				u, v, e := p[0]-p[3]*ln[i], p[1]-p[4]*ld[i], p[2]
				m := max(u, v, e)
				u, v, e = math.Exp(u-m), math.Exp(v-m), math.Exp(e-m)
				t := u + v + e
				fitted[i] = m + math.Log(t)
				if jac != nil {
					jac[i], jac[k+i], jac[2*k+i] = u/t, v/t, e/t
					jac[3*k+i], jac[4*k+i] = -u/t*ln[i], -v/t*ld[i]
				}
			}
		},
	}
	for _, a := range []float64{.1, .25, .35, .5, .8, 1.3, 2} {
		for _, b := range []float64{.1, .25, .35, .5, .8, 1.3, 2} {
			c.starts = append(c.starts, []float64{a, b})
		}
	}
	if white.chol == nil {
		c.quick = func(b solution, y, mult []float64) func() []float64 {
			w := newNewton(ln, ld, y, white.inv, mult, l)
			o := c.objective(y, mult)
			return func() []float64 {
				f := w.fine(found{p: b.p})
				if l.lad() {
					f = o.vertex(f)
				}
				if math.IsInf(f.value, 0) || math.IsNaN(f.value) {
					return nil
				}
				return f.p
			}
		}
	}
	c.newton = func() *newton { return newNewton(ln, ld, c.y, white.inv, nil, l) }
	return c
}

// newtons searches from projected starts, or from those of the paper.
func (c *curve) newtons(s Settings) solution {
	starts := make([][]float64, 0, 4500)
	if s.PaperGrid {
		for _, alpha := range []float64{0, .5, 1, 1.5, 2} {
			for _, beta := range []float64{0, .5, 1, 1.5, 2} {
				for _, e := range []float64{-1, -.5, 0, .5, 1} {
					for a := 0.; a <= 25; a += 5 {
						for b := 0.; b <= 25; b += 5 {
							starts = append(starts, []float64{a, b, e, alpha, beta})
						}
					}
				}
			}
		}
	} else {
		o, linear := c.projected(c.y0)
		r := make([]float64, c.n)
		for _, theta := range c.starts {
			o.residuals(theta, r, nil)
			if p, ok := c.join(linear(), theta); ok {
				starts = append(starts, p)
			}
		}
	}
	ends := make([]found, len(starts))
	s.parallel(len(starts), func() func(int) {
		w := c.newton()
		first := w.thin(60)
		return func(i int) {
			ends[i] = first.coarse(starts[i], 25)
			ends[i].value = w.at(ends[i].p)
		}
	})
	// Most of the paper's 4500 starts run into plateaus where a term has
	// vanished. Those that are far behind after the first steps are given up;
	// which ones does not depend on the order of work.
	best := math.Inf(1)
	for _, f := range ends {
		best = min(best, f.value)
	}
	// Of the paper's starts, those whose ways have met share the rest of it, led
	// by the first.
	leader := make([]int, len(ends))
	var leaders []int
	w := c.newton()
	for i, f := range ends {
		leader[i] = -1
		if f.value > 4*best {
			continue
		}
		p := w.center(f.p)
		for _, j := range leaders {
			q := w.center(ends[j].p)
			if s.PaperGrid && closeBy(p, q, .01) {
				leader[i] = j
				break
			}
		}
		if leader[i] < 0 {
			leader[i] = i
			leaders = append(leaders, i)
		}
	}
	fine := make([]found, len(leaders))
	s.parallel(len(leaders), func() func(int) {
		w := c.newton()
		return func(i int) { fine[i] = w.fine(ends[leaders[i]]) }
	})
	at := make(map[int]int, len(leaders))
	for i, j := range leaders {
		at[j] = i
	}
	for i, j := range leader {
		if j >= 0 {
			ends[i] = fine[at[j]]
		}
	}
	// An end at which loss rises along an axis is outside the law, unless there
	// is no other.
	inside := 0
	for _, f := range ends {
		if f.p[3] > 0 && f.p[4] > 0 {
			inside++
		}
	}
	if inside > 0 {
		for i, f := range ends {
			if !(f.p[3] > 0 && f.p[4] > 0) {
				ends[i].value = math.Inf(1)
			}
		}
	}
	b := c.choose(ends, c.y)
	if c.loss.lad() && !math.IsInf(b.value, 1) {
		b.found = c.objective(c.y, nil).vertex(b.found)
	}
	return b
}

// closeBy reports whether two points differ by at most eps in every coordinate.
func closeBy(p, q [5]float64, eps float64) bool {
	for j := range p {
		if !(math.Abs(p[j]-q[j]) <= eps) {
			return false
		}
	}
	return true
}
