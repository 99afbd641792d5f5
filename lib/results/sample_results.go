package results

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"bellwether/lib/metric"
	"bellwether/lib/model"
	"bellwether/lib/record"
)

// fromSamples makes the log and the metrics of a task's samples. Where there
// are several filters, one record a document is kept, that of the first filter;
// a metric carries the filter's name unless that is "none", as in results files,
// and that of the first filter goes without it too.
func (r *Result) fromSamples(rows []sample, software string, id model.Identity) {
	if len(rows) == 0 {
		r.problem(NoRows, 0, "no samples")
		return
	}
	rows = r.distinct(rows)
	first := rows[0].filter
	id.Name, id.Server, id.Method = r.Model, "lm-eval", "exact"
	l := &record.Log{Path: r.File, Finished: true, Header: record.Header{
		Schema:   record.Schema,
		Task:     record.Task{Name: r.Task, Hash: "lm-eval:" + r.Task, Type: "classification", Format: "lm-eval"},
		Model:    id,
		Prompt:   record.Prompt{Shots: r.shots},
		Software: []string{software}, Source: r.File,
	}}
	var mine []*sample // of the first filter
	for i := range rows {
		if rows[i].filter == first {
			mine = append(mine, &rows[i])
		}
	}
	golds := r.golds(mine)
	var scored []*sample // with choices, in the order of outcomes
	var outcomes []metric.Outcome
	var kept []sample
	lost := map[string]bool{}
	for _, s := range rows {
		if s.filter != first {
			kept = append(kept, s)
		}
	}
	kinds := map[string]bool{}
	for i, s := range mine {
		gold := golds[i]
		if n := len(s.choices); n > 0 && slices.ContainsFunc(gold, func(g int) bool { return g < 0 || g >= n }) {
			r.problem(BadValue, s.line, "doc %s: target %s is not one of the %d choices", s.id, s.target, n)
			lost[s.id] = true
			continue
		}
		kept = append(kept, *s)
		row := record.Row{Item: s.id, Gold: gold, Choices: s.choices, Generated: s.text}
		if len(s.choices) == 0 {
			row.Values, row.Gold = s.values(), nil
			kinds["generation"] = true
		} else if slices.ContainsFunc(s.choices, func(c record.Choice) bool { return c.Nats > 1e-6 }) {
			r.problem(ImpossibleTotal, s.line, "doc %s: a log-probability is above 0", s.id)
			row = record.Row{Item: s.id, Error: "a log-probability is above 0"}
		} else {
			kind := "classification"
			if len(s.choices) == 1 {
				kind = "sequence_prob"
				row.Values = map[string]float64{"loss": -s.choices[0].Nats, "accuracy": share(s.choices[0].Greedy)}
			}
			kinds[kind] = true
			outcomes = append(outcomes, s.outcome(gold))
			scored = append(scored, s)
		}
		l.Rows = append(l.Rows, row)
	}
	if len(kinds) == 1 {
		for k := range kinds {
			l.Header.Task.Type = k
		}
	}
	l.Header.Task.Items = len(l.Rows)
	r.Log = l
	r.N = len(l.Rows)
	r.logged(kept, first, lost)
	r.scored(outcomes, scored)
}

// distinct leaves out a document that is there twice under one filter, and
// renames one that only has another's number ("3#2").
func (r *Result) distinct(rows []sample) []sample {
	type key struct{ id, filter string }
	seen := map[key]string{}
	out := rows[:0]
	for _, s := range rows {
		k := key{s.id, s.filter}
		hash, twice := seen[k]
		if twice && (s.hash == "" || s.hash == hash) {
			r.problem(Duplicate, s.line, "doc %s is there twice under filter %s: the first counts", s.id, s.filter)
			continue
		}
		for n := 2; twice; n++ {
			k.id = fmt.Sprintf("%s#%d", s.id, n)
			_, twice = seen[k]
		}
		s.id = k.id
		seen[k] = s.hash
		out = append(out, s)
	}
	return out
}

// values are the numbers of a sample without choices.
func (s *sample) values() map[string]float64 {
	v := map[string]float64{}
	for name, x := range s.metrics {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			v[name] = x
		}
	}
	if s.rolling != nil && !math.IsNaN(*s.rolling) && !math.IsInf(*s.rolling, 0) {
		v["loss"] = -*s.rolling
	}
	for name, p := range s.pairs {
		if unit, _, ok := strings.Cut(name, "_perplexity"); ok && !math.IsInf(p[1], 0) && !math.IsNaN(p[1]) {
			v[unit+"s"] = p[1] // "words", "bytes"
		}
	}
	return v
}

