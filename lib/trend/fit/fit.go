package fit

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
)

// Doubts about a fit, for errors.Is on [Fit.Warnings].
var (
	// ErrUnidentified: the data do not determine a parameter: its interval is
	// open, or the objective hardly changes along some direction.
	ErrUnidentified = errors.New("not identified")
	// ErrUnconverged: the search stopped before the gradient vanished.
	ErrUnconverged = errors.New("not converged")
	// ErrLoneStart: the best objective was reached from one start only.
	ErrLoneStart = errors.New("found from one start only")
	// ErrAtBound: a parameter sits at the end of the range searched.
	ErrAtBound = errors.New("at the end of its range")
	// ErrNoInterval: intervals were asked for, or are usual, and are missing.
	ErrNoInterval = errors.New("no interval")
)

// Reasons to refuse a fit, for errors.Is on the error of a fit.
var (
	// ErrInput: a value is missing, not finite, or outside its range.
	ErrInput = errors.New("bad input")
	// ErrTooFew: fewer points or sizes than the form needs.
	ErrTooFew = errors.New("too few points")
	// ErrConstant: the series does not vary, so that no rate is defined.
	ErrConstant = errors.New("constant series")
)

// Loss is what a fit minimises over the residuals r: the zero Loss is the sum of
// r^2. A residual is divided by its standard error, or whitened by the
// covariance, where the Settings give one.
type Loss struct {
	delta float64 // of Huber; +Inf is LAD; 0 is least squares
}

// Huber is the *sum* of r^2/2 for |r| <= delta and delta (|r| - delta/2) beyond
// (Huber 1964, Ann. Math. Stat. 35:73). It panics unless delta is positive.
func Huber(delta float64) Loss {
	if !(delta > 0) || math.IsInf(delta, 0) {
		panic(fmt.Sprintf("fit: Huber(%v): delta must be positive and finite", delta))
	}
	return Loss{delta}
}

// LAD is the sum of |r|, least absolute deviations.
func LAD() Loss { return Loss{math.Inf(1)} }

func (l Loss) squares() bool { return l.delta == 0 }
func (l Loss) lad() bool     { return math.IsInf(l.delta, 1) }

func (l Loss) String() string {
	switch {
	case l.squares():
		return "least squares"
	case l.lad():
		return "least absolute deviations"
	}
	return fmt.Sprintf("Huber %g", l.delta)
}

// Intervals says how the intervals of the parameters are made.
type Intervals uint8

// The ways to an interval.
const (
	// Usual: Bootstrap if Settings.Rand is given, else Profile for least
	// squares, else None with a warning: no profile has a known distribution
	// under a robust loss.
	Usual Intervals = iota
	// Profile: the values at which the best objective over the other parameters
	// has risen to its likelihood-ratio bound (t with the residual degrees of
	// freedom; normal where SE or Cov is given). Bates and Watts 1988, ch. 6.
	Profile
	// Bootstrap: percentiles of refits to resampled data; needs Settings.Rand.
	// They are a little wider than the level where the degrees of freedom are
	// few, as t is wider than the normal.
	Bootstrap
	// Wald: estimate +- t SE, from the curvature at the estimate.
	Wald
	// None: no interval, no standard error beyond that of the curvature.
	None
)

// Resample says what a bootstrap draws.
type Resample uint8

// The ways to resample.
const (
	// ByForm: Parametric if SE or Cov is given; else Cases for designs of 20
	// points and more under a robust loss; else Residuals.
	ByForm Resample = iota
	// Residuals keeps the sizes and draws residuals, each scaled by
	// sqrt(n/(n-p)), with replacement. Right for few models.
	Residuals
	// Cases draws whole points with replacement, as Besiroglu 2024 does.
	Cases
	// Parametric draws normal errors with the SE or Cov of the Settings.
	Parametric
)

// Settings of a fit. The zero value is ready: least squares, equal weights of
// unknown size, profile intervals at 90%, the form's own starts, all cores.
type Settings struct {
	Loss Loss
	// SE is the known standard error of each point, in units of y: positive,
	// one a point; nil: equal and unknown, estimated from the residuals.
	SE []float64
	// Cov is the known covariance of the points, [point][point], symmetric and
	// positive definite. Only one of SE and Cov.
	Cov [][]float64
	// Intervals and Level: how, and of what coverage (0: 0.90).
	Intervals Intervals
	Level     float64
	// Rand draws the bootstrap (PCG); Replicates is its number (0: 1000).
	Rand       *rand.Rand
	Replicates int
	Resample   Resample
	// Starts is the number of starts (0: the form's own, which its method
	// names). Forms with one non-linear parameter search a grid instead.
	Starts int
	// Scale of the residuals, for Broken.
	Scale Scale
	// PaperGrid makes Chinchilla start from the 4500 points of Hoffmann et al.
	PaperGrid bool
	// Workers is the number of goroutines (0: one a core). The result is the
	// same for any.
	Workers int
}

// Param is a parameter of a form with its interval at the level of the Settings.
// SE is NaN, and Lo and Hi are NaN, where there is none; an end is infinite
// where the data do not bound the parameter.
type Param struct {
	Name   string
	Value  float64
	SE     float64
	Lo, Hi float64
}

func (p Param) String() string {
	if math.IsNaN(p.Lo) {
		return fmt.Sprintf("%s=%.4g", p.Name, p.Value)
	}
	return fmt.Sprintf("%s=%.4g [%.4g, %.4g]", p.Name, p.Value, p.Lo, p.Hi)
}

// Interval is an estimate with an interval.
type Interval struct {
	Estimate, Lo, Hi float64
}

