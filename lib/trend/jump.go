package trend

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// JumpSettings are the choices behind a jump forecast. The zero value crosses
// one half through the answer-length link of Series.Tokens.
type JumpSettings struct {
	Threshold float64 // accuracy whose crossing is asked for; 0: one half
	Link      *Link   // nil: fitted if Accuracy is there, else AnswerLength(Tokens)
	// Accuracy is the accuracy measured on the same models (the same X); the link
	// is fitted to it. Its Chance and Max are the ends of the link.
	Accuracy *Series
}

// JumpPoint is the forecast at one size. Accuracy is the median of what a
// further model would score, with a 90% interval; P is the probability that it
// is above the threshold.
type JumpPoint struct {
	X        float64 `json:"x_log10N"`
	Accuracy float64 `json:"accuracy"`
	Lo90     float64 `json:"lo90"`
	Hi90     float64 `json:"hi90"`
	P        float64 `json:"p_above"`
	Loss     float64 `json:"loss"` // median loss per token, nats
	Skill    bool    `json:"skill"`
}

// Jump is a forecast of accuracy made from a smooth quantity.
type Jump struct {
	Series    Series
	Link      Link // the likeliest
	Fitted    bool // else assumed
	Threshold float64
	Curve     []JumpPoint
	// Crossing is the size, in decades, at which the trend crosses the threshold:
	// Estimate with even chances, Lo90 and Hi90 with 5% and 95%. +Inf: not within
	// three decades of the largest model; -Inf: already before the smallest.
	Crossing Interval
	Skill    bool // the estimate lies where forecasts have beaten the last value
	Sentence string
	Warnings []error

	record Crossings // what crossings forecast in this way came to, in back-tests
	logs   Series    // what is forecast: the logarithm of the loss
	links  []weightedLink
}

// At returns the forecast at further sizes (decades), for the curve of a chart.
func (j *Jump) At(at []float64) ([]JumpPoint, error) {
	f := newForecaster(j.logs)
	defer f.done()
	out := make([]JumpPoint, len(at))
	for i, x := range at {
		if !finite(x) {
			return nil, fmt.Errorf("series %q: forecast at 10^%v", j.Series.Name, x)
		}
		out[i] = jumpAt(f, j.links, x, j.Threshold)
	}
	return out, nil
}

// ForecastJump forecasts accuracy from the log-likelihood per token (or the
// loss per token) of the right answers, with the default settings.
func ForecastJump(s Series, at []float64) (*Jump, error) { return JumpSettings{}.Forecast(s, at) }

// Forecast forecasts accuracy at the sizes at (decades) from s, a series of
// log-likelihoods (at most 0) or losses (at least 0) per token, or per character
// with Tokens in characters. The logarithm of the loss is forecast by the model
// average, because losses fall by powers of size, and pushed through the link
// with its uncertainty. The series needs three models.
func (c JumpSettings) Forecast(s Series, at []float64) (*Jump, error) {
	j, logs, links, err := c.prepare(s)
	if err != nil {
		return nil, err
	}
	if err := j.run(logs, links, at); err != nil {
		return nil, err
	}
	return j, nil
}

// threshold is the accuracy asked for.
func (c JumpSettings) threshold() (float64, error) {
	if c.Threshold == 0 {
		return 0.5, nil
	}
	if !(c.Threshold > 0 && c.Threshold < 1) {
		return 0, fmt.Errorf("threshold %v; it must be between 0 and 1", c.Threshold)
	}
	return c.Threshold, nil
}

// prepare checks the series and returns what is forecast, the logarithm of its
// loss, and the links to push that through.
func (c JumpSettings) prepare(s Series) (j *Jump, logs Series, links []weightedLink, err error) {
	threshold, err := c.threshold()
	if err != nil {
		return nil, logs, nil, err
	}
	s = s.Sorted()
	if err := s.Validate(); err != nil {
		return nil, logs, nil, err
	}
	loss, logs, err := logLoss(s)
	if err != nil {
		return nil, logs, nil, err
	}
	j = &Jump{Series: s, Threshold: threshold}
	links, err = c.links(s, loss, j)
	j.record = jumpRecord[jumpMethod{fitted: j.Fitted}]
	return j, logs, links, err
}

// run forecasts the log loss and pushes it through the links.
func (j *Jump) run(logs Series, links []weightedLink, at []float64) error {
	s := j.Series
	n := s.Len()
	j.logs, j.links = logs, links
	curve, err := j.At(at)
	if err != nil {
		return err
	}
	j.Curve = curve
	f := newForecaster(logs)
	defer f.done()
	j.crossing(f, links, s.X)
	j.Skill = !math.IsInf(j.Crossing.Estimate, 0) && skilled(s.X, j.Crossing.Estimate)
	if r := j.record; j.Crossing.Estimate > s.X[n-1] && r.Came() > 0 {
		j.Warnings = append(j.Warnings, fmt.Errorf("jumps of small models came before the 90%% band in %d of %d back-tests: doubt the date", r.Before, r.Came()))
	}
	if n < minTrend {
		j.Warnings = append(j.Warnings, fmt.Errorf("%d models: forecasts from fewer than %d have no skill beyond the last value", n, minTrend))
	}
	for _, p := range j.Curve {
		if !p.Skill && n >= minTrend {
			j.Warnings = append(j.Warnings, fmt.Errorf("forecast at 10^%.2f, %.1f decades beyond the largest model: no skill beyond the last value", p.X, p.X-s.X[n-1]))
			break
		}
	}
	j.Sentence = j.sentence()
	return nil
}

