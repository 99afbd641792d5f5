package trend

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// recent is the number of largest models whose items give the spread about the
// mean of a forecast: enough to average luck, few enough to be near the target.
const recent = 3

// JumpFromItems forecasts accuracy from the log-probability of the whole right
// answer of every item on every model, nats[model][item] (at most 0), with the
// default settings.
func JumpFromItems(name string, x []float64, nats [][]float64, at []float64) (*Jump, error) {
	return JumpSettings{}.FromItems(name, x, nats, at)
}

// FromItems forecasts accuracy item by item: the mean over items of the
// logarithm of each answer's loss is forecast by the model average, the items
// keep the spread about it that they have on the largest models, and every item
// is right with probability e^-loss. That answers differ in difficulty and length
// is thus taken into account, which a link at the mean loss ignores: the mean of
// e^-loss is not e^-(mean loss). With JumpSettings.Accuracy the link of an item is
// fitted, exp(-(loss/Scale)^Power), else it is Power 1 and Scale 1. The Series of
// the result is the mean log-probability of an answer.
func (c JumpSettings) FromItems(name string, x []float64, nats [][]float64, at []float64) (*Jump, error) {
	j, logs, links, err := c.prepareItems(name, x, nats)
	if err != nil {
		return nil, err
	}
	if err := j.run(logs, links, at); err != nil {
		return nil, err
	}
	return j, nil
}

// prepareItems is prepare for items.
func (c JumpSettings) prepareItems(name string, x []float64, nats [][]float64) (j *Jump, g Series, links []weightedLink, err error) {
	threshold, err := c.threshold()
	if err != nil {
		return nil, g, nil, err
	}
	mean, err := FromItems(name, LogLikelihood, x, nats)
	if err != nil {
		return nil, g, nil, err
	}
	n := len(x)
	if n < 3 {
		return nil, g, nil, fmt.Errorf("series %q: a jump forecast needs three models, there are %d", name, n)
	}
	logs := make([][]float64, n)
	for k, row := range nats {
		logs[k] = make([]float64, len(row))
		for i, v := range row {
			if v > 1e-9 {
				return nil, g, nil, fmt.Errorf("series %q: model %d, item %d: log-probability %v is above 0", name, k+1, i+1, v)
			}
			logs[k][i] = math.Log(max(-v, 1e-4))
		}
	}
	g, err = FromItems(name, logLossKind, x, logs)
	if err != nil {
		return nil, g, nil, err
	}
	spread := spreadOf(g.Y, logs)
	j = &Jump{Series: mean, Threshold: threshold}
	switch {
	case c.Accuracy != nil:
		acc := c.Accuracy.Sorted()
		if err := acc.Validate(); err != nil {
			return nil, g, nil, err
		}
		if !slices.Equal(acc.X, x) {
			return nil, g, nil, fmt.Errorf("series %q and %q are not of the same sizes", name, acc.Name)
		}
		acc, _ = acc.floored()
		loss := make([]float64, n)
		for k, v := range g.Y {
			loss[k] = math.Exp(v)
		}
		links = fitLink(loss, 1, acc, spread)
		j.Link, j.Fitted = likeliest(links), true
		if slices.Max(acc.Y) < acc.Chance+0.05 {
			j.Warnings = append(j.Warnings, errors.New("no model scores above chance yet: the link from loss to accuracy is the prior, not a measurement"))
		}
	case c.Link != nil:
		j.Link = *c.Link
		links = []weightedLink{tabulate(*c.Link, spread)}
	default:
		j.Link = Link{Scale: 1, Power: 1}
		links = []weightedLink{tabulate(j.Link, spread)}
		j.Warnings = append(j.Warnings, errors.New("the link is assumed, not measured: each answer is right with its own probability (sampled token by token); greedy decoding crosses earlier"))
	}
	j.record = jumpRecord[jumpMethod{items: true, fitted: j.Fitted}]
	return j, g, links, nil
}

// spreadOf returns 40 quantiles of the deviations of items from their model's
// mean, on the largest models.
func spreadOf(mean []float64, values [][]float64) []float64 {
	var d []float64
	for k := max(0, len(mean)-recent); k < len(mean); k++ {
		for _, v := range values[k] {
			d = append(d, v-mean[k])
		}
	}
	slices.Sort(d)
	out := make([]float64, 40)
	for i := range out {
		out[i] = d[(2*i+1)*len(d)/(2*len(out))]
	}
	return out
}

