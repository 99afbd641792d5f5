package show

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"bellwether/lib/chart"
	"bellwether/lib/trend"
)

// z95 is the 97.5% point of the standard normal distribution, for the error bars.
const z95 = 1.959963984540054

// Trend shows a result over model size: a point with its 95% bar for each size, the forecast with its 90%
// interval, and the verdict as the title; under the chart, what makes it doubtful. Series that go on to
// larger models may follow: what lies beyond the result's own largest model, which the result has not
// seen, is drawn hollow, as held back.
func Trend(r *trend.Result, heldBack ...trend.Series) {
	c, err := TrendChart(r, heldBack...)
	check(err)
	Chart(c)
	Doubts(r.Warnings)
}

// TrendChart returns the chart that [Trend] shows, to be changed or saved for a paper.
func TrendChart(r *trend.Result, heldBack ...trend.Series) (*chart.Chart, error) {
	s := r.Series
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("show: %w", err)
	}
	heldBack = beyond(s.X[s.Len()-1], heldBack)
	p := chart.Panel{Y: axis(s), Levels: levels(s)}
	held := points(heldName, heldStyle, heldBack...)
	p.Points = append(p.Points, points(fittedName(heldBack), chart.Style{}, s))
	if len(held.Points) > 0 {
		p.Points = append(p.Points, held)
	}
	forecast, err := trend.Forecast(s, grid(s, r.Forecast, heldBack))
	if err == nil && len(forecast) > 1 { // one model has no forecast, and that is among the warnings
		p.Bands, p.Curves = predicted(forecast, s.X[s.Len()-1])
	}
	return &chart.Chart{
		Title:    title(r),
		Subtitle: subtitle(s, len(p.Bands) > 0),
		Sentence: r.Sentence,
		X:        sizeAxis,
		Panels:   []chart.Panel{p},
	}, nil
}

var (
	sizeAxis   = chart.Axis{Name: "model size", Unit: "parameters", Log: true}
	heldStyle  = chart.Style{Tone: chart.Vermillion, Hollow: true}
	jumpStyle  = chart.Style{Tone: chart.Purple}
	cameStyle  = chart.Style{Tone: chart.Vermillion}
	heldName   = "held back"
	bandName   = "90% interval"
	withinName = "trend"
	beyondName = "forecast"
	jumpName   = "predicted crossing, 90%"
	cameName   = "measured crossing"
	percentEnd = 0.03 // room for half a mark beyond 0% and 100%
)

// beyond returns what the series have on models larger than a size.
func beyond(size float64, series []trend.Series) []trend.Series {
	var out []trend.Series
	for _, h := range series {
		n := 0
		for n < h.Len() && h.X[n] <= size {
			n++
		}
		if n < h.Len() {
			out = append(out, h.Tail(n))
		}
	}
	return out
}

func fittedName(heldBack []trend.Series) string {
	if len(heldBack) > 0 {
		return "fitted"
	}
	return "measured"
}

// title is the verdict, in words that a newcomer reads: "Inverse scaling: myth accuracy falls with size (p < 0.001)".
func title(r *trend.Result) string {
	s := r.Series
	what, n := quantity(s), s.Len()
	p := trend.PValue(r.P)
	moves := map[trend.Direction]string{trend.Up: "rises", trend.Down: "falls", trend.None: "changes"}[r.Direction]
	switch r.Verdict {
	case trend.Standard:
		return fmt.Sprintf("Standard scaling: %s %s with size (%s, %d sizes)", what, moves, p, n)
	case trend.Inverse:
		return fmt.Sprintf("Inverse scaling: %s %s with size (%s, %d sizes)", what, moves, p, n)
	case trend.U:
		return fmt.Sprintf("U-shaped scaling: %s falls, then rises with size (%d sizes)", what, n)
	case trend.InvertedU:
		return fmt.Sprintf("Inverted U: %s rises, then falls with size (%d sizes)", what, n)
	case trend.Flat:
		return fmt.Sprintf("Flat: %s does not change with size (%d sizes)", what, n)
	case trend.Breakthrough:
		return fmt.Sprintf("Breakthrough ahead: %s %s smoothly, and accuracy jumps (%s, %d sizes)", what, moves, p, n)
	}
	return fmt.Sprintf("Inconclusive: no trend in %s that scatter between models could not explain (%s, %d sizes)", what, p, n)
}

func subtitle(s trend.Series, band bool) string {
	bars := "Bars: 95%, from the items"
	if s.ReplicateSE != nil {
		bars += " and from training seeds"
	}
	if band {
		bars += ". Band: where 90% of further models are expected"
	}
	return bars + "."
}

// metrics says how to name what a series measures: study names a series "task metric".
var metrics = map[string]struct{ name, unit string }{
	"accuracy":          {"accuracy", "%"},
	"accuracy_per_char": {"accuracy, per character", "%"},
	"accuracy_per_byte": {"accuracy, per byte", "%"},
	"exact_match":       {"exact match", "%"},
	"coverage":          {"probability of the choices", "%"},
	"loss":              {"loss", "nats"},
	"wrong_loss":        {"loss of the wrong answers", "nats"},
	"raw_loss":          {"raw loss", "nats"},
	"logodds":           {"log-odds", "nats"},
	"logodds_shift":     {"shift of log-odds", "nats"},
	"loglik_per_char":   {"log-likelihood", "nats per character"},
	"loglik_per_byte":   {"log-likelihood", "nats per byte"},
	"loglik_per_token":  {"log-likelihood", "nats per token"},
}

