// Package study joins the logs of many models about one task: the one place
// where records become numbers to compare.
//
//	logs ── Of(metric) ──> Matrix [model][item] ── Series ──> trend.Series
//
// The matrix keeps the items apart, because comparisons between models are
// paired: the same hard item lowers all of them. A series over size has the
// models' means with the covariance that the shared items give them. Models of
// the same size that differ only in their training seed count as one point, and
// their scatter is kept as the replicate error.
package study

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"bellwether/lib/metric"
	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/trend"
)

// Matrix holds one metric for every model and item.
type Matrix struct {
	Task     string
	Metric   metric.Metric
	Models   []model.Identity // ascending parameters, then seed, then name
	Items    []string         // in the order of the task
	Values   [][]float64      // [model][item], finite
	Lengths  []float64        // mean length of the right answers in the metric's unit of length (else tokens), by model; NaN when unknown
	Chance   float64          // the metric's value by guessing: 0 but for accuracies over choices
	Warnings []error          // items left out and why
}

// ErrNoItem is the error for a metric that the logs do not hold.
var ErrNoItem = errors.New("nothing to compare")

// Of joins logs of one task over the items that all of them answered and for
// which the metric is defined and finite; items left out are counted in
// Warnings. The logs must be of one task and one way of prompting, and name
// each model once; every model's size must be known.
func Of(logs []*record.Log, m metric.Metric) (*Matrix, error) {
	if len(logs) == 0 {
		return nil, errors.New("study: no logs")
	}
	logs = slices.Clone(logs)
	slices.SortStableFunc(logs, func(a, b *record.Log) int { return a.Header.Model.Compare(b.Header.Model) })
	first := logs[0].Header
	values := make([]map[string]float64, len(logs))
	lengths := make([]float64, len(logs))
	x := &Matrix{Task: first.Task.Name, Metric: m}
	seen := map[string]bool{}
	for k, l := range logs {
		h := l.Header
		if h.Task.Hash != first.Task.Hash || h.Prompt != first.Prompt {
			return nil, fmt.Errorf("study: %s is of task %s (%.8s, %d shots), %s of %s (%.8s, %d shots): one task at a time",
				name(l), h.Task.Name, h.Task.Hash, h.Prompt.Shots, name(logs[0]), first.Task.Name, first.Task.Hash, first.Prompt.Shots)
		}
		if seen[h.Model.Hash()] {
			return nil, fmt.Errorf("study: model %s is there twice", h.Model.Name)
		}
		seen[h.Model.Hash()] = true
		if !(h.Model.Parameters > 0) {
			return nil, fmt.Errorf("study: %s: the number of parameters is %g; a trend over size needs it", h.Model.Name, h.Model.Parameters)
		}
		var err error
		if values[k], lengths[k], err = rows(l, m); err != nil {
			return nil, err
		}
		x.Models = append(x.Models, h.Model)
	}
	x.Lengths = lengths
	if m.Kind == metric.KindAccuracy && m.Name != metric.ExactMatch.Name && m.Name != metric.Coverage.Name {
		x.Chance = chance(logs[0])
	}

	missing, undefined := 0, 0
	for _, id := range order(logs) {
		use := true
		for _, v := range values {
			y, ok := v[id]
			switch {
			case !ok:
				missing++
				use = false
			case math.IsNaN(y) || math.IsInf(y, 0):
				undefined++
				use = false
			}
			if !use {
				break
			}
		}
		if use {
			x.Items = append(x.Items, id)
		}
	}
	if missing > 0 {
		x.Warnings = append(x.Warnings, fmt.Errorf("%d items are not answered by every model and are left out", missing))
	}
	if undefined > 0 {
		x.Warnings = append(x.Warnings, fmt.Errorf("%d items have no finite %s and are left out", undefined, m.Name))
	}
	if len(x.Items) == 0 {
		return nil, fmt.Errorf("study: task %s: %w: no item has a finite %s from every one of %d models", x.Task, ErrNoItem, m.Name, len(logs))
	}
	for k := range logs {
		row := make([]float64, len(x.Items))
		for i, id := range x.Items {
			row[i] = values[k][id]
		}
		x.Values = append(x.Values, row)
	}
	for _, id := range x.Models {
		if id.Estimated {
			x.Warnings = append(x.Warnings, fmt.Errorf("the size of %s is an outside estimate", id.Name))
		}
	}
	x.Warnings = append(x.Warnings, doubts(logs)...)
	return x, nil
}