// logLoss returns the losses and the series of their logarithms.
func logLoss(s Series) (loss []float64, logs Series, err error) {
	sign := 1.0
	switch s.Kind {
	case LogLikelihood:
		sign = -1
	case Loss:
	default:
		return nil, logs, fmt.Errorf("series %q: a jump is forecast from a log-likelihood or a loss per token, not from %s", s.Name, s.Kind)
	}
	n := s.Len()
	if n < 3 {
		return nil, logs, fmt.Errorf("series %q: a jump forecast needs three models, there are %d", s.Name, n)
	}
	logs = Series{Name: s.Name, Kind: logLossKind, X: s.X, Y: make([]float64, n), SE: make([]float64, n)}
	loss = make([]float64, n)
	se := s.trendSE()
	for k, y := range s.Y {
		v := sign * y
		if v < -1e-9 {
			return nil, logs, fmt.Errorf("series %q: point %d (size 10^%.4g): %s %v; a log-likelihood is at most 0, a loss at least 0", s.Name, k+1, s.X[k], s.Kind, y)
		}
		loss[k] = max(v, 1e-4) // below, answers are right whatever the length
		logs.Y[k] = math.Log(loss[k])
		logs.SE[k] = se[k] / loss[k]
	}
	return loss, logs, nil
}

// logLossKind is the logarithm of a loss, with the calibration of a loss.
const logLossKind Kind = "log loss"

func (c JumpSettings) links(s Series, loss []float64, j *Jump) ([]weightedLink, error) {
	switch {
	case c.Link != nil:
		j.Link = *c.Link
	case c.Accuracy != nil:
		acc := c.Accuracy.Sorted()
		if err := acc.Validate(); err != nil {
			return nil, err
		}
		if !slices.Equal(acc.X, s.X) {
			return nil, fmt.Errorf("series %q and %q are not of the same sizes", s.Name, acc.Name)
		}
		acc, _ = acc.floored()
		links := fitLink(loss, s.Tokens, acc, nil)
		j.Link, j.Fitted = likeliest(links), true
		if slices.Max(acc.Y) < acc.Chance+0.05 {
			j.Warnings = append(j.Warnings, errors.New("no model scores above chance yet: the link from loss to accuracy is the prior, not a measurement"))
		}
		return links, nil
	case s.Tokens > 0:
		j.Link = AnswerLength(s.Tokens)
		j.Warnings = append(j.Warnings, fmt.Errorf("the link is assumed, not measured: accuracy = e^(-%.3g x loss), answers sampled token by token; greedy decoding crosses earlier", s.Tokens))
	default:
		return nil, fmt.Errorf("series %q: the length of the answers is not known: give tokens, a link, or the accuracies", s.Name)
	}
	return []weightedLink{{Link: j.Link, w: 1}}, nil
}

// mixtureAt tabulates the distribution of a further model's log loss at x,
// widened by the calibration. latent leaves out the noise of that model.
func (f *forecaster) mixtureAt(x float64, latent bool) distribution {
	a := f.a
	z := x - a.x0
	var basis [nAlpha]float64
	for i := range basis {
		basis[i] = a.basis(i, z)
	}
	n := f.s.Len()
	horizon := max(x-f.s.X[n-1], 0)
	last, keep := f.s.Y[n-1], 1.0
	if horizon > 0 {
		keep = f.cal.keep.value(horizon)
	}
	parts := f.parts[:0]
	sum, mean, second := 0.0, 0.0, 0.0
	for c := range nCov {
		_, tau := covCell(c)
		noise, items := 0.0, 0.0
		if !latent {
			noise, items = f.se2+tau*tau*a.s2*a.dx*a.dx+linkScatter*linkScatter, f.se2+linkScatter*linkScatter
		}
		a.eachAlpha(c, z, &basis, func(w, m, v float64) {
			if w < 3e-4 {
				return
			}
			v = max(v+noise, 1e-18)
			p := component{w, last + keep*(m-last), math.Sqrt(v) * f.cal.widen(horizon, items/v, f.rough)}
			parts = append(parts, p)
			sum += w
			mean += w * p.mean
			second += w * (p.mean*p.mean + p.sd*p.sd)
		})
	}
	f.parts = parts
	mean /= sum
	sd := math.Sqrt(max(second/sum-mean*mean, 1e-18))
	d := distribution{from: mean - 6*sd, step: 12 * sd / float64(len(distribution{}.below)-1)}
	for i := range d.below {
		v := d.from + d.step*float64(i)
		p := 0.0
		for _, c := range parts {
			switch t := (v - c.mean) / c.sd; {
			case t > 6:
				p += c.w
			case t > -6:
				p += c.w * normalCDF(t)
			}
		}
		d.below[i] = p / sum
	}
	return d
}

