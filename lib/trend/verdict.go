package trend

import (
	"fmt"
	"math"
	"slices"
)

// Settings are the choices behind a result. The zero value is the default of
// every field.
type Settings struct {
	// Margin is the change, in the metric's unit, that is too small to matter. The
	// verdict Flat needs it: the whole curve must be shown to stay within it.
	// 0: nothing is ever called flat.
	Margin float64
	// Reference forecasts with the plain model average of the design, without
	// this package's prior and calibration.
	Reference bool
	// Threshold is the accuracy whose crossing is a breakthrough; 0: one half.
	Threshold float64
}

// level is the two-sided error of every verdict.
const level = 0.05

// minTrend and minTurn are the fewest models on which a trend, and a trend that
// turns, is judged.
const (
	minTrend = 4
	minTurn  = 6
)

// caution is the factor on the standard error of the model average's contrasts.
// With it a flat truth gets any verdict but flat or inconclusive in at most 5%
// of series, whatever the scatter between models and their spacing, also where
// the items tell nothing: simulated at 4 to 16 models with scatter of 1 to 100
// times the item noise, 4000 series each.
func caution(models int) float64 {
	switch {
	case models <= 6:
		return 1.08
	case models <= 9:
		return 1.03
	}
	return 0.97
}

// Of judges a series with the default settings.
func Of(s Series) (*Result, error) { return Settings{}.Of(s) }

// Of judges a series: the verdict about the trend and about these models, the
// slope, the forecast, and every doubt in Warnings. The points may come in any
// order of size. An error means that the series is unusable (Series.Validate).
// With fewer than four models the trend is refused: the verdict is Inconclusive
// and a warning says why; with one model there is no forecast either.
func (c Settings) Of(s Series) (*Result, error) {
	s = s.Sorted()
	if s.Kind == "acc" {
		s.Kind = Accuracy
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if !(c.Margin >= 0) || !finite(c.Margin) {
		return nil, fmt.Errorf("margin %v; it must be finite and not below 0", c.Margin)
	}
	r := &Result{Series: s, Verdict: Inconclusive, OnTheseModels: Inconclusive, P: 1}
	n := s.Len()
	if s.Desirable() == None {
		r.warn("which direction of %s is better is not known: a change is neither standard nor inverse", s.what())
	}
	if n == 1 {
		r.warn("one model: there is no trend in a single point, and no forecast")
		r.Models, r.Trend = noClaim(), noClaim()
		r.Slope = r.Trend.Slope
		r.Sentence = c.sentence(r)
		return r, nil
	}
	s, noted := s.floored()
	if noted != nil {
		r.Warnings = append(r.Warnings, noted)
	}
	r.Models = c.onTheseModels(s)
	r.OnTheseModels = r.Models.Verdict
	r.Trend = c.trend(s)
	r.Verdict = r.Trend.Verdict
	r.Slope, r.P = r.Trend.Slope, r.Trend.P
	if n < minTrend {
		r.warn("%d models: a trend is judged from %d on; what is said holds for these models only", n, minTrend)
	} else if n < minTurn {
		r.warn("%d models: a U is never claimed as a trend from fewer than %d", n, minTurn)
	}
	if r.Verdict == Standard || r.Verdict == Inverse || r.P < level {
		r.Direction = directionOf(r.Slope.Estimate)
	}
	if r.Verdict == U || r.Verdict == InvertedU {
		r.Direction, r.P = None, r.Trend.PU
	}
	r.Warnings = append(r.Warnings, c.doubts(s, r)...)
	at := s.ForecastAt
	if len(at) == 0 {
		at = []float64{s.X[n-1] + min(0.4, (s.X[n-1]-s.X[0])/float64(n-1))}
	}
	forecast, err := c.Forecast(s, at)
	if err != nil {
		r.Warnings = append(r.Warnings, err)
	}
	r.Forecast = forecast
	for _, p := range forecast {
		if !p.Skill {
			if n < minTrend {
				r.warn("forecasts from %d models have no skill beyond the last value", n)
			} else {
				r.warn("forecast at 10^%.2f, %.1f decades beyond the largest model: no skill beyond the last value", p.X, p.X-s.X[n-1])
			}
			break
		}
	}
	if err := c.breakthrough(r); err != nil {
		r.Warnings = append(r.Warnings, err)
	}
	r.Sentence = c.sentence(r)
	return r, nil
}

func (r *Result) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Errorf(format, args...))
}

func noClaim() Claim {
	nan := math.NaN()
	return Claim{Verdict: Inconclusive, Slope: Interval{nan, nan, nan}, SE: nan, P: 1, PU: 1, Turn: nan, DF: math.Inf(1)}
}

func directionOf(v float64) Direction {
	switch {
	case v > 0:
		return Up
	case v < 0:
		return Down
	}
	return None
}

// monotone returns Standard or Inverse for a change of direction d.
func (s *Series) monotone(d Direction) Verdict {
	switch want := s.Desirable(); {
	case want == None || d == None:
		return Inconclusive
	case d == want:
		return Standard
	}
	return Inverse
}

// turned returns the name of a shape that falls, then rises (or the other way).
func turned(fallsFirst bool) Verdict {
	if fallsFirst {
		return U
	}
	return InvertedU
}

// paired returns the covariance of the item noise between points j and k.
func (s *Series) paired(se []float64, j, k int) float64 {
	if s.Cov != nil {
		return s.Cov[j][k]
	}
	if j == k {
		return se[j] * se[j]
	}
	return 0
}

