package trend

import (
	"fmt"
	"math"
	"slices"
)

// Difference compares two trends on the same sizes: an intervention against its
// base, or one data variant against another.
type Difference struct {
	Gap      *Result  // of the series changed minus base: does the gap move with size?
	Mean     Interval // gap averaged over the sizes, with scatter between models
	P        float64  // two-sided, of the mean gap
	Sentence string
}

// Compare judges the difference of two series on the same sizes, taking their
// errors as independent, which is too cautious when the items are shared:
// CompareItems uses the pairing.
func (c Settings) Compare(base, changed Series) (*Difference, error) {
	base, changed = base.Sorted(), changed.Sorted()
	for _, s := range []Series{base, changed} {
		if err := s.Validate(); err != nil {
			return nil, err
		}
	}
	if !slices.Equal(base.X, changed.X) {
		return nil, fmt.Errorf("series %q and %q are not of the same sizes", base.Name, changed.Name)
	}
	n := base.Len()
	gap := Series{
		Name: changed.Name + " minus " + base.Name, Kind: gapKind, Better: changed.Desirable(), Cluster: base.Cluster,
		Axis: base.Axis, X: base.X, ForecastAt: base.ForecastAt,
	}
	se1, se2 := base.se(), changed.se()
	gap.Cov = make([][]float64, n)
	for j := range n {
		gap.Y = append(gap.Y, changed.Y[j]-base.Y[j])
		gap.SE = append(gap.SE, math.Hypot(se1[j], se2[j]))
		gap.Cov[j] = make([]float64, n)
		for k := range n {
			gap.Cov[j][k] = base.paired(se1, j, k) + changed.paired(se2, j, k)
		}
	}
	d, err := c.difference(gap)
	if err != nil {
		return nil, err
	}
	d.Gap.warn("the two series are taken as independent; with the items of both at hand the comparison is sharper")
	return d, nil
}

// gapKind is the difference of two values of a metric.
const gapKind Kind = "difference"

// CompareItems judges the difference of two conditions over the same items on
// the same models, base and changed by [model][item]: the values of one item are
// subtracted before anything else, so that what is hard about it cancels.
func (c Settings) CompareItems(name string, better Direction, x []float64, base, changed [][]float64) (*Difference, error) {
	if len(base) != len(changed) {
		return nil, fmt.Errorf("%q: %d models in one condition, %d in the other", name, len(base), len(changed))
	}
	values := make([][]float64, len(base))
	for k := range base {
		if len(base[k]) != len(changed[k]) {
			return nil, fmt.Errorf("%q: model %d has %d items in one condition, %d in the other", name, k+1, len(base[k]), len(changed[k]))
		}
		for i := range base[k] {
			values[k] = append(values[k], changed[k][i]-base[k][i])
		}
	}
	s, err := FromItems(name, gapKind, x, values)
	if err != nil {
		return nil, err
	}
	s.Better = better
	return c.difference(s)
}

func (c Settings) difference(gap Series) (*Difference, error) {
	r, err := c.Of(gap)
	if err != nil {
		return nil, err
	}
	d := &Difference{Gap: r}
	n := gap.Len()
	mean, items := 0.0, 0.0
	se := gap.se()
	for j := range n {
		mean += gap.Y[j] / float64(n)
		for k := range n {
			items += gap.paired(se, j, k) / float64(n*n)
		}
	}
	// The scatter of the gaps about their mean has the models in it; it cannot be
	// smaller than what the items make.
	scatter, df := 0.0, math.Inf(1)
	if n > 1 {
		for _, y := range gap.Y {
			scatter += (y - mean) * (y - mean) / float64(n-1) / float64(n)
		}
		df = float64(n - 1)
	}
	e := math.Sqrt(max(items, scatter))
	q := quantile(0.95, df)
	d.Mean = Interval{mean, mean - q*e, mean + q*e}
	d.P = twoSided(ratio(mean, e), df)
	how := "it does not move with size by more than models scatter"
	switch r.Verdict {
	case Standard, Inverse:
		how = fmt.Sprintf("it goes %s with size (%s a decade, %s)", r.Direction, signed(r.Slope.Estimate), PValue(r.P))
	case U, InvertedU:
		how = fmt.Sprintf("over size it is shaped like %s (%s)", map[Verdict]string{U: "a U", InvertedU: "an inverted U"}[r.Verdict], PValue(r.Trend.PU))
	case Flat:
		how = fmt.Sprintf("it stays within %s over size", number(c.Margin))
	}
	d.Sentence = fmt.Sprintf("The gap %s is %s on average (90%% interval %s to %s, %s); %s.", gap.Name, signed(mean), signed(d.Mean.Lo90), signed(d.Mean.Hi90), PValue(d.P), how)
	return d, nil
}
