package trend

import (
	"fmt"
	"math"
	"slices"
)

// Kind groups metrics that behave alike over size. It decides which direction
// is better when a series does not say, and which calibration its forecasts use.
type Kind string

// The kinds with a calibration of their own. Any other kind is allowed: it
// forecasts with the calibration of Loss and has no better direction unless
// Series.Better says so. "acc" is read as Accuracy.
const (
	Accuracy      Kind = "accuracy"      // in [0, 1], up is better
	Loss          Kind = "loss"          // nats or bits, down is better
	LogOdds       Kind = "logodds"       // nats, any sign, up is better
	LogLikelihood Kind = "loglikelihood" // nats a unit of length, <= 0, up is better
)

// Direction is the way a quantity moves with size, or should move.
type Direction int8

// The directions. The zero value is None: unknown, or neither.
const (
	None Direction = 0
	Up   Direction = 1
	Down Direction = -1
)

// String returns "up", "down" or "none".
func (d Direction) String() string {
	switch d {
	case Up:
		return "up"
	case Down:
		return "down"
	}
	return "none"
}

// MarshalText writes "up", "down" or "none".
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "up", "down", "none" or nothing.
func (d *Direction) UnmarshalText(b []byte) error {
	switch string(b) {
	case "up":
		*d = Up
	case "down":
		*d = Down
	case "none", "":
		*d = None
	default:
		return fmt.Errorf("direction %q: it is up, down or none", b)
	}
	return nil
}

// Series is one quantity measured on models of growing size. All slices are
// indexed by model, in strictly ascending X, and have the same length; SE may
// be left out when Cov is there. The zero value of an optional field means that
// it is not known.
//
// In JSON a series is
//
//	{"name": "qa", "kind": "accuracy", "better": "up", "cluster": "qa",
//	 "x_log10N": [7.8, 8.2], "y": [0.3, 0.4], "se": [0.02, 0.02],
//	 "cov": [[4e-4, 1e-4], [1e-4, 4e-4]], "replicate_se": [0.01, 0.01],
//	 "labels": ["70m", "160m"], "chance": 0.25, "max": 1, "tokens": 3.5, "forecast_at": [8.6]}
//
// of which name, kind, x_log10N, y and one of se and cov are required.
type Series struct {
	Name string `json:"name"`
	// Quantity says in words what is measured, for sentences: "log-likelihood per
	// character". Empty: as Kind says.
	Quantity string    `json:"quantity,omitempty"`
	Kind     Kind      `json:"kind"`
	Better   Direction `json:"better,omitzero"`   // the desirable direction; None: as Kind has it
	Cluster  string    `json:"cluster,omitempty"` // series of one cluster (one task) are not independent

	Axis string `json:"axis,omitempty"` // what X counts, in words; "": parameters

	X  []float64 `json:"x_log10N"`     // decades: log10 of the number of parameters (or of tokens, or of compute: see Axis)
	Y  []float64 `json:"y"`            // mean over the items
	SE []float64 `json:"se,omitempty"` // standard error of Y from the items (standard deviation with n-1, over sqrt n)
	// Cov is the covariance of Y over the items, [model][model]; the items are
	// shared, so it is far from diagonal. Nil: the squares of SE on the diagonal.
	Cov [][]float64 `json:"cov,omitempty"`
	// ReplicateSE is the standard error of Y from scatter between training seeds,
	// nil where sizes are not replicated. It adds, in quadrature, to what the
	// trend is judged by; what is said of these models does not use it.
	ReplicateSE []float64 `json:"replicate_se,omitempty"`

	Labels     []string  `json:"labels,omitempty"`      // names of the models
	Chance     float64   `json:"chance,omitempty"`      // accuracy by guessing; 0: none
	Max        float64   `json:"max,omitempty"`         // the highest value there can be; 0: 1 for accuracy, else none
	Tokens     float64   `json:"tokens,omitempty"`      // mean length of the answers in the unit that Y is per, for the answer-length link
	ForecastAt []float64 `json:"forecast_at,omitempty"` // decades at which a forecast is wanted
}

