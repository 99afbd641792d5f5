package results

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"bellwether/lib/metric"
	"bellwether/lib/model"
	"bellwether/lib/record"
)

// result makes one Result. Scores of samples become rows: C, I, P and N count
// 1, 0, 0.5 and 0 as Inspect's accuracy counts them; with several epochs a row
// is "id#epoch" and the metric averages the epochs of a sample first, as
// Inspect's mean reducer does. A score of several named values gives each its
// own.
func (h inspectHeader) result(path string) Result {
	name, revision := h.Eval.Model, ""
	if id := modelArgs(h.Eval.ModelArgs); id.Revision != "" && id.Revision != "main" {
		revision = id.Revision
		name += "@" + revision
	}
	r := Result{Source: "inspect", File: path, Task: h.Eval.Task, Model: name, Metrics: map[string]Value{}, date: stamp(h.Eval.Created)}
	if r.date == "" {
		r.date = strings.ReplaceAll(h.Eval.Created, ":", "-")
	}
	if h.Status != "success" {
		r.problem(CutShort, 0, "the log's status is %q", h.Status)
		if h.Error != nil {
			r.problem(BadFile, 0, "the run ended with: %.200s", h.Error.Message)
		}
	}
	if limit := string(h.Eval.Config.Limit); limit != "" && limit != "null" {
		r.problem(CutShort, 0, "the run was limited (--limit %.40s)", limit)
	}
	reducers := map[string]string{} // scorer → how its epochs were reduced, where that is not the mean
	if res := h.Results; res != nil {
		r.N = res.Completed
		if res.Completed < res.Total {
			r.problem(CutShort, 0, "%d of %d samples completed", res.Completed, res.Total)
		}
		scores := res.Scores
		if len(scores) == 0 && res.Metrics != nil {
			one := inspectScore{Metrics: res.Metrics}
			if res.Scorer != nil {
				one.Name = res.Scorer.Name
			}
			scores = []inspectScore{one}
		}
		r.inspectScores(scores, reducers)
	}
	r.Rows = len(h.Samples)
	whole := true // the log has every sample that its results are over
	if res := h.Results; res != nil && r.Rows > 0 && r.Rows < res.Total {
		whole = false
		r.problem(CutShort, 0, "the log has %s of %d", counted(r.Rows, "sample"), res.Total)
	}
	if len(h.Samples) > 0 {
		r.Log = h.records(&r, revision, reducers, whole)
	} else if h.Results != nil && len(r.Metrics) == 0 || h.Results == nil {
		r.problem(NoRows, 0, "neither scores nor samples")
	}
	return r
}

// inspectScores takes over the metrics of each scorer, and of each reducer
// where a scorer has several.
func (r *Result) inspectScores(scores []inspectScore, reducers map[string]string) {
	times, mean := map[string]int{}, map[string]bool{}
	scorers := map[string]map[string]bool{} // of a name
	for _, s := range scores {
		if scorers[s.Name] == nil {
			scorers[s.Name] = map[string]bool{}
		}
		scorers[s.Name][s.Scorer] = true
	}
	for i, s := range scores {
		if len(scorers[s.Name]) > 1 && s.Scorer != "" { // values of the same name of two scorers
			scores[i].Name = s.Scorer + "/" + s.Name
		}
	}
	for _, s := range scores {
		times[s.Name]++
		mean[s.Name] = mean[s.Name] || s.Reducer == "" || s.Reducer == "mean"
	}
	for _, s := range scores {
		if !mean[s.Name] {
			reducers[s.Name] = s.Reducer
		}
		prefix := ""
		if len(scores) > 1 {
			prefix = s.Name + "/"
			if times[s.Name] > 1 && s.Reducer != "" {
				prefix = s.Name + "/" + s.Reducer + "/"
			}
		}
		if s.Unscored > 0 {
			r.problem(ScoreSkipped, 0, "%s of %s without a score", counted(s.Unscored, "sample"), s.Name)
		}
		_, accuracy := s.Metrics["accuracy"]
		_, mean := s.Metrics["mean"]
		errName := "stderr"
		if _, ok := s.Metrics[errName]; !ok {
			errName = "bootstrap_stderr"
		}
		se, ok := number(s.Metrics[errName].Value)
		if !ok || math.IsNaN(se) || math.IsInf(se, 0) {
			if raw := s.Metrics[errName].Value; raw != nil && (accuracy || mean) {
				r.problem(ErrorUnavailable, 0, "the standard error of %s is %.60s", s.Name, raw)
			}
			se = math.NaN()
		}
		for _, m := range sortedKeys(s.Metrics) {
			if m == errName && (accuracy || mean) {
				continue
			}
			name := prefix + m
			v, ok := number(s.Metrics[m].Value)
			if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
				r.problem(ScoreSkipped, 0, "%s is %.60s, not a finite number", name, s.Metrics[m].Value)
				continue
			}
			val := Value{v, math.NaN()}
			if m == "accuracy" || m == "mean" {
				val.SE = se
			}
			if _, twice := r.Metrics[name]; twice {
				r.problem(Disagrees, 0, "%s is there twice: the first counts", name)
				continue
			}
			r.Metrics[name] = val
		}
	}
}

