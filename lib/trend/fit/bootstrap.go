package fit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// refits runs the bootstrap: draws are coordinates, in order, failures left out.
func (c *curve) refits(s Settings, b solution) [][]float64 {
	const chunk = 25
	how, count := s.Resample, s.replicates()
	switch {
	case how != ByForm:
	case c.white.known():
		how = Parametric
	case c.n >= 20 && !c.loss.squares():
		how = Cases
	default:
		how = Residuals
	}
	k := len(c.coords)
	fitted, pool := make([]float64, c.n), make([]float64, c.n)
	c.eval(b.p, fitted, nil)
	inflate := math.Sqrt(float64(c.n) / max(1, float64(c.n-k)))
	for i := range pool {
		pool[i] = (c.y[i] - fitted[i]) * inflate
	}
	c.white.apply(pool)
	if how == Residuals {
		// Least squares with an intercept has mean 0 already.
		var mean float64
		for _, v := range pool {
			mean += v / float64(c.n)
		}
		for i := range pool {
			pool[i] -= mean
		}
	}
	seeds := make([][2]uint64, (count+chunk-1)/chunk)
	for i := range seeds {
		seeds[i] = [2]uint64{s.Rand.Uint64(), s.Rand.Uint64()}
	}
	draws := make([][]float64, count)
	s.parallel(len(seeds), func() func(int) {
		y, mult := slices.Clone(c.y), make([]float64, c.n)
		for i := range mult {
			mult[i] = 1
		}
		refit := c.refit(b, y, mult)
		return func(i int) {
			rng := rand.New(rand.NewPCG(seeds[i][0], seeds[i][1]))
			for d := i * chunk; d < min(count, (i+1)*chunk); d++ {
				switch how {
				case Cases:
					clear(mult)
					for range mult {
						mult[rng.IntN(c.n)]++
					}
				case Parametric:
					for j := range y {
						y[j] = rng.NormFloat64()
					}
				default:
					for j := range y {
						y[j] = pool[rng.IntN(c.n)]
					}
				}
				if how != Cases {
					c.white.colour(y)
					for j := range y {
						y[j] += fitted[j]
					}
				}
				draws[d] = refit()
			}
		}
	})
	return slices.DeleteFunc(draws, func(p []float64) bool { return p == nil })
}

// refit returns a function that fits y with mult anew: by the form's quick way,
// else from the estimate and from the next best basin.
func (c *curve) refit(b solution, y, mult []float64) func() []float64 {
	if c.quick != nil {
		return c.quick(b, y, mult)
	}
	o := c.objective(y, mult)
	return func() []float64 {
		f := o.descend(b.p, nil, steps)
		for i := 0; i < min(1, len(b.others)); i++ {
			if g := o.descend(b.others[i].p, nil, steps); g.value < f.value*(1-same) {
				f = g
			}
		}
		if math.IsInf(f.value, 0) || math.IsNaN(f.value) {
			return nil
		}
		return f.p
	}
}

// bootstrap sets Draws, and the errors and intervals of the parameters from them.
func (f *Fit[M]) bootstrap(c *curve, s Settings, b solution) {
	draws := c.refits(s, b)
	if lost := s.replicates() - len(draws); lost > 0 {
		f.Warnings = append(f.Warnings, fmt.Errorf("%s: %d of %d bootstrap refits failed: %w", c.form, lost, s.replicates(), ErrUnconverged))
	}
	f.Draws = make([]M, len(draws))
	for i, p := range draws {
		f.Draws[i] = f.model(p)
	}
	reported := make([][]float64, len(draws))
	for i, p := range draws {
		reported[i] = c.report(p)
	}
	v := make([]float64, len(draws))
	for j := range c.coords {
		for i, r := range reported {
			v[i] = r[j]
		}
		f.Params[j].SE, f.Params[j].Lo, f.Params[j].Hi = spread(v, expanded(f.Level, f.Points-f.Free, f.known))
	}
}

// spread sorts v and returns its standard deviation and percentiles.
func spread(v []float64, level float64) (sd, lo, hi float64) {
	if len(v) < 2 {
		return math.NaN(), math.NaN(), math.NaN()
	}
	slices.Sort(v)
	var mean, ss float64
	for _, x := range v {
		mean += x / float64(len(v))
	}
	for _, x := range v {
		ss += (x - mean) * (x - mean)
	}
	return math.Sqrt(ss / float64(len(v)-1)), percentile(v, (1-level)/2), percentile(v, (1+level)/2)
}