// Desirable returns the better direction: Better, or by Kind, or None.
func (s Series) Desirable() Direction {
	if s.Better != None {
		return s.Better
	}
	switch s.Kind {
	case Loss:
		return Down
	case Accuracy, "acc", LogOdds, LogLikelihood:
		return Up
	}
	return None
}

// axis names what X counts.
func (s *Series) axis() string {
	if s.Axis == "" {
		return "parameters"
	}
	return s.Axis
}

// Compute returns the axis of training compute in decades of floating point
// operations, log10(6 N D) (Kaplan et al. 2020), for decades of parameters and
// of tokens.
func Compute(parameters, tokens []float64) []float64 {
	out := make([]float64, len(parameters))
	for k, n := range parameters {
		out[k] = math.Log10(6) + n + tokens[k]
	}
	return out
}

// Len returns the number of models.
func (s Series) Len() int { return len(s.X) }

// Head returns the series of the n smallest models: what was known before the
// larger ones.
func (s Series) Head(n int) Series {
	s.X, s.Y = s.X[:n], s.Y[:n]
	if s.SE != nil {
		s.SE = s.SE[:n]
	}
	if s.Cov != nil {
		cov := make([][]float64, n)
		for k := range cov {
			cov[k] = s.Cov[k][:n]
		}
		s.Cov = cov
	}
	if s.ReplicateSE != nil {
		s.ReplicateSE = s.ReplicateSE[:n]
	}
	if s.Labels != nil {
		s.Labels = s.Labels[:n]
	}
	return s
}

// Tail returns the series without its n smallest models: what was held back when
// Head(n) was all that was known.
func (s Series) Tail(n int) Series {
	s.X, s.Y = s.X[n:], s.Y[n:]
	if s.SE != nil {
		s.SE = s.SE[n:]
	}
	if s.Cov != nil {
		cov := make([][]float64, len(s.Cov)-n)
		for k := range cov {
			cov[k] = s.Cov[n+k][n:]
		}
		s.Cov = cov
	}
	if s.ReplicateSE != nil {
		s.ReplicateSE = s.ReplicateSE[n:]
	}
	if s.Labels != nil {
		s.Labels = s.Labels[n:]
	}
	return s
}

