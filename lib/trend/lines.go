package trend

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Lines are the straight lines through a series under different assumptions
// about the errors: the slope a decade with its standard error.
type Lines struct {
	OLS           float64 // ordinary least squares
	SEPaired      float64 // of OLS, from item noise with its covariance
	SEIndependent float64 // of OLS, from item noise as if items were not shared
	SEModel       float64 // of OLS, from the scatter of the points about the line, n-2 degrees of freedom
	PModel        float64 // two-sided, of OLS with SEModel
	WLS, SEWLS    float64 // weighted by 1/SE^2
	GLS, SEGLS    float64 // weighted by the inverse covariance
	// Chi2 tests the line against item noise (with its covariance), DF = n-2
	// degrees of freedom: a small P says that the points scatter about the line
	// more than the items explain.
	Chi2, Chi2P float64
	DF          int
}

// FitLines fits the lines to a valid series of three points or more whose
// standard errors are above 0.
func FitLines(s Series) (Lines, error) {
	if err := s.Validate(); err != nil {
		return Lines{}, err
	}
	n, se := s.Len(), s.se()
	if n < 3 {
		return Lines{}, fmt.Errorf("series %q: lines with errors need three points, there are %d", s.Name, n)
	}
	l := Lines{DF: n - 2}
	l.OLS, l.SEPaired = PairedSlope(s)
	w := slopeWeights(s.X)
	mx, my, v := 0.0, 0.0, 0.0
	for k := range n {
		mx += s.X[k] / float64(n)
		my += s.Y[k] / float64(n)
		v += w[k] * w[k] * se[k] * se[k]
	}
	l.SEIndependent = math.Sqrt(v)
	rss, sxx := 0.0, 0.0
	for k := range n {
		r := s.Y[k] - my - l.OLS*(s.X[k]-mx)
		rss += r * r
		sxx += (s.X[k] - mx) * (s.X[k] - mx)
	}
	l.SEModel = math.Sqrt(rss / float64(n-2) / sxx)
	l.PModel = twoSided(ratio(l.OLS, l.SEModel), float64(n-2))
	diagonal := make([][]float64, n)
	for k := range diagonal {
		diagonal[k] = make([]float64, n)
		diagonal[k][k] = se[k] * se[k]
	}
	var err error
	var chi2 float64
	if l.WLS, l.SEWLS, chi2, err = weighted(s, diagonal); err != nil {
		return Lines{}, err
	}
	l.GLS, l.SEGLS, l.Chi2 = l.WLS, l.SEWLS, chi2
	if s.Cov != nil {
		if l.GLS, l.SEGLS, l.Chi2, err = weighted(s, s.Cov); err != nil {
			return Lines{}, err
		}
	}
	l.Chi2P = mathext.GammaIncRegComp(float64(n-2)/2, l.Chi2/2)
	return l, nil
}

// weighted fits the generalised least squares line for covariance v.
func weighted(s Series, v [][]float64) (slope, se, chi2 float64, err error) {
	n := s.Len()
	l := make([][]float64, n)
	one, x, y := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		l[i] = make([]float64, i+1)
		for j := range i + 1 {
			c := v[i][j]
			for k := range j {
				c -= l[i][k] * l[j][k]
			}
			if i == j {
				if c <= 1e-14*v[i][i] {
					return 0, 0, 0, fmt.Errorf("series %q: the covariance is singular at point %d: fewer items than models, or an error of 0", s.Name, i+1)
				}
				l[i][i] = math.Sqrt(c)
			} else {
				l[i][j] = c / l[j][j]
			}
		}
		a, b, c := 1.0, s.X[i]-s.X[0], s.Y[i]
		for k := range i {
			a -= l[i][k] * one[k]
			b -= l[i][k] * x[k]
			c -= l[i][k] * y[k]
		}
		one[i], x[i], y[i] = a/l[i][i], b/l[i][i], c/l[i][i]
	}
	dot := func(a, b []float64) float64 {
		t := 0.0
		for i := range a {
			t += a[i] * b[i]
		}
		return t
	}
	a11, a1x, axx := dot(one, one), dot(one, x), dot(x, x)
	a1y, axy := dot(one, y), dot(x, y)
	det := a11*axx - a1x*a1x
	slope = (a11*axy - a1x*a1y) / det
	level := (a1y - slope*a1x) / a11
	for i := range y {
		r := y[i] - level*one[i] - slope*x[i]
		chi2 += r * r
	}
	return slope, math.Sqrt(a11 / det), chi2, nil
}

// FromItems makes a series of the values of every item on every model,
// [model][item], with the standard errors and the covariance that the shared
// items give (divisor items-1). x is in ascending order.
func FromItems(name string, kind Kind, x []float64, values [][]float64) (Series, error) {
	s := Series{Name: name, Kind: kind, X: x}
	if len(values) != len(x) {
		return s, fmt.Errorf("series %q: items of %d models for %d sizes", name, len(values), len(x))
	}
	if len(x) == 0 {
		return s, fmt.Errorf("series %q: no models", name)
	}
	n := len(values[0])
	if n < 2 {
		return s, fmt.Errorf("series %q: %d items; a standard error needs two", name, n)
	}
	for k, row := range values {
		if len(row) != n {
			return s, fmt.Errorf("series %q: model %d has %d items, the first has %d", name, k+1, len(row), n)
		}
		sum := 0.0
		for i, v := range row {
			if !finite(v) {
				return s, fmt.Errorf("series %q: model %d, item %d: value %v", name, k+1, i+1, v)
			}
			sum += v
		}
		s.Y = append(s.Y, sum/float64(n))
	}
	s.Cov = make([][]float64, len(x))
	s.SE = make([]float64, len(x))
	for j := range x {
		s.Cov[j] = make([]float64, len(x))
		for k := range j + 1 {
			c := 0.0
			for i := range n {
				c += (values[j][i] - s.Y[j]) * (values[k][i] - s.Y[k])
			}
			c /= float64(n-1) * float64(n)
			s.Cov[j][k], s.Cov[k][j] = c, c
		}
		s.SE[j] = math.Sqrt(s.Cov[j][j])
	}
	return s, s.Validate()
}
