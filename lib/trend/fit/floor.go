package fit

import (
	"fmt"
	"math"
	"slices"
)

// FloorSigmoid is acc = (1-H) sigma(W0 + W.x) + H: accuracy of models of many
// families against one or more capability measures x, such as log10 of compute
// or the principal components of benchmarks (Ruan et al. 2024, arXiv 2405.10938,
// eq. 7 with their fixed height of 1).
type FloorSigmoid struct {
	W0 float64
	W  []float64 // per unit of each measure
	H  float64   // the floor, 0 to 0.2
}

// At returns the accuracy at measures x, one value each.
func (m FloorSigmoid) At(x ...float64) float64 {
	if len(x) != len(m.W) {
		panic(fmt.Sprintf("fit: FloorSigmoid of %d measures at %d values", len(m.W), len(x)))
	}
	t := m.W0
	for j, w := range m.W {
		t += w * x[j]
	}
	return (1-m.H)*logistic(t) + m.H
}

// FloorSigmoid fits accuracy to measures x[model][measure] of 30 or more models
// by least squares (or the Loss of the settings), H within [0, 0.2]. H is linear
// and solved for inside the search over the weights, which starts from several
// steepnesses along the regression of accuracy on the measures and along each
// measure.
func (s Settings) FloorSigmoid(x [][]float64, acc []float64) (*Fit[FloorSigmoid], error) {
	const form = "sigmoid with floor"
	if len(x) == 0 {
		return nil, fmt.Errorf("fit: %s: %w: no models", form, ErrTooFew)
	}
	if len(x) != len(acc) {
		return nil, fmt.Errorf("fit: %s: %w: measures of %d models, accuracies of %d", form, ErrInput, len(x), len(acc))
	}
	n, m := len(x), len(x[0])
	cols := []column{{"accuracy", acc, false}}
	z := make([][]float64, m) // standardised measures
	mid, sd := make([]float64, m), make([]float64, m)
	for j := range m {
		z[j] = make([]float64, n)
		for i, row := range x {
			if len(row) != m {
				return nil, fmt.Errorf("fit: %s: %w: model %d has %d measures, want %d", form, ErrInput, i+1, len(row), m)
			}
			z[j][i] = row[j]
		}
		cols = append(cols, column{fmt.Sprint("measure ", j+1), z[j], false})
	}
	if err := s.check(form, cols...); err != nil {
		return nil, err
	}
	if m == 0 {
		return nil, fmt.Errorf("fit: %s: %w: no measures", form, ErrInput)
	}
	if n < 30 {
		return nil, fmt.Errorf("fit: %s: %w: %d models, want 30 or more over families", form, ErrTooFew, n)
	}
	if err := varies(form, "accuracy", acc); err != nil {
		return nil, err
	}
	for j := range m {
		if err := varies(form, fmt.Sprint("measure ", j+1), z[j]); err != nil {
			return nil, err
		}
		mid[j] = mean(z[j])
		for _, v := range z[j] {
			sd[j] += (v - mid[j]) * (v - mid[j]) / float64(n)
		}
		sd[j] = math.Sqrt(sd[j])
		for i := range z[j] {
			z[j][i] = (z[j][i] - mid[j]) / sd[j]
		}
	}
	white, err := s.whitener(form, n)
	if err != nil {
		return nil, err
	}
	c := &curve{
		form: form, n: n, y: acc, white: white, loss: s.Loss, lin: 1, non: 1 + m,
		coords: []coord{within("h", 0, .2), free("w0")},
		basis: func(theta, phi, dphi []float64) {
			for i := range n {
				t := theta[0]
				for j := range m {
					t += theta[1+j] * z[j][i]
				}
				g := logistic(t)
				phi[i], phi[n+i] = 1-g, g
				if dphi != nil {
					d := g * (1 - g)
					dphi[i], dphi[n+i] = -d, d
					for j := range m {
						dphi[(2+2*j)*n+i], dphi[(3+2*j)*n+i] = -d*z[j][i], d*z[j][i]
					}
				}
			}
		},
		eval: func(p, fitted, jac []float64) {
			for i, row := range x {
				t := p[1]
				for j, v := range row {
					t += p[2+j] * v
				}
				g := logistic(t)
				fitted[i] = (1-p[0])*g + p[0]
				if jac != nil {
					d := (1 - p[0]) * g * (1 - g)
					jac[i], jac[n+i] = 1-g, d
					for j, v := range row {
						jac[(2+j)*n+i] = d * v
					}
				}
			}
		},
		join: func(h, theta []float64) ([]float64, bool) {
			p := append([]float64{h[0]}, theta...)
			for j := range m {
				p[2+j] /= sd[j]
				p[1] -= p[2+j] * mid[j]
			}
			return p, true
		},
	}
	for j := range m {
		name := "w"
		if m > 1 {
			name = fmt.Sprint("w", j+1)
		}
		c.coords = append(c.coords, free(name))
	}
	slope := regress(z, acc)
	directions := [][]float64{slope}
	for j := range m {
		for _, side := range []float64{-1, 1} {
			d := make([]float64, m)
			d[j] = side
			directions = append(directions, d)
		}
	}
	for _, d := range directions {
		for _, w := range []float64{.3, 1.5, 5} {
			for _, w0 := range []float64{-5, -2, 0, 2} {
				theta := []float64{w0}
				for _, v := range d {
					theta = append(theta, w*v)
				}
				c.starts = append(c.starts, theta)
			}
		}
	}
	f, err := finish(c, s, c.search(s, acc, acc, nil), func(p []float64) FloorSigmoid {
		return FloorSigmoid{H: p[0], W0: p[1], W: slices.Clone(p[2:])}
	})
	if err == nil {
		// In the order of the definition: w0, w, h.
		f.Params = append(slices.Clone(f.Params[1:]), f.Params[0])
	}
	return f, err
}

// regress returns the direction, of unit length, of the least-squares weights of
// y on standardised columns, with a little ridge against collinear ones.
func regress(z [][]float64, y []float64) []float64 {
	m, mid := len(z), mean(y)
	hess, grad, diag := make([]float64, m*m), make([]float64, m), make([]float64, m)
	use, w := make([]bool, m), make([]float64, m)
	for a := range m {
		use[a] = true
		for i, v := range z[a] {
			grad[a] += v * (y[i] - mid)
			for b := range m {
				hess[a*m+b] += v * z[b][i]
			}
		}
		diag[a] = 1e-3 * hess[a*m+a]
	}
	solve(hess, grad, diag, use, make([]float64, m*m), w, m)
	unit(w)
	return w
}
