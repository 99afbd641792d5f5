package trend

import (
	"fmt"
	"math"
)

// maxHorizon is the distance beyond the largest model, in decades, up to which
// forecasts have beaten repeating the last value on the back-tests.
const maxHorizon = 0.8

// Forecast predicts what further models of the sizes at (decades, any order)
// would measure, with the default settings.
func Forecast(s Series, at []float64) ([]Prediction, error) { return Settings{}.Forecast(s, at) }

// Forecast predicts what a further model of each size at (decades, any order)
// would measure on as many items: an average over 132 smooth curves with scatter
// between models (see the package comment). The 90% interval is calibrated per
// kind of metric on back-tests, unless Settings.Reference asks for the plain
// average. Sizes inside the measured range are allowed: they give the band of a
// chart. The series needs two models.
func (c Settings) Forecast(s Series, at []float64) ([]Prediction, error) {
	return c.forecast(s, at, math.NaN())
}

// forecast takes the item noise of the further model, NaN for that of the
// largest one.
func (c Settings) forecast(s Series, at []float64, se2 float64) ([]Prediction, error) {
	s = s.Sorted()
	if err := s.Validate(); err != nil {
		return nil, err
	}
	n := s.Len()
	if n < 2 {
		return nil, fmt.Errorf("series %q: a forecast needs two models, there is %d", s.Name, n)
	}
	for _, x := range at {
		if !finite(x) {
			return nil, fmt.Errorf("series %q: forecast at 10^%v", s.Name, x)
		}
	}
	out := make([]Prediction, len(at))
	se := s.trendSE()
	if math.IsNaN(se2) {
		se2 = se[n-1] * se[n-1]
	}
	if c.Reference {
		a := newAverage(s.X, s.Y, se, nil, &reference)
		defer averages.Put(a)
		for i, x := range at {
			mean, variance := a.predict(x, se2)
			sd := math.Sqrt(variance)
			out[i] = Prediction{X: x, Mean: mean, SD: sd, Lo90: mean - z90*sd, Hi90: mean + z90*sd, Skill: skilled(s.X, x)}
		}
		return out, nil
	}
	f := newForecaster(s)
	defer f.done()
	f.se2 = se2
	for i, x := range at {
		out[i] = f.at(x)
	}
	return out, nil
}

// skilled reports whether forecasts at x have beaten repeating the last value.
func skilled(sizes []float64, x float64) bool {
	n := len(sizes)
	return n >= minTrend && x-sizes[n-1] <= maxHorizon+1e-9
}

// forecaster is the calibrated forecast of one series.
type forecaster struct {
	s      Series
	a      *average
	se2    float64 // item noise of a further model
	cal    *calibration
	lo, hi float64
	rough  float64
	parts  []component // scratch
}

func newForecaster(s Series) *forecaster {
	cal := calibrationOf(s.Kind)
	se := s.trendSE()
	f := &forecaster{s: s, cal: cal}
	f.a = newAverage(s.X, s.Y, se, nil, cal.mix)
	last := se[len(se)-1]
	f.se2 = last * last
	f.lo, f.hi = s.bounds()
	f.rough = roughness(s.X, s.Y, se)
	return f
}

func (f *forecaster) done() { averages.Put(f.a) }

func (f *forecaster) at(x float64) Prediction {
	mean, variance := f.a.predict(x, f.se2)
	n := f.s.Len()
	horizon := max(x-f.s.X[n-1], 0)
	sd := math.Sqrt(variance) * f.cal.widen(horizon, f.se2/variance, f.rough)
	last := f.s.Y[n-1]
	if horizon > 0 {
		mean = last + f.cal.keep.value(horizon)*(mean-last)
	}
	p := Prediction{X: x, Mean: clamp(mean, f.lo, f.hi), SD: sd, Skill: skilled(f.s.X, x)}
	p.Lo90, p.Hi90 = clamp(mean-z90*sd, f.lo, f.hi), clamp(mean+z90*sd, f.lo, f.hi)
	return p
}

func clamp(v, lo, hi float64) float64 { return max(lo, min(hi, v)) }
