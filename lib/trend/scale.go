package trend

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Scale answers how large the largest model must be for a verdict.
type Scale struct {
	Verdict  Verdict   // of the whole series
	Models   int       // fewest models, counted from the smallest, from which on the verdict stays; 0: only with all of them, or never
	Size     float64   // decades of the largest of them; NaN when Models is 0
	History  []Verdict // of the 1, 2, ... smallest models
	Sentence string
}

// MinimumScale returns the smallest largest size at which the verdict would
// have been the same as with all models, and stayed so: had the family stopped
// there, the paper would have said the same. An Inconclusive verdict has none.
func (c Settings) MinimumScale(s Series) (Scale, error) {
	s = s.Sorted()
	r, err := c.Of(s)
	if err != nil {
		return Scale{}, err
	}
	out := Scale{Verdict: r.Verdict, Size: math.NaN()}
	for n := 1; n < s.Len(); n++ {
		h, err := c.Of(s.Head(n))
		if err != nil {
			return Scale{}, err
		}
		out.History = append(out.History, h.Verdict)
	}
	out.History = append(out.History, r.Verdict)
	if r.Verdict == Inconclusive {
		out.Sentence = fmt.Sprintf("%s: inconclusive with all %d models; no size is large enough yet.", s.what(), s.Len())
		return out, nil
	}
	n := s.Len()
	for n > 1 && out.History[n-2] == r.Verdict {
		n--
	}
	out.Models, out.Size = n, s.X[n-1]
	out.Sentence = fmt.Sprintf("%s: %s from the %d smallest models on (largest %s %s of %s).", s.what(), r.Verdict, n, Size(out.Size), s.axis(), Size(s.X[s.Len()-1]))
	return out, nil
}

// MetricScale is one metric's minimum scale.
type MetricScale struct {
	Series Series
	Scale
}

