package trend

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mathext"
)

// Agreement is a random-effects meta-analysis of slopes over families of models
// (or over variants of the data).
type Agreement struct {
	Slope      Interval // mean slope a decade over families, Hartung-Knapp
	P          float64  // two-sided, of the mean slope, t with families-1 degrees of freedom
	Prediction Interval // slope of a further family
	Tau        float64  // standard deviation of the true slopes between families (Paule-Mandel)
	Q, QP      float64  // heterogeneity, chi-square with families-1 degrees of freedom
	I2         float64  // share of the scatter of slopes that is heterogeneity, in [0, 1]
	Families   []FamilySlope
	// Fragile is the family without which the mean slope loses its significance or
	// changes direction; "": none.
	Fragile  string
	Verdict  Verdict // of the mean slope: Standard, Inverse, or Inconclusive
	Sentence string
	Warnings []error
}

// FamilySlope is one family's trend, and the mean slope without it.
type FamilySlope struct {
	Name     string
	Verdict  Verdict
	Slope    Interval
	SE       float64
	Without  Interval // mean slope of the other families
	PWithout float64
}

// Agree asks whether families of models (or data variants, or seeds) agree about
// a trend: each series is one family's, of one quantity. It needs two families
// of two models or more, and three for leaving one out.
func (c Settings) Agree(families []Series) (*Agreement, error) {
	if len(families) < 2 {
		return nil, fmt.Errorf("agreement needs two families, there is %d", len(families))
	}
	a := &Agreement{Verdict: Inconclusive}
	var slopes, variances []float64
	want := families[0].Desirable()
	for _, s := range families {
		if s.Desirable() != want {
			return nil, fmt.Errorf("%q and %q do not agree about which direction is better", families[0].Name, s.Name)
		}
		r, err := c.Of(s)
		if err != nil {
			return nil, err
		}
		if s.Len() < 2 {
			return nil, fmt.Errorf("series %q: one model has no slope", s.Name)
		}
		// A family's error is at least that of its scatter about the average curve.
		a.Families = append(a.Families, FamilySlope{Name: s.Name, Verdict: r.Verdict, Slope: r.Slope, SE: r.Trend.SE})
		if s.Len() < minTrend {
			a.Warnings = append(a.Warnings, fmt.Errorf("%s has %d models: its slope says little", s.Name, s.Len()))
		}
		slopes = append(slopes, r.Slope.Estimate)
		variances = append(variances, r.Trend.SE*r.Trend.SE)
	}
	m := pool(slopes, variances)
	a.Slope, a.P, a.Tau, a.Q, a.Prediction = m.slope, m.p, m.tau, m.q, m.prediction
	df := float64(len(slopes) - 1)
	a.QP = mathext.GammaIncRegComp(df/2, a.Q/2)
	if a.Q > 0 {
		a.I2 = max(0, (a.Q-df)/a.Q)
	}
	if a.P < level {
		a.Verdict = families[0].monotone(directionOf(a.Slope.Estimate))
	}
	if len(families) >= 3 {
		for i := range a.Families {
			var y, v []float64
			for k := range slopes {
				if k != i {
					y, v = append(y, slopes[k]), append(v, variances[k])
				}
			}
			w := pool(y, v)
			a.Families[i].Without, a.Families[i].PWithout = w.slope, w.p
			lost := a.P < level && (w.p >= level || w.slope.Estimate*a.Slope.Estimate < 0)
			if lost && a.Fragile == "" {
				a.Fragile = a.Families[i].Name
			}
		}
	}
	a.Sentence = a.sentence()
	return a, nil
}

type pooled struct {
	slope, prediction Interval
	p, tau, q         float64
}

// pool combines estimates with known variances: between-study variance by Paule
// and Mandel 1982, interval by Hartung and Knapp 2001 with their factor at least
// 1, prediction interval by Higgins et al. 2009.
func pool(y, v []float64) pooled {
	n := len(y)
	weigh := func(tau2 float64) (mean, sum, q float64) {
		for i := range y {
			w := 1 / max(v[i]+tau2, 1e-300)
			mean += w * y[i]
			sum += w
		}
		mean /= sum
		for i := range y {
			q += (y[i] - mean) * (y[i] - mean) / max(v[i]+tau2, 1e-300)
		}
		return mean, sum, q
	}
	df := float64(n - 1)
	_, _, q0 := weigh(0)
	tau2 := 0.0
	if q0 > df {
		lo, hi := 0.0, 1e-12
		for _, e := range y {
			for _, f := range y {
				hi = max(hi, (e-f)*(e-f)*float64(n))
			}
		}
		for range 100 {
			mid := 0.5 * (lo + hi)
			if _, _, q := weigh(mid); q > df {
				lo = mid
			} else {
				hi = mid
			}
		}
		tau2 = 0.5 * (lo + hi)
	}
	mean, sum, q := weigh(tau2)
	se := math.Sqrt(max(q/df, 1) / sum)
	t := quantile(0.95, df)
	out := pooled{slope: Interval{mean, mean - t*se, mean + t*se}, p: twoSided(ratio(mean, se), df), tau: math.Sqrt(tau2), q: q0}
	wide := t * math.Sqrt(tau2+se*se)
	if n > 2 {
		wide = quantile(0.95, df-1) * math.Sqrt(tau2+se*se)
	}
	out.prediction = Interval{mean, mean - wide, mean + wide}
	return out
}

func (a *Agreement) sentence() string {
	var b strings.Builder
	n := len(a.Families)
	fmt.Fprintf(&b, "Over %d families the mean slope is %s a decade (90%% interval %s to %s, %s)", n, signed(a.Slope.Estimate), signed(a.Slope.Lo90), signed(a.Slope.Hi90), PValue(a.P))
	switch {
	case a.QP < level:
		fmt.Fprintf(&b, "; the families differ by more than their errors (I2 %.0f%%, %s), so a further family may have %s to %s", 100*a.I2, PValue(a.QP), signed(a.Prediction.Lo90), signed(a.Prediction.Hi90))
	default:
		fmt.Fprintf(&b, "; their differences are within their errors (I2 %.0f%%, %s)", 100*a.I2, PValue(a.QP))
	}
	switch {
	case a.Fragile != "":
		fmt.Fprintf(&b, "; it rests on %s, without which it is not shown", a.Fragile)
	case n >= 3 && a.P < level:
		b.WriteString("; leaving out any one family changes nothing")
	}
	b.WriteString(".")
	return b.String()
}
