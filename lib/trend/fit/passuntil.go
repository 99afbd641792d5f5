package fit

import (
	"fmt"
	"math"
)

// PassUntil is pass = exp(-C N^-Alpha): the probability of passing an item, by
// sampling until it passes, against size (Hu et al. 2023, arXiv 2310.03262, eq.
// 5): a straight line of log(-log pass) in log N, visible long before accuracy
// leaves 0.
type PassUntil struct {
	C, Alpha float64
}

// At returns the probability of a pass at size n.
func (m PassUntil) At(n float64) float64 { return math.Exp(-m.C * math.Exp(-m.Alpha*math.Log(n))) }

// Size returns the size at which the probability of a pass is p.
func (m PassUntil) Size(p float64) float64 {
	return math.Exp(math.Log(m.C/-math.Log(p)) / m.Alpha)
}

// PassUntil fits the probability of a pass, strictly between 0 and 1, at 3 or
// more sizes by least squares in log(-log pass); SE and Cov, in units of pass,
// are taken over to that scale. To fit many items at once, see [PassUntilItems].
func (s Settings) PassUntil(n, pass []float64) (*Fit[PassUntil], error) {
	const form = "PassUntil"
	if err := s.check(form, column{"size", n, true}, column{"pass probability", pass, true}); err != nil {
		return nil, err
	}
	if err := need(form, "sizes", n, 3, 3); err != nil {
		return nil, err
	}
	if err := varies(form, "pass probability", pass); err != nil {
		return nil, err
	}
	y, slope := make([]float64, len(n)), make([]float64, len(n))
	for i, p := range pass {
		if p >= 1 {
			return nil, fmt.Errorf("fit: %s: %w: point %d: pass probability is %v, want above 0 and below 1", form, ErrInput, i+1, p)
		}
		y[i] = math.Log(-math.Log(p))
		slope[i] = 1 / (p * math.Log(p)) // of log(-log p)
	}
	white, err := s.scaleErrors(slope).whitener(form, len(n))
	if err != nil {
		return nil, err
	}
	for i := range white.inv {
		white.inv[i] = math.Abs(white.inv[i])
	}
	x := logs(n)
	c := &curve{
		form: form, n: len(n), y: y, white: white, loss: s.Loss,
		coords: []coord{logOf("C"), free("alpha")}, lin: 2, starts: [][]float64{{}},
		basis: func(_, phi, _ []float64) {
			for i, v := range x {
				phi[i], phi[len(x)+i], phi[2*len(x)+i] = 1, -v, 0
			}
		},
		join: func(c, _ []float64) ([]float64, bool) { return c, true },
		eval: func(p, fitted, jac []float64) {
			for i, v := range x {
				fitted[i] = p[0] - p[1]*v
				if jac != nil {
					jac[i], jac[len(x)+i] = 1, -v
				}
			}
		},
	}
	return finish(c, s, c.search(s, y, y, nil), func(p []float64) PassUntil { return PassUntil{math.Exp(p[0]), p[1]} })
}

// ItemPass is PassUntil with an exponent common to the items and a constant of
// each: the pass rate of the set is the mean over items, which bends where that
// of an item does not.
type ItemPass struct {
	C     []float64 // [item]
	Alpha float64
}

// At returns the mean probability of a pass at size n; NaN without items.
func (m ItemPass) At(n float64) float64 {
	var s float64
	for _, c := range m.C {
		s += PassUntil{c, m.Alpha}.At(n)
	}
	return s / float64(len(m.C))
}

// PassUntilItems fits pass[size][item], each strictly between 0 and 1, at 3 or
// more sizes and 2 or more items: a common exponent in closed form, with the t
// interval of the mean over items of each one's own slope, so that items may
// differ; C without intervals, that would be one a item, is left to the model.
func (s Settings) PassUntilItems(n []float64, pass [][]float64) (*Fit[ItemPass], error) {
	const form = "PassUntil by item"
	if err := s.check(form, column{"size", n, true}); err != nil {
		return nil, err
	}
	if err := need(form, "sizes", n, 3, 3); err != nil {
		return nil, err
	}
	if s.SE != nil || s.Cov != nil || !s.Loss.squares() {
		return nil, fmt.Errorf("fit: %s: %w: SE, Cov and robust losses are not for items: their own scatter is the error", form, ErrInput)
	}
	if len(pass) != len(n) {
		return nil, fmt.Errorf("fit: %s: %w: pass probabilities at %d sizes, %d sizes", form, ErrInput, len(pass), len(n))
	}
	items := len(pass[0])
	if items < 2 {
		return nil, fmt.Errorf("fit: %s: %w: %d items, want 2 or more", form, ErrTooFew, items)
	}
	x := logs(n)
	mid := mean(x)
	var sxx float64
	for _, v := range x {
		sxx += (v - mid) * (v - mid)
	}
	slopes, level := make([]float64, items), make([]float64, items)
	for k, row := range pass {
		if len(row) != items {
			return nil, fmt.Errorf("fit: %s: %w: size %d has %d items, want %d", form, ErrInput, k+1, len(row), items)
		}
		for i, p := range row {
			if !(p > 0 && p < 1) {
				return nil, fmt.Errorf("fit: %s: %w: size %d, item %d: pass probability is %v, want above 0 and below 1", form, ErrInput, k+1, i+1, p)
			}
			z := math.Log(-math.Log(p))
			slopes[i] -= (x[k] - mid) * z / sxx
			level[i] += z / float64(len(n))
		}
	}
	m := ItemPass{C: make([]float64, items), Alpha: mean(slopes)}
	var rss, ss float64
	for i := range items {
		lc := level[i] + m.Alpha*mid
		m.C[i] = math.Exp(lc)
		ss += (slopes[i] - m.Alpha) * (slopes[i] - m.Alpha)
		for k, v := range x {
			r := math.Log(-math.Log(pass[k][i])) - lc + m.Alpha*v
			rss += r * r
		}
	}
	points, free := items*len(n), items+1
	f := &Fit[ItemPass]{
		Form: form, Model: m, Objective: rss, Points: points, Free: free, Starts: 1, Agree: 1,
		Sigma: math.Sqrt(rss / float64(points-free)), Level: s.level(),
	}
	p := Param{Name: "alpha", Value: m.Alpha, SE: math.Sqrt(ss / float64(items-1) / float64(items))}
	half := quantile(f.Level, items-1, false) * p.SE
	p.Lo, p.Hi = p.Value-half, p.Value+half
	f.Params = []Param{p}
	return f, nil
}
