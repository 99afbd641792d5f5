package fit

import (
	"math"
	"slices"
)

// Sigmoid is acc = A/(1 + exp(-K (x - X0))) + B, accuracy against loss: step two
// of the ladder (Bhagia et al. 2024, arXiv 2412.04403, eq. 3).
type Sigmoid struct {
	A  float64 // -1 to 0: the fall from low loss to high
	X0 float64 // the loss halfway, at least 0
	K  float64 // per unit of loss, at least 0
	B  float64 // 0 to 1: the accuracy at a very low loss
}

// At returns the accuracy at a loss.
func (m Sigmoid) At(loss float64) float64 { return m.A*logistic(m.K*(loss-m.X0)) + m.B }

// Loss returns the loss at which the accuracy is acc; NaN outside its range.
func (m Sigmoid) Loss(acc float64) float64 {
	q := (acc - m.B) / m.A
	return m.X0 + math.Log(q/(1-q))/m.K
}

func logistic(t float64) float64 {
	z := math.Exp(-math.Abs(t))
	if t > 0 {
		return 1 / (1 + z)
	}
	return z / (1 + z)
}

// Sigmoid fits accuracy against loss to 5 or more different losses within the
// bounds of the ladder: A in [-1, 0], B in [0, 1], K and X0 at least 0. A and B
// are solved for in closed form inside a search over K and X0 from a grid of
// starts, then all four descend within their bounds.
func (s Settings) Sigmoid(loss, acc []float64) (*Fit[Sigmoid], error) {
	const form = "sigmoid in loss"
	if err := s.check(form, column{"loss", loss, false}, column{"accuracy", acc, false}); err != nil {
		return nil, err
	}
	if err := need(form, "losses", loss, 5, 5); err != nil {
		return nil, err
	}
	if err := shares(form, acc); err != nil {
		return nil, err
	}
	if err := varies(form, "accuracy", acc); err != nil {
		return nil, err
	}
	white, err := s.whitener(form, len(loss))
	if err != nil {
		return nil, err
	}
	n := len(loss)
	lo, hi := slices.Min(loss), slices.Max(loss)
	k := logWithin("k", 1e-3/(hi-lo), 1e4/(hi-lo))
	c := &curve{
		form: form, n: n, y: acc, white: white, loss: s.Loss,
		coords: []coord{within("a", -1, 0), within("x0", 0, math.Inf(1)), k, within("b", 0, 1)},
		lin:    2, non: 2, lo: []float64{0, k.lo}, hi: []float64{max(hi, 0) + 5*(hi-lo), k.hi},
		join: func(c, theta []float64) ([]float64, bool) {
			return []float64{min(c[1], -1e-3), theta[0], theta[1], c[0]}, true
		},
		basis: func(theta, phi, dphi []float64) {
			k := math.Exp(theta[1])
			for i, x := range loss {
				g := logistic(k * (x - theta[0]))
				phi[i], phi[n+i], phi[2*n+i] = 1, g, 0
				if dphi != nil {
					h := g * (1 - g)
					dphi[i], dphi[n+i], dphi[2*n+i] = 0, -k*h, 0
					dphi[3*n+i], dphi[4*n+i], dphi[5*n+i] = 0, k*(x-theta[0])*h, 0
				}
			}
		},
		eval: func(p, fitted, jac []float64) {
			k := math.Exp(p[2])
			for i, x := range loss {
				g := logistic(k * (x - p[1]))
				fitted[i] = p[0]*g + p[3]
				if jac != nil {
					h := p[0] * g * (1 - g)
					jac[i], jac[n+i], jac[2*n+i], jac[3*n+i] = g, -k*h, k*(x-p[1])*h, 1
				}
			}
		},
	}
	for _, x := range []float64{.1, .5, .9} {
		for _, w := range []float64{1, 4, 15} {
			c.starts = append(c.starts, []float64{max(lo+x*(hi-lo), 0), math.Log(w / (hi - lo))})
		}
	}
	return finish(c, s, c.search(s, acc, acc, nil), func(p []float64) Sigmoid {
		return Sigmoid{A: p[0], X0: p[1], K: math.Exp(p[2]), B: p[3]}
	})
}