// WhichMetric orders several metrics of the same models by how early each shows
// its final verdict: smallest minimum scale first, then by name; those that show
// nothing last. The words say which metric to use.
func (c Settings) WhichMetric(metrics []Series) (ordered []MetricScale, words string, err error) {
	if len(metrics) == 0 {
		return nil, "", errors.New("which metric: none is given")
	}
	for _, s := range metrics {
		m, err := c.MinimumScale(s)
		if err != nil {
			return nil, "", err
		}
		ordered = append(ordered, MetricScale{s, m})
	}
	rank := func(m MetricScale) float64 {
		if math.IsNaN(m.Size) {
			return math.Inf(1)
		}
		return m.Size
	}
	slices.SortStableFunc(ordered, func(a, b MetricScale) int {
		switch x, y := rank(a), rank(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return strings.Compare(a.Series.Name, b.Series.Name)
	})
	first := ordered[0]
	if math.IsNaN(first.Size) {
		return ordered, fmt.Sprintf("None of the %d metrics shows a trend.", len(metrics)), nil
	}
	words = fmt.Sprintf("%s shows it earliest: %s with the %d smallest models, up to %s %s", first.Series.what(), first.Verdict, first.Models, Size(first.Size), first.Series.axis())
	silent, other := 0, 0
	for _, m := range ordered[1:] {
		switch {
		case math.IsNaN(m.Size):
			silent++
		case m.Verdict != first.Verdict:
			other++
		}
	}
	if len(ordered) > 1 && !math.IsNaN(ordered[1].Size) {
		words += fmt.Sprintf("; next %s, up to %s", ordered[1].Series.what(), Size(ordered[1].Size))
	}
	if silent > 0 {
		words += fmt.Sprintf("; %d of %d show nothing", silent, len(ordered))
	}
	if other > 0 {
		words += fmt.Sprintf("; %d of %d say otherwise", other, len(ordered))
	}
	return ordered, words + ".", nil
}

// Design is a planned study: so many models, evenly spaced over Decades, whose
// values follow a line of Slope a decade, with item noise SE at each model and
// normal scatter between models of standard deviation Scatter.
type Design struct {
	Models                      int
	Decades, Slope, SE, Scatter float64
}

// Power returns the share of simulated studies whose trend verdict has the
// slope's direction. Repeats of 400 are good to 2.5 points.
func (c Settings) Power(d Design, repeats int, rng *rand.Rand) float64 {
	if d.Models < minTrend {
		return 0
	}
	line := Truth{"line", func(u float64) float64 { return u }, nil}
	// Simulate works in units of the item noise; without any, in scatter.
	unit := d.SE
	if unit < 1e-6*d.Scatter || unit == 0 {
		unit = max(1e-6*d.Scatter, 1e-12*math.Abs(d.Slope), 1e-300)
	}
	r := c.Simulate(Trial{line, d.Models, d.Scatter / unit, math.Abs(d.Slope) * d.Decades / unit}, repeats, rng)
	return r.Verdicts[Standard]
}

// Plan answers how many items and how many sizes a study needs.
type Plan struct {
	Pilot   Design
	Items   []float64   // factors on the pilot's number of items; +Inf: no item noise
	Models  []int       // numbers of sizes over the pilot's range
	Power   [][]float64 // [items][models]
	Models1 int         // fewest sizes of Models for power 0.8 with the pilot's items; 0: none of them
	Items1  float64     // fewest items (factor) for power 0.8 with the pilot's number of sizes; NaN: not even with infinitely many
	Words   string
}

// PlanFrom estimates slope, item noise and scatter between models from a pilot
// series of three models or more and simulates larger and smaller studies over
// the same range of sizes. The estimate of the scatter from few models is rough,
// and a pilot's slope is its own luck: read the plan as an order of magnitude.
func (c Settings) PlanFrom(pilot Series, repeats int, rng *rand.Rand) (Plan, error) {
	pilot = pilot.Sorted()
	if err := pilot.Validate(); err != nil {
		return Plan{}, err
	}
	n := pilot.Len()
	if n < 3 {
		return Plan{}, fmt.Errorf("series %q: a pilot needs three models, there are %d", pilot.Name, n)
	}
	slope, slopeSE := PairedSlope(pilot)
	w := slopeWeights(pilot.X)
	norm := 0.0
	for _, v := range w {
		norm += v * v
	}
	// Item noise that matters for the slope, given its covariance: that of
	// independent points with the same standard error of the slope.
	noise := slopeSE / math.Sqrt(norm)
	mx, my := 0.0, 0.0
	for k := range n {
		mx += pilot.X[k] / float64(n)
		my += pilot.Y[k] / float64(n)
	}
	rss := 0.0
	for k := range n {
		r := pilot.Y[k] - my - slope*(pilot.X[k]-mx)
		rss += r * r
	}
	p := Plan{
		Pilot: Design{n, pilot.X[n-1] - pilot.X[0], slope, noise, math.Sqrt(max(rss/float64(n-2)-noise*noise, 0))},
		Items: []float64{0.25, 0.5, 1, 2, 4, 16, math.Inf(1)}, Models: []int{4, 5, 6, 8, 10, 12, 16}, Items1: math.NaN(),
	}
	p.Power = make([][]float64, len(p.Items))
	for i, f := range p.Items {
		for _, m := range p.Models {
			d := p.Pilot
			d.Models, d.SE = m, noise/math.Sqrt(f)
			p.Power[i] = append(p.Power[i], c.Power(d, repeats, rng))
		}
	}
	for j, m := range p.Models {
		if p.Power[2][j] >= 0.8 {
			p.Models1 = m
			break
		}
	}
	for _, f := range p.Items {
		d := p.Pilot
		d.SE = noise / math.Sqrt(f)
		if c.Power(d, repeats, rng) >= 0.8 {
			p.Items1 = f
			break
		}
	}
	p.Words = p.words(pilot)
	return p, nil
}

func (p Plan) words(s Series) string {
	text := fmt.Sprintf("If the slope of %s is %s a decade: ", s.what(), signed(p.Pilot.Slope))
	if p.Models1 > 0 {
		text += fmt.Sprintf("%d sizes over the same %.1f decades find it in 80%% of studies with as many items", p.Models1, p.Pilot.Decades)
	} else {
		text += fmt.Sprintf("not even %d sizes over the same %.1f decades find it in 80%% of studies with as many items", p.Models[len(p.Models)-1], p.Pilot.Decades)
	}
	switch {
	case math.IsNaN(p.Items1):
		text += fmt.Sprintf("; on the same %d sizes no number of items does it (models scatter by %s about the line).", p.Pilot.Models, number(p.Pilot.Scatter))
	case math.IsInf(p.Items1, 1):
		text += fmt.Sprintf("; with %d sizes it would take far more than 16 times the items.", p.Pilot.Models)
	default:
		text += fmt.Sprintf("; with %d sizes it takes %g times the items.", p.Pilot.Models, p.Items1)
	}
	return text
}
