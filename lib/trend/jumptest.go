package trend

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// JumpData is one task on one family: what a back-test of jump forecasts needs.
type JumpData struct {
	Name    string
	X       []float64
	Nats    [][]float64 // [model][item]: log-probability of the whole right answer
	Correct [][]float64 // [model][item]: 1 where the answer was given, else 0
	Length  float64     // mean length of the right answers in tokens
}

// JumpScore sums up one way of forecasting accuracy.
type JumpScore struct {
	Method    string
	Cases     int
	Error     float64 // mean absolute error of accuracy
	Jumps     int     // cases whose accuracy moved by 0.2 or more beyond the last value
	JumpError float64 // mean absolute error over them
	Coverage  float64 // of the 90% interval
	HalfWidth float64
	// Brier is the mean squared error of the probability that accuracy is above a
	// threshold, over all thresholds; NaN where the method gives none.
	Brier float64
	// Of the forecasts of a crossing still ahead (no model fitted is above the
	// threshold, and the forecast puts it beyond the largest): what was measured
	// up to the largest model of all. Zero where the method foretells no crossing.
	Crossings Crossings
}

// Crossings counts forecasts of the size at which accuracy crosses a threshold
// by where the measured accuracy crossed it (interpolated between models).
type Crossings struct {
	Before, Within, After int // of the 90% interval
	Never                 int // not crossed, the interval reaches beyond the largest model
	Promised              int // not crossed, the interval ends before the largest model
}

// Came is the number that were measured to cross.
func (c Crossings) Came() int { return c.Before + c.Within + c.After }

// add counts one forecast, NaN for a threshold that was not crossed.
func (c *Crossings) add(forecast Interval, measured, largest float64) {
	switch {
	case math.IsNaN(measured) && forecast.Hi90 < largest:
		c.Promised++
	case math.IsNaN(measured):
		c.Never++
	case measured < forecast.Lo90:
		c.Before++
	case measured > forecast.Hi90:
		c.After++
	default:
		c.Within++
	}
}

func (c *Crossings) sum(d Crossings) {
	c.Before += d.Before
	c.Within += d.Within
	c.After += d.After
	c.Never += d.Never
	c.Promised += d.Promised
}

// crossed returns the size at which values first exceed a threshold, on the line
// from the model before; NaN if they do not. The first model must not.
func crossed(x, y []float64, threshold float64) float64 {
	for k := 1; k < len(y); k++ {
		if y[k] > threshold {
			return x[k-1] + (x[k]-x[k-1])*(threshold-y[k-1])/(y[k]-y[k-1])
		}
	}
	return math.NaN()
}

// jumpMethod is a way of forecasting jumps.
type jumpMethod struct{ items, fitted bool }

// jumpRecord is what a back-test says of the crossings foretold beyond the largest
// model fitted, on the tiny family: 13 tasks, 3 training seeds, 12 sizes,
// thresholds 0.25, 0.5, 0.75. The package comment has the command.
var jumpRecord = map[jumpMethod]Crossings{
	{false, false}: {Before: 212, Within: 64, Never: 384},
	{false, true}:  {Before: 147, Within: 128, Never: 376},
	{true, false}:  {Before: 207, Within: 69, Never: 384},
	{true, true}:   {Before: 157, Within: 119, Never: 384},
}