// slopeWeights returns the least squares weights w: the slope is the sum of w y.
func slopeWeights(x []float64) []float64 {
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	sxx := 0.0
	w := make([]float64, len(x))
	for k, v := range x {
		w[k] = v - mean
		sxx += w[k] * w[k]
	}
	for k := range w {
		w[k] /= sxx
	}
	return w
}

// PairedSlope returns the least squares slope a decade with its standard error
// from the item noise alone: sqrt(w' Cov w), which for n shared items is exactly
// the standard deviation over items of sum_k w_k l_ik, over sqrt n. The series
// must be valid and have two points or more.
func PairedSlope(s Series) (slope, se float64) {
	w, e := slopeWeights(s.X), s.se()
	v := 0.0
	for j := range w {
		slope += w[j] * s.Y[j]
		for k := range w {
			v += w[j] * w[k] * s.paired(e, j, k)
		}
	}
	return slope, math.Sqrt(max(v, 0))
}

// ratio is d/se with 0/0 = 0.
func ratio(d, se float64) float64 {
	if d == 0 {
		return 0
	}
	return d / se
}

// onTheseModels judges by item noise alone. All pairs are compared at once by
// Sidak's bound (Sidak 1967, JASA 62:626), which holds for any covariance.
func (c Settings) onTheseModels(s Series) Claim {
	n, se := s.Len(), s.se()
	out := noClaim()
	slope, slopeSE := PairedSlope(s)
	z := quantile(0.95, math.Inf(1))
	out.Slope = Interval{slope, slope - z*slopeSE, slope + z*slopeSE}
	out.SE = slopeSE
	out.P = twoSided(ratio(slope, slopeSE), math.Inf(1))
	contrast := func(j, k int) (d, e float64) {
		v := s.paired(se, j, j) + s.paired(se, k, k) - 2*s.paired(se, j, k)
		return s.Y[k] - s.Y[j], math.Sqrt(max(v, 0))
	}
	crit := pairQuantile(n)
	for k := range n {
		for j := range k {
			switch d, e := contrast(j, k); {
			case d > crit*e:
				out.PairsUp++
			case -d > crit*e:
				out.PairsDown++
			}
		}
	}
	if !varies(s.Y) {
		out.P = 1
	}
	judge(&out, s, c.Margin, math.Inf(1), 1, contrast)
	return out
}

// judge fills in the verdict of a claim from its contrasts: a turn by
// intersection and union over the interior points (Bonferroni), else the
// direction of out.P, else equivalence within the margin (two one-sided tests of
// every point against the first).
func judge(out *Claim, s Series, margin, df, widen float64, contrast func(j, k int) (d, se float64)) {
	n := s.Len()
	best, turn, falls := 1.0, 0, false
	for j := 1; j < n-1; j++ {
		d1, e1 := contrast(0, j)
		d2, e2 := contrast(j, n-1)
		t1, t2 := ratio(d1, e1*widen), ratio(d2, e2*widen)
		if p := max(upper(-t1, df), upper(t2, df)); p < best {
			best, turn, falls = p, j, true
		}
		if p := max(upper(t1, df), upper(-t2, df)); p < best {
			best, turn, falls = p, j, false
		}
	}
	out.PU = min(1, 2*float64(n-2)*best)
	flat := margin > 0
	for j := 1; j < n && flat; j++ {
		d, e := contrast(0, j)
		q := quantile(1-level, df) * e * widen
		flat = d+q < margin && d-q > -margin
	}
	switch {
	case n >= 3 && out.PU < level && turn > 0:
		out.Verdict, out.Turn = turned(falls), s.X[turn]
	case flat:
		out.Verdict = Flat
	case out.P < level:
		out.Verdict = s.monotone(directionOf(out.Slope.Estimate))
	}
}

// trend judges by the model average, whose contrasts have the scatter between
// models in them, referred to t with n-1 degrees of freedom.
func (c Settings) trend(s Series) Claim {
	n := s.Len()
	out := noClaim()
	out.DF = float64(n - 1)
	cov := s.Cov
	se := s.trendSE()
	a := newAverage(s.X, s.Y, se, cov, &reference)
	defer averages.Put(a)
	m, v := a.latent()
	contrast := func(j, k int) (d, e float64) {
		return m[k] - m[j], math.Sqrt(max(v[j*n+j]+v[k*n+k]-2*v[j*n+k], 0))
	}
	d, e := contrast(0, n-1)
	widen := caution(n)
	e *= widen
	span := s.X[n-1] - s.X[0]
	q := quantile(0.95, out.DF)
	out.Slope = Interval{d / span, (d - q*e) / span, (d + q*e) / span}
	out.SE = e / span
	out.P = twoSided(ratio(d, e), out.DF)
	if n < minTrend || !varies(s.Y) {
		out.P = 1
		if n >= minTrend && c.Margin > 0 {
			judge(&out, s, c.Margin, out.DF, widen, contrast)
		}
		out.PU = 1
		return out
	}
	judge(&out, s, c.Margin, out.DF, widen, contrast)
	if n < minTurn {
		if out.Verdict == U || out.Verdict == InvertedU {
			out.Verdict, out.Turn = Inconclusive, math.NaN()
			if out.P < level {
				out.Verdict = s.monotone(directionOf(out.Slope.Estimate))
			}
		}
		out.PU = 1
	}
	return out
}

// varies reports whether y has two values that differ by more than rounding.
func varies(y []float64) bool {
	lo, hi := slices.Min(y), slices.Max(y)
	return hi-lo > 1e-12*max(math.Abs(lo), math.Abs(hi))
}