func (h inspectHeader) records(r *Result, revision string, reducers map[string]string, whole bool) *record.Log {
	slices.SortStableFunc(h.Samples, func(a, b inspectSample) int {
		x, xerr := strconv.ParseInt(string(a.ID), 10, 64)
		y, yerr := strconv.ParseInt(string(b.ID), 10, 64)
		if xerr == nil && yerr == nil {
			return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Epoch, b.Epoch))
		}
		return cmp.Or(strings.Compare(string(a.ID), string(b.ID)), cmp.Compare(a.Epoch, b.Epoch))
	})
	epochs := 1
	for _, s := range h.Samples {
		epochs = max(epochs, s.Epoch)
	}
	hash := "inspect:" + r.Task
	if len(h.Eval.TaskArgs) > 0 { // the same task with other arguments is another
		b, _ := json.Marshal(h.Eval.TaskArgs) // was JSON: cannot fail
		hash += ":" + string(b)
	}
	l := &record.Log{Path: r.File, Finished: h.Status == "success", Header: record.Header{
		Schema:   record.Schema,
		Task:     record.Task{Name: r.Task, Hash: hash, Type: "generation", Format: "inspect"},
		Model:    model.Identity{Name: r.Model, Revision: revision, Server: "inspect", Method: "generated"},
		Software: []string{strings.TrimSpace("inspect_ai " + h.Eval.Package["inspect_ai"])}, Source: r.File,
	}}
	t := tally{sums: map[tallyKey]float64{}, counts: map[tallyKey]int{}}
	seen := map[string]int{}
	failed, firstError := 0, ""
	for _, s := range h.Samples {
		id := identifier(s.ID)
		if id == "" || id == "null" {
			r.problem(BadValue, 0, "a sample without an id was left out")
			continue
		}
		row := record.Row{Item: id, Generated: s.completion()}
		if epochs > 1 {
			row.Item = fmt.Sprintf("%s#%d", id, s.Epoch)
		}
		if at, twice := seen[row.Item]; twice {
			r.problem(Duplicate, 0, "sample %s is there %d times: the first counts", row.Item, at+1)
			seen[row.Item]++
			continue
		}
		seen[row.Item] = 1
		if len(s.Error) > 0 && string(s.Error) != "null" {
			var e struct {
				Message string `json:"message"`
			}
			_ = json.Unmarshal(s.Error, &e) // another form: no message
			row = record.Row{Item: row.Item, Error: strings.TrimSpace("the sample failed in Inspect " + e.Message)}
			if failed++; failed == 1 {
				firstError = row.Item
			}
		}
		scores := s.scores()
		for _, scorer := range sortedKeys(scores) {
			if row.Error != "" {
				continue
			}
			v, ok := grade(scores[scorer])
			if !ok {
				r.problem(ScoreSkipped, 0, "sample %s: %s is %.60s, not a grade or a number", row.Item, scorer, scores[scorer])
				continue
			}
			if row.Values == nil {
				row.Values = map[string]float64{}
			}
			row.Values[scorer] = v
			t.add(id, scorer, v)
		}
		l.Rows = append(l.Rows, row)
	}
	if failed > 0 {
		r.problem(BlankRows, 0, "%s failed in Inspect, the first is %s", counted(failed, "sample"), firstError)
	}
	l.Header.Task.Items = len(l.Rows)
	t.compare(r, l, h.Reductions, reducers, whole)
	return l
}