// JumpBackTest forecasts the exact-match accuracy of every model from the
// smaller ones, four models or more, up to 0.8 decade ahead: from the mean loss
// and from the items, each through the assumed and the fitted link, by
// extrapolating accuracy itself, and by repeating its last value. For every
// threshold that no model fitted has passed the size of its crossing is forecast
// as well, and compared with where it came, at whatever distance.
func JumpBackTest(data []JumpData, thresholds []float64) ([]JumpScore, error) {
	const methods = 6
	names := [methods]string{"last value", "accuracy itself", "mean loss, assumed link", "mean loss, fitted link", "items, assumed link", "items, fitted link"}
	type tally struct {
		JumpScore
		hits, briers int
	}
	type caseOf struct {
		data JumpData
		n    int
	}
	var cases []caseOf
	for _, d := range data {
		for n := minTrend; n < len(d.X); n++ {
			cases = append(cases, caseOf{d, n})
		}
	}
	type outcome struct {
		target int
		lo, hi float64
		mean   float64
		above  []float64
	}
	results := make([][methods][]outcome, len(cases))
	crossings := make([][methods]Crossings, len(cases))
	errs := make([]error, len(cases))
	parallel(len(cases), func(i int) {
		d, n := cases[i].data, cases[i].n
		acc, err := FromItems(d.Name, Accuracy, d.X, d.Correct)
		if err != nil {
			errs[i] = err
			return
		}
		loss, err := FromItems(d.Name, LogLikelihood, d.X, d.Nats)
		if err != nil {
			errs[i] = err
			return
		}
		for k := range loss.Y { // per token
			loss.Y[k] /= d.Length
			loss.SE[k] /= d.Length
		}
		loss.Cov, loss.Tokens = nil, d.Length
		head := acc.Head(n)
		var at []float64
		var targets []int
		for k := n; k < len(d.X) && d.X[k]-d.X[n-1] <= maxHorizon; k++ {
			at, targets = append(at, d.X[k]), append(targets, k)
		}
		if len(at) == 0 {
			return
		}
		forecast, err := Forecast(head, at)
		if err != nil {
			errs[i] = err
			return
		}
		for q, p := range forecast {
			results[i][0] = append(results[i][0], outcome{target: targets[q], mean: acc.Y[n-1], lo: acc.Y[n-1], hi: acc.Y[n-1], above: step(acc.Y[n-1], thresholds)})
			o := outcome{target: targets[q], mean: p.Mean, lo: p.Lo90, hi: p.Hi90}
			for _, t := range thresholds {
				o.above = append(o.above, normalCDF((p.Mean-t)/math.Max(p.SD, 1e-9)))
			}
			results[i][1] = append(results[i][1], o)
		}
		for m := 2; m < methods; m++ {
			c := JumpSettings{}
			if m%2 == 1 {
				c.Accuracy = &head
			}
			var logs Series
			var links []weightedLink
			if m < 4 {
				_, logs, links, err = c.prepare(loss.Head(n))
			} else {
				_, logs, links, err = c.prepareItems(d.Name, d.X[:n], d.Nats[:n])
			}
			if err != nil {
				errs[i] = err
				return
			}
			f := newForecaster(logs)
			for q, x := range at {
				p := jumpAt(f, links, x, 0.5)
				o := outcome{target: targets[q], mean: p.Accuracy, lo: p.Lo90, hi: p.Hi90}
				dist := f.mixtureAt(x, false)
				for _, t := range thresholds {
					o.above = append(o.above, dist.above(links, t))
				}
				results[i][m] = append(results[i][m], o)
			}
			for _, t := range thresholds {
				if slices.Max(head.Y) > t {
					continue
				}
				j := Jump{Threshold: t}
				if j.crossing(f, links, head.X); j.Crossing.Estimate > head.X[n-1] {
					crossings[i][m].add(j.Crossing, crossed(acc.X, acc.Y, t), acc.X[acc.Len()-1])
				}
			}
			f.done()
		}
	})
	var sums [methods]tally
	for i, c := range cases {
		if errs[i] != nil {
			return nil, errs[i]
		}
		for m := range methods {
			sums[m].Crossings.sum(crossings[i][m])
			for _, o := range results[i][m] {
				truth, last := mean(c.data.Correct[o.target]), mean(c.data.Correct[c.n-1])
				t := &sums[m]
				t.Cases++
				t.Error += math.Abs(o.mean - truth)
				if math.Abs(truth-last) >= 0.2 {
					t.Jumps++
					t.JumpError += math.Abs(o.mean - truth)
				}
				// Items of the target scatter about what the method foretells.
				if truth >= o.lo-1e-9 && truth <= o.hi+1e-9 {
					t.hits++
				}
				t.HalfWidth += (o.hi - o.lo) / 2
				for k, p := range o.above {
					hit := 0.0
					if truth > thresholds[k] {
						hit = 1
					}
					t.Brier += (p - hit) * (p - hit)
					t.briers++
				}
			}
		}
	}
	var out []JumpScore
	for m, t := range sums {
		n := float64(t.Cases)
		s := t.JumpScore
		s.Method = names[m]
		s.Error, s.HalfWidth, s.Coverage = s.Error/n, s.HalfWidth/n, float64(t.hits)/n
		s.JumpError /= float64(t.Jumps)
		s.Brier /= float64(t.briers)
		if m == 0 {
			s.Coverage, s.HalfWidth = math.NaN(), math.NaN()
		}
		out = append(out, s)
	}
	return out, nil
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// step is the forecast of certainty: 1 for the thresholds below v.
func step(v float64, thresholds []float64) []float64 {
	out := make([]float64, len(thresholds))
	for i, t := range thresholds {
		if v > t {
			out[i] = 1
		}
	}
	return out
}

// JumpTable formats scores as Markdown tables: accuracies, then crossings.
func JumpTable(scores []JumpScore) string {
	var b strings.Builder
	b.WriteString("| forecast of accuracy from | cases | error | error where it jumps (cases) | Brier score of the threshold | coverage of 90% | half width |\n|---|---|---|---|---|---|---|\n")
	for _, s := range scores {
		fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f (%d) | %.3f | %.2f | %.3f |\n", s.Method, s.Cases, s.Error, s.JumpError, s.Jumps, s.Brier, s.Coverage, s.HalfWidth)
	}
	b.WriteString("\nA crossing foretold beyond the largest model fitted, by where it came.\n\n| forecast of accuracy from | before the 90% band | within | after | never, band open | never, band passed |\n|---|---|---|---|---|---|\n")
	for _, s := range scores {
		if c := s.Crossings; c != (Crossings{}) {
			fmt.Fprintf(&b, "| %s | %d of %d | %d | %d | %d | %d |\n", s.Method, c.Before, c.Came(), c.Within, c.After, c.Never, c.Promised)
		}
	}
	return strings.ReplaceAll(b.String(), "NaN", "-")
}