func (s *sample) outcome(gold []int) metric.Outcome {
	o := metric.Outcome{Gold: gold}
	for _, c := range s.choices {
		o.Nats = append(o.Nats, c.Nats)
		o.Chars = append(o.Chars, c.Chars)
		o.Bytes = append(o.Bytes, c.Bytes)
		o.Greedy = append(o.Greedy, c.Greedy)
	}
	return o
}

// golds finds the right choices of every sample. A target such as "1" may be
// the index of a choice or the text of one; where the two differ, the reading
// that agrees with the logged accuracies is taken for the whole task.
func (r *Result) golds(samples []*sample) [][]int {
	out := make([][]int, len(samples))
	index, text, open := 0, 0, 0 // samples for which a reading is right; those that differ
	for _, s := range samples {
		if len(s.choices) < 2 || s.gold != nil {
			continue
		}
		byIndex, byText := s.targets()
		if byIndex == nil || byText == nil || slices.Equal(byIndex, byText) {
			continue
		}
		open++
		a, told := s.agrees(byIndex)
		b, _ := s.agrees(byText)
		if told && a {
			index++
		}
		if told && b {
			text++
		}
	}
	unknown := 0
	for i, s := range samples {
		switch {
		case len(s.choices) == 0:
			continue
		case len(s.choices) == 1: // a log-likelihood task: the one continuation is the answer
			out[i] = []int{0}
			continue
		case s.gold != nil:
			out[i] = s.gold
			continue
		}
		byIndex, byText := s.targets()
		switch {
		case byIndex == nil:
			out[i] = byText
		case byText == nil || index > text || slices.Equal(byIndex, byText):
			out[i] = byIndex
		case text > index:
			out[i] = byText
		}
		if out[i] == nil && s.several {
			out[i] = s.fromAccuracy()
		}
		if out[i] == nil {
			unknown++
		}
	}
	if unknown > 0 {
		r.problem(GoldUnknown, 0, "which choice is right cannot be told from the target of %s of %d", counted(unknown, "sample"), len(samples))
	}
	return out
}

// fromAccuracy finds the right one of two choices by whether the harness
// counted the more probable one as right; nil where that cannot be told.
func (s *sample) fromAccuracy() []int {
	for i := range s.choices {
		if yes, told := s.agrees([]int{i}); told && yes && (len(s.choices) == 2 || s.metrics["acc"] == 1) {
			return []int{i}
		}
	}
	return nil
}

// weighted says that a metric of a task is made of a sum and a weight of each
// document.
func weighted(name string) bool {
	switch name {
	case "word_perplexity", "byte_perplexity", "bits_per_byte", "weighted_perplexity":
		return true
	}
	return false
}

// logged makes the task's metrics of the documents' as the harness does: the
// mean, but for perplexities. A metric whose documents hold no number has its
// value in the results file alone.
func (r *Result) logged(rows []sample, first string, lost map[string]bool) {
	means, pairs, other := map[string][]float64{}, map[string][2]float64{}, map[string]int{}
	names := func(name, filter string) []string {
		switch filter {
		case "none":
			return []string{name}
		case first:
			return []string{name + "," + filter, name}
		}
		return []string{name + "," + filter}
	}
	infinite := 0
	for _, s := range rows {
		if lost[s.id] {
			continue
		}
		for name, v := range s.metrics {
			if math.IsInf(v, 0) {
				infinite++
				continue
			}
			for _, n := range names(name, s.filter) {
				means[n] = append(means[n], v)
			}
		}
		for name, p := range s.pairs {
			for _, n := range names(name, s.filter) {
				pairs[n] = [2]float64{pairs[n][0] + p[0], pairs[n][1] + p[1]}
			}
		}
		for _, name := range s.other {
			other[name]++
		}
	}
	for _, n := range sortedKeys(means) {
		name, _, _ := strings.Cut(n, ",")
		m := metric.Mean(means[n])
		if m.N == 0 {
			continue
		}
		v := Value{m.Mean, m.SE}
		if name == "perplexity" { // the documents hold log-likelihoods; the error by the delta method
			v.Mean = math.Exp(-m.Mean)
			v.SE = m.SE * v.Mean
		}
		r.compare(n, v)
	}
	for _, n := range sortedKeys(pairs) {
		name, _, _ := strings.Cut(n, ",")
		v := Value{-pairs[n][0] / pairs[n][1], math.NaN()}
		if name == "bits_per_byte" {
			v.Mean /= math.Ln2
		} else {
			v.Mean = math.Exp(v.Mean)
		}
		if !math.IsNaN(v.Mean) && !math.IsInf(v.Mean, 0) {
			r.compare(n, v)
		}
	}
	for _, name := range sortedKeys(other) {
		if _, ok := r.Metrics[name]; !ok {
			r.problem(LeftOut, 0, "%s is no number in %s: only a results file has its value", name, counted(other[name], "sample"))
		}
	}
	if infinite > 0 {
		r.problem(BadValue, 0, "%s of the samples infinite, and no part of the means", counted(infinite, "value"))
	}
}