// scores returns the scores of a sample by name. A score of several values gives
// each its own name, or "scorer/name" where two scorers share the name: theirs
// are different measurements.
func (s inspectSample) scores() map[string]json.RawMessage {
	out, parts, times := map[string]json.RawMessage{}, map[string]map[string]json.RawMessage{}, map[string]int{}
	for scorer, v := range s.Scores {
		if of := object(v.Value); of != nil {
			parts[scorer] = of
			for name := range of {
				times[name]++
			}
			continue
		}
		out[scorer] = v.Value
		times[scorer]++
	}
	if len(s.Scores) == 0 && s.Score != nil {
		out["score"] = s.Score.Value
	}
	for scorer, of := range parts {
		for name, raw := range of {
			if times[name] > 1 {
				name = scorer + "/" + name
			}
			out[name] = raw
		}
	}
	return out
}

type tallyKey struct{ id, scorer string }

// tally averages the epochs of a sample for each scorer.
type tally struct {
	sums   map[tallyKey]float64
	counts map[tallyKey]int
	order  []tallyKey
}

func (t *tally) add(id, scorer string, v float64) {
	k := tallyKey{id, scorer}
	if t.counts[k] == 0 {
		t.order = append(t.order, k)
	}
	t.sums[k] += v
	t.counts[k]++
}

// compare holds the mean of each scorer's samples against the tool's accuracy
// or mean, and renames the values of rows: a lone scorer's are the accuracy
// where they lie in [0, 1], as ours is. Epochs that were not reduced to their
// mean are compared by the reductions that the log holds, if any; a log without
// some of its samples (whole is false) is not compared.
func (t *tally) compare(r *Result, l *record.Log, reductions []inspectReduction, reducers map[string]string, whole bool) {
	values := map[string][]float64{}
	for _, k := range t.order {
		values[k.scorer] = append(values[k.scorer], t.sums[k]/float64(t.counts[k]))
	}
	for _, scorer := range sortedKeys(values) {
		label := "accuracy"
		shares := !slices.ContainsFunc(values[scorer], func(v float64) bool { return v < 0 || v > 1 })
		if !shares {
			label = "mean"
		}
		prefix := ""
		if len(values) > 1 {
			prefix = scorer + "/"
		}
		s := metric.Mean(values[scorer])
		r.N = max(r.N, s.N)
		mine := Value{s.Mean, s.SE}
		reducer := reducers[scorer]
		if reducer != "" {
			reduced := reducedValues(reductions, scorer, reducer)
			if reduced == nil {
				continue
			}
			m := metric.Mean(reduced)
			mine = Value{m.Mean, m.SE}
		}
		label = prefix + label
		for _, name := range []string{
			prefix + "accuracy", prefix + "mean", scorer + "/accuracy", scorer + "/mean",
			scorer + "/mean/accuracy", scorer + "/mean/mean", scorer + "/" + reducer + "/accuracy", scorer + "/" + reducer + "/mean",
		} {
			if _, ok := r.Metrics[name]; ok {
				label = name
				break
			}
		}
		if _, ok := r.Metrics[label]; whole || !ok {
			r.compare(label, mine)
		}
		if len(values) == 1 && shares && scorer != "accuracy" {
			for i := range l.Rows {
				if v, ok := l.Rows[i].Values[scorer]; ok {
					delete(l.Rows[i].Values, scorer)
					l.Rows[i].Values["accuracy"] = v
				}
			}
		}
	}
}

// reducedValues are the values of samples after a reducer; nil for none.
func reducedValues(reductions []inspectReduction, scorer, reducer string) []float64 {
	for _, red := range reductions {
		if red.Scorer != scorer || red.Reducer != reducer {
			continue
		}
		var out []float64
		for _, s := range red.Samples {
			if v, ok := grade(s.Value); ok {
				out = append(out, v)
			}
		}
		return out
	}
	return nil
}

// grade turns a score into a number as Inspect's value_to_float does.
func grade(raw json.RawMessage) (float64, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil && string(raw) != "null" {
		switch s {
		case "C":
			return 1, true
		case "P":
			return 0.5, true
		case "I", "N":
			return 0, true
		}
		switch strings.ToLower(s) {
		case "true", "yes":
			return 1, true
		case "false", "no":
			return 0, true
		}
	}
	var b bool
	if json.Unmarshal(raw, &b) == nil && string(raw) != "null" {
		return share(b), true
	}
	v, ok := number(raw)
	return v, ok && !math.IsNaN(v) && !math.IsInf(v, 0)
}
