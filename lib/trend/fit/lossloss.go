package fit

import (
	"math"
	"slices"
)

// LossToLoss is L1 = E1 + K (L0 - E0)^Kappa: the loss on one data set from that
// on another, over models of different sizes (Brandfonbrener et al. 2024, arXiv
// 2411.12925, eq. 3). K and Kappa are positive, E0 lies below every L0.
type LossToLoss struct {
	E0, E1, K, Kappa float64
}

// At returns L1 at l0; NaN below E0.
func (m LossToLoss) At(l0 float64) float64 { return m.E1 + m.K*math.Pow(l0-m.E0, m.Kappa) }

// LossToLoss fits L1 against L0 of 6 or more different L0 by least squares (or
// the Loss of the settings). E1 and K come in closed form inside the search over
// E0, from just below the lowest L0 to ten times its range below, and Kappa. E0 is poorly
// determined unless the losses come near it: mind its interval.
func (s Settings) LossToLoss(l0, l1 []float64) (*Fit[LossToLoss], error) {
	const form = "loss to loss"
	if err := s.check(form, column{"L0", l0, false}, column{"L1", l1, false}); err != nil {
		return nil, err
	}
	if err := need(form, "values of L0", l0, 6, 6); err != nil {
		return nil, err
	}
	if err := varies(form, "L1", l1); err != nil {
		return nil, err
	}
	white, err := s.whitener(form, len(l0))
	if err != nil {
		return nil, err
	}
	n, low := len(l0), slices.Min(l0)
	span := slices.Max(l0) - low
	// theta: log of the gap low - E0, log kappa.
	gap := logWithin("E0", 1e-3*span, 10*span)
	kappa := logWithin("kappa", .05, 20)
	c := &curve{
		form: form, n: n, y: l1, white: white, loss: s.Loss,
		coords: []coord{free("E1"), free("K"), gap, kappa},
		lin:    2, non: 2, lo: []float64{gap.lo, kappa.lo}, hi: []float64{gap.hi, kappa.hi},
		join: func(c, theta []float64) ([]float64, bool) { return []float64{c[0], c[1], theta[0], theta[1]}, true },
		basis: func(theta, phi, dphi []float64) {
			g, k := math.Exp(theta[0]), math.Exp(theta[1])
			for i, v := range l0 {
				x := v - low + g
				l := math.Log(x)
				e := math.Exp(k * l)
				phi[i], phi[n+i], phi[2*n+i] = 1, e, 0
				if dphi != nil {
					dphi[i], dphi[n+i], dphi[2*n+i] = 0, k*e/x*g, 0
					dphi[3*n+i], dphi[4*n+i], dphi[5*n+i] = 0, k*l*e, 0
				}
			}
		},
		eval: func(p, fitted, jac []float64) {
			g, k := math.Exp(p[2]), math.Exp(p[3])
			for i, v := range l0 {
				x := v - low + g
				l := math.Log(x)
				e := math.Exp(k * l)
				fitted[i] = p[0] + p[1]*e
				if jac != nil {
					jac[i], jac[n+i], jac[2*n+i], jac[3*n+i] = 1, e, p[1]*k*e/x*g, p[1]*k*l*e
				}
			}
		},
	}
	for _, g := range []float64{.02, .1, .5, 2} {
		for _, k := range []float64{.5, 1, 2} {
			c.starts = append(c.starts, []float64{math.Log(g * span), math.Log(k)})
		}
	}
	f, err := finish(c, s, c.search(s, l1, l1, nil), func(p []float64) LossToLoss {
		return LossToLoss{E1: p[0], K: p[1], E0: low - math.Exp(p[2]), Kappa: math.Exp(p[3])}
	})
	if err != nil {
		return nil, err
	}
	// The coordinate is the gap; report E0 itself.
	e := &f.Params[2]
	e.Value, e.Lo, e.Hi = low-e.Value, low-e.Hi, low-e.Lo
	f.Params[0], f.Params[2] = f.Params[2], f.Params[0]
	f.Params[1], f.Params[2] = f.Params[2], f.Params[1]
	return f, nil
}