// The table of an item link: accuracy at mean log losses from tableLo in steps.
const (
	tableLo, tableStep = -12.0, 0.125
	tableSize          = 161 // to +8
)

// tabulate averages a link over items that are spread about the mean log loss.
func tabulate(l Link, spread []float64) weightedLink {
	w := weightedLink{Link: l, w: 1, table: make([]float64, tableSize)}
	for i := range w.table {
		g := tableLo + tableStep*float64(i)
		for _, d := range spread {
			w.table[i] += l.Accuracy(math.Exp(g+d)) / float64(len(spread))
		}
	}
	return w
}

// accuracy is that of the link, averaged over items where there is a table.
func (l *weightedLink) accuracy(loss float64) float64 {
	if l.table == nil {
		return l.Accuracy(loss)
	}
	t := (math.Log(max(loss, 1e-300)) - tableLo) / tableStep
	i := int(clamp(math.Floor(t), 0, tableSize-2))
	f := clamp(t-float64(i), 0, 1)
	return l.table[i]*(1-f) + l.table[i+1]*f
}

// loss inverts accuracy.
func (l *weightedLink) loss(accuracy float64) float64 {
	if l.table == nil {
		return l.Loss(accuracy)
	}
	switch {
	case accuracy >= l.table[0]:
		return 0
	case accuracy <= l.table[tableSize-1]:
		return math.Inf(1)
	}
	lo, hi := 0, tableSize-1 // table[lo] > accuracy >= table[hi]
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; l.table[mid] > accuracy {
			lo = mid
		} else {
			hi = mid
		}
	}
	f := (l.table[lo] - accuracy) / (l.table[lo] - l.table[hi])
	return math.Exp(tableLo + tableStep*(float64(lo)+f))
}

func likeliest(links []weightedLink) Link {
	best := links[0]
	for _, l := range links {
		if l.w > best.w {
			best = l
		}
	}
	return best.Link
}

// AccuracyFromMargins forecasts the accuracy of choosing between two answers
// from the margins, margins[model][item]: the log-probability of the right answer
// minus that of the best wrong one, nats, any sign. The mean margin is forecast
// by the model average, its spread over items by that of the largest models with
// their trend, and the accuracy is the share of items whose margin is then above
// 0. On the 11 two-choice tasks of the tiny family its mean error is larger than
// that of forecasting accuracy itself (.130 against .109, the last value has
// .128), but its 90% intervals hold 93% of the truths against 74%: use it for the
// interval.
func (c Settings) AccuracyFromMargins(name string, x []float64, margins [][]float64, at []float64) ([]Prediction, error) {
	s, err := FromItems(name, LogOdds, x, margins)
	if err != nil {
		return nil, err
	}
	n := s.Len()
	if n < 2 {
		return nil, fmt.Errorf("series %q: a forecast needs two models, there is %d", name, n)
	}
	width := Series{Name: name, Kind: LogOdds, X: x}
	items := float64(len(margins[0]))
	var spread []float64
	for k, row := range margins {
		sd := s.SE[k] * math.Sqrt(items)
		if sd == 0 {
			return nil, fmt.Errorf("series %q: model %d has the same margin on every item", name, k+1)
		}
		width.Y = append(width.Y, math.Log(sd))
		width.SE = append(width.SE, 1/math.Sqrt(2*items)) // of the logarithm of a standard deviation
		if k >= n-recent {
			for _, v := range row {
				spread = append(spread, (v-s.Y[k])/sd)
			}
		}
	}
	slices.Sort(spread)
	// The share of items above 0 when the mean is z standard deviations.
	share := func(z float64) float64 {
		i, _ := slices.BinarySearch(spread, -z)
		return 1 - float64(i)/float64(len(spread))
	}
	mean, err := c.Forecast(s, at)
	if err != nil {
		return nil, err
	}
	sd, err := c.Forecast(width, at)
	if err != nil {
		return nil, err
	}
	out := make([]Prediction, len(at))
	for i, m := range mean {
		w := math.Exp(sd[i].Mean)
		// Items of a further model scatter about the share too.
		p := share(m.Mean / w)
		noise := z90 * math.Sqrt(max(p*(1-p), 1/items)/items)
		out[i] = Prediction{X: m.X, Mean: p, Lo90: max(0, share(m.Lo90/w)-noise), Hi90: min(1, share(m.Hi90/w)+noise), Skill: m.Skill}
		out[i].SD = (out[i].Hi90 - out[i].Lo90) / (2 * z90)
	}
	return out, nil
}
