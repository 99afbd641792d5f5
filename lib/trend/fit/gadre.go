package fit

import (
	"fmt"
	"math"
)

// ErrorLaw is err = Eps - K exp(-Gamma L): mean downstream error against loss
// (Gadre et al. 2024, arXiv 2403.08540, eq. 5). Error and loss fall together.
type ErrorLaw struct {
	Eps   float64 // the error of a model that knows nothing, a share of 1
	K     float64
	Gamma float64 // per unit of loss, positive
}

// At returns the error at a loss.
func (m ErrorLaw) At(loss float64) float64 { return m.Eps - m.K*math.Exp(-m.Gamma*loss) }

// ErrorLaw fits the error law to 5 or more different losses by least squares (or
// the Loss of the settings), Eps and K in closed form within the search over
// Gamma.
func (s Settings) ErrorLaw(loss, err []float64) (*Fit[ErrorLaw], error) {
	const form = "error law"
	if e := s.check(form, column{"loss", loss, false}, column{"error", err, false}); e != nil {
		return nil, e
	}
	if e := need(form, "losses", loss, 5, 5); e != nil {
		return nil, e
	}
	return fitDecay(s, form, [3]string{"eps", "k", "gamma"}, -1, loss, err, func(p [3]float64) ErrorLaw {
		return ErrorLaw{Eps: p[0], K: p[1], Gamma: p[2]}
	})
}

// SharedExponent is L = E + A N^-Alpha + B D^-Alpha, one exponent for both axes
// (Gadre et al. 2024, eq. 4). Their code writes it with b = -Alpha, tokens a
// parameter M and C = 6 N D: L = E + a N^b + c 6^(b/2) (M N)^b.
type SharedExponent struct {
	E, A, B float64
	Alpha   float64 // positive
}

// At returns the loss at n parameters and d tokens.
func (m SharedExponent) At(n, d float64) float64 {
	return m.E + m.A*math.Pow(n, -m.Alpha) + m.B*math.Pow(d, -m.Alpha)
}

// SharedExponent fits the loss law to 5 or more runs of n parameters and d
// tokens, with two or more different n and two or more different ratios d/n,
// without which A and B cannot be told apart. Runs need not form a grid: Gadre
// et al. fit five, four of them at 20 tokens a parameter.
func (s Settings) SharedExponent(n, d, loss []float64) (*Fit[SharedExponent], error) {
	const form = "loss law with one exponent"
	if err := s.check(form, column{"size", n, true}, column{"tokens", d, true}, column{"loss", loss, false}); err != nil {
		return nil, err
	}
	if err := need(form, "sizes", n, 2, 5); err != nil {
		return nil, err
	}
	// To a thousandth of a natural log: D = 20 N is often rounded to batches.
	ratio := make([]float64, len(n))
	for i := range n {
		ratio[i] = math.Round(math.Log(d[i]/n[i]) * 1e3)
	}
	if k := distinct(ratio); k < 2 {
		return nil, fmt.Errorf("fit: %s: %w: one ratio of tokens to parameters in all %d runs, want 2 or more", form, ErrTooFew, len(n))
	}
	if err := varies(form, "loss", loss); err != nil {
		return nil, err
	}
	white, err := s.whitener(form, len(n))
	if err != nil {
		return nil, err
	}
	k, ln, ld := len(n), logs(n), logs(d)
	mn, md := mean(ln), mean(ld)
	c := &curve{
		form: form, n: k, y: loss, white: white, loss: s.Loss,
		coords: []coord{free("E"), logOf("A"), logOf("B"), logWithin("alpha", 1e-3, 10)},
		lin:    3, non: 1, lo: []float64{math.Log(1e-3)}, hi: []float64{math.Log(10)},
		basis: func(theta, phi, dphi []float64) {
			a := math.Exp(theta[0])
			for i := range k {
				en, ed := math.Exp(-a*(ln[i]-mn)), math.Exp(-a*(ld[i]-md))
				phi[i], phi[k+i], phi[2*k+i], phi[3*k+i] = 1, en, ed, 0
				if dphi != nil {
					dphi[i], dphi[k+i], dphi[2*k+i], dphi[3*k+i] = 0, -a*(ln[i]-mn)*en, -a*(ld[i]-md)*ed, 0
				}
			}
		},
		join: func(c, theta []float64) ([]float64, bool) {
			a := math.Exp(theta[0])
			// A rising term has no place in the law; start it small.
			small := 1e-3 * (math.Abs(c[1]) + math.Abs(c[2]))
			return []float64{c[0], math.Log(max(c[1], small)) + a*mn, math.Log(max(c[2], small)) + a*md, theta[0]}, small > 0
		},
		eval: func(p, fitted, jac []float64) {
			a := math.Exp(p[3])
			for i := range k {
				en, ed := math.Exp(p[1]-a*ln[i]), math.Exp(p[2]-a*ld[i])
				fitted[i] = p[0] + en + ed
				if jac != nil {
					jac[i], jac[k+i], jac[2*k+i] = 1, en, ed
					jac[3*k+i] = -a * (ln[i]*en + ld[i]*ed)
				}
			}
		},
	}
	for _, a := range []float64{.03, .08, .15, .25, .4, .7, 1.2} {
		c.starts = append(c.starts, []float64{math.Log(a)})
	}
	return finish(c, s, c.search(s, loss, loss, nil), func(p []float64) SharedExponent {
		return SharedExponent{E: p[0], A: math.Exp(p[1]), B: math.Exp(p[2]), Alpha: math.Exp(p[3])}
	})
}

func mean(v []float64) float64 {
	var s float64
	for _, x := range v {
		s += x
	}
	return s / float64(len(v))
}