type component struct{ w, mean, sd float64 }

// distribution is a tabulated cumulative distribution.
type distribution struct {
	from, step float64
	below      [97]float64
}

// cdf returns the probability of a value below v.
func (d *distribution) cdf(v float64) float64 {
	t := (v - d.from) / d.step
	switch {
	case t <= 0:
		return 0
	case t >= float64(len(d.below)-1):
		return 1
	}
	i := int(t)
	return d.below[i] + (t-float64(i))*(d.below[i+1]-d.below[i])
}

// percentile inverts cdf.
func (d *distribution) percentile(p float64) float64 {
	i, _ := slices.BinarySearch(d.below[:], p)
	if i == 0 {
		return d.from
	}
	if i == len(d.below) {
		return d.from + d.step*float64(i-1)
	}
	f := (p - d.below[i-1]) / (d.below[i] - d.below[i-1])
	return d.from + d.step*(float64(i-1)+f)
}

// above returns the probability that accuracy exceeds a threshold.
func (d *distribution) above(links []weightedLink, threshold float64) float64 {
	p := 0.0
	for i := range links {
		if v := links[i].loss(threshold); v > 0 {
			p += links[i].w * d.cdf(math.Log(v))
		}
	}
	return p
}

func jumpAt(f *forecaster, links []weightedLink, x, threshold float64) JumpPoint {
	d := f.mixtureAt(x, false)
	out := JumpPoint{X: x, P: d.above(links, threshold), Loss: math.Exp(d.percentile(0.5)), Skill: skilled(f.s.X, x)}
	if len(links) == 1 {
		l := &links[0]
		out.Accuracy = l.accuracy(out.Loss)
		out.Lo90, out.Hi90 = l.accuracy(math.Exp(d.percentile(0.95))), l.accuracy(math.Exp(d.percentile(0.05)))
		return out
	}
	find := func(p float64) float64 { // P(accuracy > v) = 1-p
		lo, hi := links[0].Chance, links[0].max()
		for range 20 {
			mid := 0.5 * (lo + hi)
			if d.above(links, mid) > 1-p {
				lo = mid
			} else {
				hi = mid
			}
		}
		return 0.5 * (lo + hi)
	}
	out.Accuracy, out.Lo90, out.Hi90 = find(0.5), find(0.05), find(0.95)
	return out
}

// crossing finds where the probability that the trend has crossed the threshold
// passes 5%, 50% and 95%.
func (j *Jump) crossing(f *forecaster, links []weightedLink, sizes []float64) {
	const step, reach = 0.1, 3.0
	first, last := sizes[0], sizes[len(sizes)-1]
	out := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}
	highest, before := 0.0, 0.0
	for i := 0; ; i++ {
		x := first + step*float64(i)
		if x > last+reach+1e-9 {
			break
		}
		d := f.mixtureAt(x, true)
		// Once crossed, it stays crossed: later uncertainty is about how far.
		p := max(highest, d.above(links, j.Threshold))
		for k, q := range [3]float64{0.05, 0.5, 0.95} {
			if !math.IsInf(out[k], 1) || p < q {
				continue
			}
			if i == 0 {
				out[k] = math.Inf(-1)
			} else {
				out[k] = x - step*(p-q)/(p-before)
			}
		}
		before, highest = p, p
		if p >= 0.95 {
			break
		}
	}
	j.Crossing = Interval{Estimate: out[1], Lo90: out[0], Hi90: out[2]}
}

func (j *Jump) sentence() string {
	s := j.Series
	n := s.Len()
	how := "an assumed"
	if j.Fitted {
		how = "a fitted"
	}
	from := fmt.Sprintf("From the loss of %d models up to %s %s, through %s link", n, Size(s.X[n-1]), s.axis(), how)
	c := j.Crossing
	switch {
	case math.IsInf(c.Estimate, 1):
		return fmt.Sprintf("%s: accuracy %.3g is not foreseen within three decades.", from, j.Threshold)
	case math.IsInf(c.Estimate, -1):
		return fmt.Sprintf("%s: accuracy %.3g is passed already by the smallest model.", from, j.Threshold)
	}
	lo, hi := "before the smallest", "beyond three decades"
	if !math.IsInf(c.Lo90, 0) {
		lo = Size(c.Lo90)
	}
	if !math.IsInf(c.Hi90, 0) {
		hi = Size(c.Hi90)
	}
	text := fmt.Sprintf("%s: accuracy %.3g is crossed near %s %s (90%% interval %s to %s).", from, j.Threshold, Size(c.Estimate), s.axis(), lo, hi)
	if !j.Skill {
		text += fmt.Sprintf(" That is %.1f decades beyond the largest model: no skill beyond the last value.", c.Estimate-s.X[n-1])
	}
	return text
}