func name(l *record.Log) string {
	if l.Path != "" {
		return l.Path
	}
	return l.Header.Model.Name
}

// order returns the item ids of all logs: those of the longest log first, in
// its order, which is the task's when it is finished.
func order(logs []*record.Log) []string {
	longest := logs[0]
	for _, l := range logs {
		if l.Finished && !longest.Finished || l.Finished == longest.Finished && len(l.Rows) > len(longest.Rows) {
			longest = l
		}
	}
	seen := map[string]bool{}
	var ids []string
	for _, l := range append([]*record.Log{longest}, logs...) {
		for _, r := range l.Rows {
			if !seen[r.Item] {
				seen[r.Item] = true
				ids = append(ids, r.Item)
			}
		}
	}
	return ids
}

// chance returns the expected accuracy of a guess among the choices, 0 when the
// rows have none.
func chance(l *record.Log) float64 {
	sum, n := 0.0, 0
	for _, r := range l.Rows {
		if len(r.Choices) > 0 && len(r.Gold) > 0 {
			sum += float64(len(r.Gold)) / float64(len(r.Choices))
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

// rows returns the metric of every answered item, and the mean length of the
// right answers.
func rows(l *record.Log, m metric.Metric) (values map[string]float64, length float64, err error) {
	values = make(map[string]float64, len(l.Rows))
	sum, n := 0.0, 0
	for _, r := range l.Rows {
		if r.Error != "" {
			continue
		}
		if v, ok := r.Values[m.Name]; ok { // imported rows carry measured values
			values[r.Item] = v
			continue
		}
		o := Outcome(r, l.Header.Task.Type)
		v, err := m.Value(o)
		if err != nil {
			return nil, 0, fmt.Errorf("study: %s: item %q: %w", name(l), r.Item, err)
		}
		values[r.Item] = v
		if len(o.Gold) > 0 {
			sum += float64(m.Length(o, o.Gold[0]))
			n++
		}
	}
	return values, sum / float64(n), nil
}

// Outcome turns a row of a log into what the metrics read. taskType is the type
// in the log's header.
func Outcome(r record.Row, taskType string) metric.Outcome {
	o := metric.Outcome{Gold: r.Gold, Absolute: taskType == "absolute_logodds"}
	for _, c := range r.Choices {
		o.Nats = append(o.Nats, c.Nats)
		o.Last = append(o.Last, c.Last)
		o.Tokens = append(o.Tokens, c.Tokens)
		o.Bytes = append(o.Bytes, c.Bytes)
		o.Chars = append(o.Chars, c.Chars)
		o.Greedy = append(o.Greedy, c.Greedy)
	}
	for _, c := range r.Other {
		o.OtherLast = append(o.OtherLast, c.Last)
	}
	return o
}

// doubts collects what makes the join as a whole doubtful.
func doubts(logs []*record.Log) []error {
	var out []error
	kinds := map[string]int{}
	for _, l := range logs {
		if n := l.Failed(); n > 0 {
			out = append(out, fmt.Errorf("%s failed on %d of %d items", l.Header.Model.Name, n, len(l.Rows)))
		}
		if !l.Finished && l.Failed() == 0 {
			out = append(out, fmt.Errorf("the log of %s is not finished: %d of %d items", l.Header.Model.Name, len(l.Rows), l.Header.Task.Items))
		}
		if zero(l) {
			out = append(out, fmt.Errorf("%s gave every choice the same log-probability: accuracy is chance by construction; does its server ignore echo?", l.Header.Model.Name))
		}
		for _, r := range l.Rows {
			for _, w := range r.Warnings {
				kind, _, _ := strings.Cut(w, ":")
				kinds[l.Header.Model.Name+": "+kind]++
			}
		}
	}
	keys := make([]string, 0, len(kinds))
	for k := range kinds {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		out = append(out, fmt.Errorf("%s on %d items", k, kinds[k]))
	}
	return out
}

// zero reports whether all choices of every item scored the same.
func zero(l *record.Log) bool {
	compared := 0
	for _, r := range l.Rows {
		for c := 1; c < len(r.Choices); c++ {
			if r.Choices[c].Nats != r.Choices[0].Nats {
				return false
			}
			compared++
		}
	}
	return compared > 0
}

// Scores returns each model's mean with its standard error, in the order of
// Models.
func (x *Matrix) Scores() []metric.Score {
	out := make([]metric.Score, len(x.Values))
	for k, v := range x.Values {
		if x.Metric.Kind == metric.KindAccuracy {
			out[k] = metric.Share(v)
		} else {
			out[k] = metric.Mean(v)
		}
	}
	return out
}

// Point is the models of one size.
type Point struct {
	Parameters float64
	Models     []int     // indices into Matrix.Models
	Values     []float64 // [item], the mean over the models
}

// Points groups the models by size, ascending. Models of one size are
// replicates: they may differ in name and seed.
func (x *Matrix) Points() []Point {
	var out []Point
	for k, id := range x.Models {
		if n := len(out); n == 0 || out[n-1].Parameters != id.Parameters {
			out = append(out, Point{Parameters: id.Parameters, Values: make([]float64, len(x.Items))})
		}
		p := &out[len(out)-1]
		p.Models = append(p.Models, k)
	}
	for p := range out {
		for _, k := range out[p].Models {
			for i, v := range x.Values[k] {
				out[p].Values[i] += v / float64(len(out[p].Models))
			}
		}
	}
	return out
}

// Series returns the trend's input: per size the mean over items (and over
// training seeds), the covariance from the shared items, and the replicate
// error from the scatter between seeds where every size has two or more.
func (x *Matrix) Series() (trend.Series, error) {
	if len(x.Items) < 2 {
		return trend.Series{}, fmt.Errorf("study: task %s: %d item; a standard error needs 2", x.Task, len(x.Items))
	}
	points := x.Points()
	s := trend.Series{
		Name: x.Task + " " + x.Metric.Name, Quantity: x.Metric.Phrase, Kind: trend.Kind(x.Metric.Kind), Better: trend.Direction(x.Metric.Better), Cluster: x.Task, Chance: x.Chance,
	}
	values := make([][]float64, len(points))
	replicated := true
	tokens, weight := 0.0, 0.0
	for k, p := range points {
		values[k] = p.Values
		s.X = append(s.X, math.Log10(p.Parameters))
		s.Y = append(s.Y, metric.Mean(p.Values).Mean)
		label := x.Models[p.Models[0]].Name
		if n := len(p.Models); n > 1 {
			label = fmt.Sprintf("%s and %d more", label, n-1)
		} else {
			replicated = false
		}
		s.Labels = append(s.Labels, label)
		for _, m := range p.Models {
			if t := x.Lengths[m]; !math.IsNaN(t) {
				tokens, weight = tokens+t, weight+1
			}
		}
	}
	s.Cov = metric.Covariance(values)
	s.SE = make([]float64, len(points))
	for k := range s.SE {
		s.SE[k] = math.Sqrt(s.Cov[k][k])
	}
	if weight > 0 {
		s.Tokens = tokens / weight
	}
	if replicated {
		scores := x.Scores()
		for _, p := range points {
			means := make([]float64, len(p.Models))
			for i, m := range p.Models {
				means[i] = scores[m].Mean
			}
			s.ReplicateSE = append(s.ReplicateSE, metric.Mean(means).SE)
		}
	}
	if err := s.Validate(); err != nil {
		return trend.Series{}, fmt.Errorf("study: %w", err)
	}
	return s, nil
}

// Series joins logs and returns the series of one metric over size.
func Series(logs []*record.Log, m metric.Metric) (trend.Series, error) {
	x, err := Of(logs, m)
	if err != nil {
		return trend.Series{}, err
	}
	return x.Series()
}
