package fit

import (
	"fmt"
	"math"
)

// PowerLaw is L = (Nc/N)^Alpha (Kaplan et al. 2020, arXiv 2001.08361, eq. 1.1):
// a straight line in log L against log N, without an irreducible part.
type PowerLaw struct {
	Nc    float64 // the size, in parameters, at which L would be 1
	Alpha float64 // positive if L falls with size
}

// At returns L at size n.
func (m PowerLaw) At(n float64) float64 { return math.Exp(m.Alpha * math.Log(m.Nc/n)) }

// Size returns the size at which L is y, or NaN unless y is positive.
func (m PowerLaw) Size(y float64) float64 { return m.Nc * math.Exp(-math.Log(y)/m.Alpha) }

// PowerLaw fits y = (Nc/n)^Alpha to 3 or more sizes n by least squares in log y
// (or the Loss of the settings): a residual is a relative error, and SE and Cov,
// given in units of y, are taken over to the logarithm.
func (s Settings) PowerLaw(n, y []float64) (*Fit[PowerLaw], error) {
	const form = "power law"
	if err := s.check(form, column{"size", n, true}, column{"y", y, true}); err != nil {
		return nil, err
	}
	if err := need(form, "sizes", n, 3, 3); err != nil {
		return nil, err
	}
	if err := varies(form, "y", y); err != nil {
		return nil, err
	}
	s = s.logErrors(y)
	white, err := s.whitener(form, len(n))
	if err != nil {
		return nil, err
	}
	x, ly := logs(n), logs(y)
	c := &curve{
		form: form, coords: []coord{logOf("Nc"), free("alpha")}, n: len(n), y: ly, white: white, loss: s.Loss,
		lin: 2, starts: [][]float64{{}},
		basis: func(_, phi, _ []float64) {
			for i, v := range x {
				phi[i], phi[len(x)+i], phi[2*len(x)+i] = 1, v, 0
			}
		},
		join: func(c, _ []float64) ([]float64, bool) {
			return []float64{-c[0] / c[1], -c[1]}, c[1] != 0
		},
		eval: func(p, fitted, jac []float64) {
			for i, v := range x {
				fitted[i] = p[1] * (p[0] - v)
				if jac != nil {
					jac[i], jac[len(x)+i] = p[1], p[0]-v
				}
			}
		},
	}
	b := c.search(s, c.y, c.y, nil)
	if math.IsInf(b.value, 1) {
		return nil, fmt.Errorf("fit: %s: %w: the slope in log N is 0", form, ErrConstant)
	}
	return finish(c, s, b, func(p []float64) PowerLaw { return PowerLaw{math.Exp(p[0]), p[1]} })
}

// logErrors takes SE and Cov of y over to log y.
func (s Settings) logErrors(y []float64) Settings {
	if s.SE != nil {
		se := make([]float64, len(y))
		for i, v := range s.SE {
			se[i] = v / y[i]
		}
		s.SE = se
	}
	if s.Cov != nil {
		cov := make([][]float64, len(y))
		for i, row := range s.Cov {
			cov[i] = make([]float64, len(y))
			for j, v := range row {
				cov[i][j] = v / (y[i] * y[j])
			}
		}
		s.Cov = cov
	}
	return s
}

func logs(v []float64) []float64 {
	r := make([]float64, len(v))
	for i, x := range v {
		r[i] = math.Log(x)
	}
	return r
}