// Fit is a fitted form of type M.
type Fit[M any] struct {
	Form  string
	Model M
	// Params are the parameters of Model in the order of its definition.
	Params []Param
	// Objective is what was minimised: the sum of squares, of Huber's function
	// or of absolute values of the (whitened) residuals.
	Objective float64
	// Sigma is the standard deviation of the residuals, sqrt(RSS/(n-p)), in
	// units of y, or of SE where that is known (about 1 if the form holds); NaN
	// without a degree of freedom.
	Sigma float64
	// Points and Free are the numbers of points and of fitted parameters.
	Points, Free int
	// Starts were tried, and Agree of them ended at Objective (to 1e-6).
	Starts, Agree int
	// Level is the coverage of the intervals.
	Level float64
	// Draws are the bootstrap's models, for intervals of anything: see
	// [Fit.Of]. Nil unless bootstrapped.
	Draws []M
	// Warnings say what to doubt.
	Warnings []error

	known bool // the size of the errors is known
	cov   []float64
	at    []float64
	model func(p []float64) M
}

func (f *Fit[M]) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:", f.Form)
	for _, p := range f.Params {
		b.WriteByte(' ')
		b.WriteString(p.String())
	}
	return b.String()
}

// Of returns a quantity of the model with its interval: the percentiles of the
// bootstrap's draws, else by the delta method with t quantiles. The interval is
// that of the curve, and lacks the scatter of a further point about it: see
// [Fit.Next]. Both ends are NaN if the fit has neither draws nor a curvature.
//
//	f.Of(func(m fit.PowerOffset) float64 { return m.At(70e9) })
func (f *Fit[M]) Of(quantity func(M) float64) Interval {
	r := Interval{Estimate: quantity(f.Model), Lo: math.NaN(), Hi: math.NaN()}
	if len(f.Draws) > 0 {
		v := make([]float64, len(f.Draws))
		for i, m := range f.Draws {
			v[i] = quantity(m)
		}
		slices.Sort(v)
		level := expanded(f.Level, f.Points-f.Free, f.known)
		r.Lo, r.Hi = percentile(v, (1-level)/2), percentile(v, (1+level)/2)
		return r
	}
	if v := f.variance(quantity); !math.IsNaN(v) {
		half := f.quantile() * math.Sqrt(v)
		r.Lo, r.Hi = r.Estimate-half, r.Estimate+half
	}
	return r
}

// Next returns a quantity of the model with the interval of one further
// measurement of it, by the delta method: the variance of the curve plus noise^2,
// noise being the standard deviation of a measurement (NaN: Sigma, right for
// least squares with equal unknown errors, in units of y).
func (f *Fit[M]) Next(quantity func(M) float64, noise float64) Interval {
	if math.IsNaN(noise) {
		noise = f.Sigma
	}
	e := quantity(f.Model)
	half := f.quantile() * math.Sqrt(f.variance(quantity)+noise*noise)
	return Interval{e, e - half, e + half}
}

// variance is the delta method's: g' C g with central differences for g.
func (f *Fit[M]) variance(quantity func(M) float64) float64 {
	k := len(f.at)
	if len(f.cov) == 0 {
		return math.NaN()
	}
	g, p := make([]float64, k), slices.Clone(f.at)
	for j := range p {
		// A step of a thousandth of the standard error: smaller ones lose
		// digits, larger ones bend.
		h := 1e-3 * math.Sqrt(f.cov[j*k+j])
		if h == 0 || math.IsNaN(h) {
			continue
		}
		p[j] = f.at[j] + h
		up := quantity(f.model(p))
		p[j] = f.at[j] - h
		g[j] = (up - quantity(f.model(p))) / (2 * h)
		p[j] = f.at[j]
	}
	var v float64
	for i := range g {
		for j := range g {
			v += g[i] * g[j] * f.cov[i*k+j]
		}
	}
	return v
}

// quantile is that of t, or of the normal where the errors are known.
func (f *Fit[M]) quantile() float64 { return quantile(f.Level, f.Points-f.Free, f.known) }

func quantile(level float64, df int, known bool) float64 {
	switch {
	case known:
		return distuv.UnitNormal.Quantile((1 + level) / 2)
	case df < 1:
		return math.Inf(1)
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(df)}.Quantile((1 + level) / 2)
}

// expanded is the share of the draws to span for an interval of a level: more
// than the level where the size of the error is known from few degrees of freedom
// only (the expanded percentile interval of Hesterberg 2015, Am. Stat. 69:371).
// Without that, 90% intervals of power law + offset on 8 points cover 82%.
func expanded(level float64, df int, known bool) float64 {
	if known || df < 1 {
		return level
	}
	return 2*distuv.UnitNormal.CDF(quantile(level, df, false)) - 1
}

// percentile interpolates linearly between order statistics, as NumPy does.
func percentile(sorted []float64, q float64) float64 {
	h := q * float64(len(sorted)-1)
	i := int(h)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	if sorted[i] == sorted[i+1] {
		return sorted[i]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}

func (s Settings) level() float64 {
	if s.Level == 0 {
		return 0.90
	}
	return s.Level
}

func (s Settings) replicates() int {
	if s.Replicates == 0 {
		return 1000
	}
	return s.Replicates
}

// intervals resolves Usual.
func (s Settings) intervals() Intervals {
	switch {
	case s.Intervals != Usual:
		return s.Intervals
	case s.Rand != nil:
		return Bootstrap
	case s.Loss.squares():
		return Profile
	}
	return Usual // none, with a warning
}