// Validate reports the first thing that makes the series unusable, with the
// series and the point: slices of different lengths, sizes that do not ascend,
// values that are not finite, errors below 0, a covariance that is not one, an
// accuracy outside [0, 1]. A series of fewer than two models is valid; what can
// be said of it is another question.
func (s Series) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("series %q: %s", s.Name, fmt.Sprintf(format, args...))
	}
	n := len(s.X)
	if n == 0 {
		return bad("no points: x_log10N is empty")
	}
	if len(s.Y) != n {
		return bad("%d values of y for %d sizes", len(s.Y), n)
	}
	if len(s.SE) != n && (s.SE != nil || s.Cov == nil) {
		return bad("%d standard errors for %d sizes; se or cov is needed", len(s.SE), n)
	}
	for k := range n {
		switch {
		case !finite(s.X[k]) || math.Abs(s.X[k]) > maxDecades:
			return bad("point %d: size 10^%v; x_log10N is the logarithm of the size", k+1, s.X[k])
		case k > 0 && math.Abs(s.X[k]-s.X[k-1]) < 1e-9:
			return bad("points %d and %d have the same size 10^%v; average replicates into one point and give their scatter as replicate_se", k, k+1, s.X[k])
		case k > 0 && s.X[k] < s.X[k-1]:
			return bad("point %d: size 10^%v follows 10^%v; sizes must ascend", k+1, s.X[k], s.X[k-1])
		case !finite(s.Y[k]):
			return bad("point %d (size 10^%.4g): y is %v", k+1, s.X[k], s.Y[k])
		case s.SE != nil && !(s.SE[k] >= 0 && finite(s.SE[k])):
			return bad("point %d (size 10^%.4g): standard error %v; it must be finite and not below 0", k+1, s.X[k], s.SE[k])
		case s.Kind == Accuracy && (s.Y[k] < -1e-9 || s.Y[k] > 1+1e-9):
			return bad("point %d (size 10^%.4g): accuracy %v is outside [0, 1]", k+1, s.X[k], s.Y[k])
		}
	}
	if s.ReplicateSE != nil && len(s.ReplicateSE) != n {
		return bad("%d replicate standard errors for %d sizes", len(s.ReplicateSE), n)
	}
	for k, r := range s.ReplicateSE {
		if !(r >= 0 && finite(r)) {
			return bad("point %d (size 10^%.4g): replicate standard error %v; it must be finite and not below 0", k+1, s.X[k], r)
		}
	}
	if s.Labels != nil && len(s.Labels) != n {
		return bad("%d labels for %d sizes", len(s.Labels), n)
	}
	for _, x := range s.ForecastAt {
		if !finite(x) || math.Abs(x) > maxDecades {
			return bad("forecast at 10^%v", x)
		}
	}
	if !finite(s.Chance) || !finite(s.Max) || !finite(s.Tokens) || s.Tokens < 0 {
		return bad("chance %v, max %v, tokens %v: they must be finite, and tokens not below 0", s.Chance, s.Max, s.Tokens)
	}
	if s.Cov == nil {
		return nil
	}
	if len(s.Cov) != n {
		return bad("%d rows of covariance for %d sizes", len(s.Cov), n)
	}
	for j, row := range s.Cov {
		if len(row) != n {
			return bad("row %d of the covariance has %d numbers for %d sizes", j+1, len(row), n)
		}
		for k, c := range row {
			if !finite(c) || j == k && c < 0 {
				return bad("covariance of points %d and %d is %v", j+1, k+1, c)
			}
		}
	}
	for j := range n {
		for k := range j {
			c, d := s.Cov[j][k], math.Sqrt(s.Cov[j][j]*s.Cov[k][k])
			if math.Abs(c-s.Cov[k][j]) > 1e-9*d || math.Abs(c) > d*(1+1e-9) {
				return bad("covariance of points %d and %d is %v and %v: it must be symmetric and at most %.4g", j+1, k+1, c, s.Cov[k][j], d)
			}
		}
		if s.SE != nil && math.Abs(s.SE[j]*s.SE[j]-s.Cov[j][j]) > 0.05*s.Cov[j][j]+1e-18 {
			return bad("point %d (size 10^%.4g): standard error %.4g, but the covariance says %.4g", j+1, s.X[j], s.SE[j], math.Sqrt(s.Cov[j][j]))
		}
	}
	return nil
}

// maxDecades bounds sizes: a larger logarithm is a size by mistake.
const maxDecades = 40

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// se returns the item standard errors, from SE or from Cov.
func (s *Series) se() []float64 {
	if s.SE != nil {
		return s.SE
	}
	out := make([]float64, len(s.Cov))
	for k := range out {
		out[k] = math.Sqrt(s.Cov[k][k])
	}
	return out
}

// trendSE returns the standard errors that the trend is judged by: items and
// replicates in quadrature.
func (s *Series) trendSE() []float64 {
	se := s.se()
	if s.ReplicateSE == nil {
		return se
	}
	out := slices.Clone(se)
	for k, r := range s.ReplicateSE {
		out[k] = math.Hypot(out[k], r)
	}
	return out
}

// bounds returns the lowest and highest value that there can be.
func (s *Series) bounds() (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	switch s.Kind {
	case Accuracy:
		lo, hi = 0, 1
	case Loss:
		if slices.Min(s.Y) >= 0 {
			lo = 0
		}
	case LogLikelihood:
		if slices.Max(s.Y) <= 0 {
			hi = 0
		}
	}
	if s.Max != 0 {
		hi = s.Max
	}
	return lo, hi
}
