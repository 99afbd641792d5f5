package trend

import (
	"cmp"
	"crypto/sha1"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Case is one forecast of a back-test: the Fitted smallest models of a series
// foretell the model Target (an index), which is beyond them.
type Case struct {
	Series         Series
	Fitted, Target int
	Horizon        float64 // decades from the largest fitted model to the target
	Truth          float64
	Forecast       Prediction
	Line           float64 // the least squares line through the fitted models
	Last           float64 // the largest fitted model's value
	// Scale is the unit of errors, so that series can be averaged: root of the
	// mean squared step between fitted models plus the target's squared item error.
	Scale float64
}

// BackTest forecasts every model from the fewest to all but one of the smaller
// ones: from minTrend models on, up to four models ahead. Series with fewer
// than five models give no case. The cases come in the order of the series.
func (c Settings) BackTest(series []Series) ([]Case, error) {
	var out []Case
	for _, s := range series {
		s = s.Sorted()
		if err := s.Validate(); err != nil {
			return nil, err
		}
		for n := minTrend; n < s.Len(); n++ {
			for target := n; target < min(s.Len(), n+4); target++ {
				out = append(out, Case{Series: s, Fitted: n, Target: target})
			}
		}
	}
	errs := make([]error, len(out))
	parallel(len(out), func(i int) { errs[i] = out[i].run(c) })
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *Case) run(c Settings) error {
	head, s := t.Series.Head(t.Fitted), t.Series
	n := t.Fitted
	t.Horizon = s.X[t.Target] - s.X[n-1]
	t.Truth, t.Last = s.Y[t.Target], s.Y[n-1]
	// The forecaster is told how many items the target will be measured on.
	se := s.trendSE()[t.Target]
	p, err := c.forecast(head, s.X[t.Target:t.Target+1], se*se)
	if err != nil {
		return err
	}
	t.Forecast = p[0]
	w := slopeWeights(head.X)
	meanX, meanY, slope, steps := 0.0, 0.0, 0.0, 0.0
	for k := range n {
		meanX += head.X[k] / float64(n)
		meanY += head.Y[k] / float64(n)
		slope += w[k] * head.Y[k]
		if k > 0 {
			d := head.Y[k] - head.Y[k-1]
			steps += d * d / float64(n-1)
		}
	}
	t.Line = meanY + slope*(s.X[t.Target]-meanX)
	t.Scale = math.Sqrt(steps + se*se)
	if t.Scale == 0 {
		t.Scale = 1e-12
	}
	return nil
}

// Score sums up the cases of one kind of metric and one range of horizons.
// Errors are absolute, in Case.Scale.
type Score struct {
	Kind            Kind
	Horizon         string
	Cases, Clusters int
	Decades         float64 // mean horizon
	Error           float64 // mean error of the forecast
	VersusLast      float64 // mean error over that of repeating the last value
	VersusLine      float64 // mean error over that of the least squares line
	Coverage        float64 // share of truths in the 90% interval, mean over clusters
	CoverageSE      float64 // standard error of that mean, from the scatter of clusters
	HalfWidth       float64 // mean half width of the interval
}

// horizons are the rows of the table of scores, by kind.
var horizons = []struct {
	name   string
	within func(t *Case) bool
}{
	{"next model", func(t *Case) bool { return t.Target == t.Fitted && t.Target == t.Series.Len()-1 }},
	{"to 0.4", func(t *Case) bool { return t.Horizon <= 0.4 }},
	{"0.4 to 0.8", func(t *Case) bool { return t.Horizon > 0.4 && t.Horizon <= 0.8 }},
	{"beyond 0.8", func(t *Case) bool { return t.Horizon > 0.8 }},
}

// Scores tabulates a back-test by kind and horizon. "next model" has one case a
// series, all but the largest model fitted; the other rows have every case.
func Scores(cases []Case) []Score {
	kinds := map[Kind]bool{}
	for i := range cases {
		kinds[cases[i].Series.Kind] = true
	}
	var order []Kind
	for k := range kinds {
		order = append(order, k)
	}
	slices.Sort(order)
	var out []Score
	for _, kind := range order {
		for _, h := range horizons {
			var in []*Case
			for i := range cases {
				if cases[i].Series.Kind == kind && h.within(&cases[i]) {
					in = append(in, &cases[i])
				}
			}
			if len(in) > 0 {
				out = append(out, score(kind, h.name, in))
			}
		}
	}
	return out
}

func score(kind Kind, name string, in []*Case) Score {
	s := Score{Kind: kind, Horizon: name, Cases: len(in)}
	n := float64(len(in))
	last, line := 0.0, 0.0
	hit := map[string][2]float64{}
	for _, t := range in {
		s.Decades += t.Horizon / n
		s.Error += math.Abs(t.Forecast.Mean-t.Truth) / t.Scale / n
		last += math.Abs(t.Last-t.Truth) / t.Scale / n
		line += math.Abs(t.Line-t.Truth) / t.Scale / n
		s.HalfWidth += (t.Forecast.Hi90 - t.Forecast.Lo90) / 2 / t.Scale / n
		h := hit[t.cluster()]
		if t.Truth >= t.Forecast.Lo90-1e-12 && t.Truth <= t.Forecast.Hi90+1e-12 {
			h[0]++
		}
		h[1]++
		hit[t.cluster()] = h
	}
	s.VersusLast, s.VersusLine = s.Error/last, s.Error/line
	var shares []float64
	for _, h := range hit {
		shares = append(shares, h[0]/h[1])
	}
	slices.Sort(shares) // the sum does not depend on the order of a map
	s.Clusters = len(shares)
	for _, v := range shares {
		s.Coverage += v / float64(len(shares))
	}
	v := 0.0
	for _, share := range shares {
		v += (share - s.Coverage) * (share - s.Coverage)
	}
	s.CoverageSE = math.NaN()
	if m := float64(len(shares)); m > 1 {
		s.CoverageSE = math.Sqrt(v / (m - 1) / m)
	}
	return s
}

// cluster is the series' cluster, or its name where it has none.
func (t *Case) cluster() string { return cmp.Or(t.Series.Cluster, t.Series.Name) }

// ScoreTable formats scores as a Markdown table.
func ScoreTable(scores []Score) string {
	var b strings.Builder
	b.WriteString("| kind | horizon, decades | cases (clusters) | mean horizon | error / last value | error / line | coverage of 90% | half width |\n|---|---|---|---|---|---|---|---|\n")
	for _, s := range scores {
		covered := fmt.Sprintf("%.3f", s.Coverage)
		if !math.IsNaN(s.CoverageSE) { // not of one cluster
			covered += fmt.Sprintf(" ± %.3f", s.CoverageSE)
		}
		fmt.Fprintf(&b, "| %s | %s | %d (%d) | %.2f | %.3f | %.3f | %s | %.2f |\n",
			s.Kind, s.Horizon, s.Cases, s.Clusters, s.Decades, s.VersusLast, s.VersusLine, covered, s.HalfWidth)
	}
	return b.String()
}

// Calibrate returns, for each kind and horizon, the factor on the forecaster's
// standard deviation at which a share of the truths (say 0.9) falls within the
// 90% interval, every cluster weighing the same: conformal scaling. The cases
// must come from Settings.Reference, or from a forecaster whose factor is 1.
func Calibrate(cases []Case, share float64) map[Kind][]Factor {
	edges := []float64{0, 0.25, 0.5, 0.8, 1.3}
	out := map[Kind][]Factor{}
	kinds := map[Kind]bool{}
	for i := range cases {
		kinds[cases[i].Series.Kind] = true
	}
	for kind := range kinds {
		for e := range len(edges) - 1 {
			count := map[string]float64{}
			var in []*Case
			for i := range cases {
				t := &cases[i]
				if t.Series.Kind == kind && t.Horizon > edges[e] && t.Horizon <= edges[e+1] {
					in = append(in, t)
					count[t.cluster()]++
				}
			}
			if len(count) < 5 {
				continue
			}
			slices.SortFunc(in, func(a, b *Case) int { return cmp.Compare(a.surprise(), b.surprise()) })
			f := Factor{From: edges[e], To: edges[e+1], Cases: len(in), Clusters: len(count)}
			sum := 0.0
			for _, t := range in {
				f.Decades += t.Horizon / float64(len(in))
				if sum < share {
					f.Factor = t.surprise() / z90
				}
				sum += 1 / count[t.cluster()] / float64(len(count))
			}
			out[kind] = append(out[kind], f)
		}
	}
	return out
}

// Factor is one conformal factor.
type Factor struct {
	From, To, Decades float64 // range and mean of the horizon
	Cases, Clusters   int
	Factor            float64
}

func (t *Case) surprise() float64 { return math.Abs(t.Truth-t.Forecast.Mean) / t.Forecast.SD }

// Split parts series by cluster: held are those whose SHA-1 of the cluster's
// name is divisible by 3 as an integer; the forecaster was tuned on the others.
func Split(series []Series) (dev, held []Series) {
	for _, s := range series {
		sum := sha1.Sum([]byte(s.Cluster))
		rest := 0
		for _, b := range sum {
			rest = (rest*256 + int(b)) % 3
		}
		if rest == 0 {
			held = append(held, s)
		} else {
			dev = append(dev, s)
		}
	}
	return dev, held
}

// FactorTable formats conformal factors as a Markdown table.
func FactorTable(factors map[Kind][]Factor) string {
	var b strings.Builder
	b.WriteString("| kind | horizon, decades | cases (clusters) | mean horizon | factor |\n|---|---|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(factors)) {
		for _, f := range factors[kind] {
			fmt.Fprintf(&b, "| %s | %g to %g | %d (%d) | %.2f | %.2f |\n", kind, f.From, f.To, f.Cases, f.Clusters, f.Decades, f.Factor)
		}
	}
	return b.String()
}