// scored adds our own metrics of the choices' log-probabilities, and doubts
// them. A sample with one choice has a loss that is not normalised. Where the
// choices follow different contexts their probabilities do not add up to a
// coverage.
func (r *Result) scored(outcomes []metric.Outcome, samples []*sample) {
	if len(outcomes) == 0 {
		return
	}
	several, singles, right, wrong := false, 0, 0, 0
	chance, known := 0.0, 0
	var even, total, doubted []float64
	for i, o := range outcomes {
		s := samples[i]
		several = several || s.several
		if len(o.Nats) == 1 {
			singles++
		}
		even = append(even, math.Log(float64(len(o.Nats))/float64(len(o.Gold))))
		total = append(total, metric.LogSumExp(o.Nats...))
		doubted = append(doubted, total[i])
		if s.nested() {
			doubted[i] = math.NaN()
		}
		if len(o.Gold) > 0 {
			chance += float64(len(o.Gold)) / float64(len(o.Nats))
			known++
			if yes, told := s.agrees(o.Gold); told && yes {
				right++
			} else if told {
				wrong++
			}
		}
	}
	if singles == len(outcomes) { // log-likelihood tasks: what the one continuation costs
		var loss, greedy []float64
		for _, o := range outcomes {
			loss = append(loss, -o.Nats[0])
			greedy = append(greedy, share(o.Greedy[0]))
		}
		r.measure("loss", metric.Mean(loss))
		r.measure("accuracy", metric.Mean(greedy))
		r.doubtZero("the log-probability", loss)
		return
	}
	if singles > 0 {
		r.problem(LeftOut, 0, "%s of one choice: no part of the metrics over choices", counted(singles, "sample"))
		for i := range outcomes {
			if len(outcomes[i].Nats) == 1 {
				outcomes[i].Gold = nil
			}
		}
	}
	if wrong > 0 && known > 0 {
		r.problem(Disagrees, 0, "the logged accuracy of %d of %d samples is not that of their log-probabilities and target", wrong, right+wrong)
	}
	for _, m := range []metric.Metric{metric.Loss, metric.LogOdds, metric.RawLoss, metric.Accuracy, metric.Coverage} {
		if m.Name == metric.Coverage.Name && several {
			continue
		}
		v, values, ok := r.of(m, outcomes)
		if !ok {
			continue
		}
		switch {
		case m.Name == metric.Loss.Name:
			r.doubtLoss(values, even)
		case m.Name == metric.Accuracy.Name && known == len(outcomes):
			r.doubtChance(v.Mean, chance/float64(known), v.N)
		}
	}
	if !several {
		r.measure("total_logprob", metric.Mean(total))
		r.doubtTotals(doubted, nil)
	}
}

// share is 1 for true.
func share(right bool) float64 {
	if right {
		return 1
	}
	return 0
}

// of measures a metric over the items and returns its score and their values; ok
// is false, and a problem says why, where it is not defined.
func (r *Result) of(m metric.Metric, outcomes []metric.Outcome) (s metric.Score, values []float64, ok bool) {
	s, values, err := metric.Of(m, outcomes)
	if err != nil {
		r.problem(BadValue, 0, "%v", err)
		return s, nil, false
	}
	r.measure(m.Name, s)
	return s, values, true
}

// measure takes over a score that has items, under our name for it.
func (r *Result) measure(name string, s metric.Score) {
	if s.N > 0 && !math.IsNaN(s.Mean) && !math.IsInf(s.Mean, 0) {
		r.Metrics[name] = Value{s.Mean, s.SE}
	}
}