// metric returns the name and unit of what a series measures, and the task it was measured on ("" if unknown).
func metric(s trend.Series) (name, unit, task string) {
	words := strings.Fields(s.Name)
	if len(words) > 0 {
		if m, ok := metrics[words[len(words)-1]]; ok {
			return m.name, m.unit, strings.Join(words[:len(words)-1], " ")
		}
	}
	switch s.Kind {
	case trend.Accuracy, "acc":
		return "accuracy", "%", s.Name
	case trend.Loss:
		return "loss", "nats", s.Name
	case trend.LogOdds:
		return "log-odds", "nats", s.Name
	case trend.LogLikelihood:
		return "log-likelihood", "nats per unit of length", s.Name
	}
	if s.Kind == "" {
		return "value", "unit not stated", s.Name
	}
	return string(s.Kind), "unit not stated", s.Name
}

// quantity names a series in a sentence: "loss on fact".
func quantity(s trend.Series) string {
	name, _, task := metric(s)
	if task == "" {
		return name
	}
	return name + " on " + task
}

func axis(s trend.Series) chart.Axis {
	name, unit, _ := metric(s)
	if unit == "%" {
		return chart.Axis{Name: name, Percent: true, Min: -percentEnd, Max: 1 + percentEnd}
	}
	return chart.Axis{Name: name, Unit: unit}
}

func levels(s trend.Series) []chart.Level {
	if s.Chance > 0 && s.Chance < 1 && axis(s).Percent {
		return []chart.Level{{Text: fmt.Sprintf("guessing, %.3g%%", 100*s.Chance), Y: s.Chance}}
	}
	return nil
}

// points returns the measurements of some series as marks, their bars cut at the ends of the scale.
func points(name string, style chart.Style, series ...trend.Series) chart.Points {
	out := chart.Points{Name: name, Style: style}
	for _, s := range series {
		low, high := math.Inf(-1), math.Inf(1)
		switch {
		case axis(s).Percent:
			low, high = 0, 1
		case s.Kind == trend.LogLikelihood:
			high = 0
		case s.Kind == trend.Loss:
			low = 0
		}
		for k, x := range s.X {
			y, bar := s.Y[k], z95*standardError(s, k)
			p := chart.Point{X: math.Pow(10, x), Y: y, Down: min(bar, max(y-low, 0)), Up: min(bar, max(high-y, 0))}
			if s.Labels != nil {
				p.Label = s.Labels[k]
			}
			out.Points = append(out.Points, p)
		}
	}
	return out
}

func standardError(s trend.Series, k int) float64 {
	e := 0.0
	switch {
	case s.SE != nil:
		e = s.SE[k]
	case s.Cov != nil:
		e = math.Sqrt(s.Cov[k][k])
	}
	if s.ReplicateSE != nil {
		e = math.Hypot(e, s.ReplicateSE[k])
	}
	return e
}

// grid returns the sizes, in decades, at which a forecast is drawn: from the smallest model to the furthest
// forecast or model, and every model's own, so that hovering over a model says what was expected of it.
func grid(s trend.Series, forecast []trend.Prediction, heldBack []trend.Series) []float64 {
	at := slices.Clone(s.X)
	for _, p := range forecast {
		at = append(at, p.X)
	}
	for _, h := range heldBack {
		at = append(at, h.X...)
	}
	first, last := slices.Min(at), slices.Max(at)
	const steps = 36
	for i := range steps + 1 {
		at = append(at, first+(last-first)*float64(i)/steps)
	}
	slices.Sort(at)
	return slices.CompactFunc(at, func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
}

// predicted returns the interval as a band, and the mean as a line that is dashed beyond the largest model
// that the forecast knows.
func predicted(forecast []trend.Prediction, largest float64) ([]chart.Band, []chart.Curve) {
	b := chart.Band{Name: bandName}
	within := chart.Curve{Name: withinName}
	beyond := chart.Curve{Name: beyondName, Style: chart.Style{Dashed: true}}
	for _, p := range forecast {
		x := math.Pow(10, p.X)
		b.X, b.Low, b.High = append(b.X, x), append(b.Low, p.Lo90), append(b.High, p.Hi90)
		if p.X <= largest+1e-9 {
			within.X, within.Y = append(within.X, x), append(within.Y, p.Mean)
		}
		if p.X >= largest-1e-9 {
			beyond.X, beyond.Y = append(beyond.X, x), append(beyond.Y, p.Mean)
		}
	}
	var curves []chart.Curve
	for _, c := range []chart.Curve{within, beyond} {
		if len(c.X) > 1 {
			curves = append(curves, c)
		}
	}
	return []chart.Band{b}, curves
}
