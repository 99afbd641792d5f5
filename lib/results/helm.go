package results

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"bellwether/lib/model"
	"bellwether/lib/record"
)

// helmStat is a statistic of HELM: its mean over what was counted.
type helmStat struct {
	Name struct {
		Name         string          `json:"name"`
		Split        string          `json:"split"`
		SubSplit     string          `json:"sub_split"`
		Perturbation json.RawMessage `json:"perturbation"`
	} `json:"name"`
	Count int             `json:"count"`
	Sum   json.RawMessage `json:"sum"`
	Mean  json.RawMessage `json:"mean"`
}

// label names the statistic: one of a part of the split is another than that of
// the whole ("RR@10/core").
func (s helmStat) label() string {
	if s.Name.SubSplit != "" {
		return s.Name.Name + "/" + s.Name.SubSplit
	}
	return s.Name.Name
}

// perturbed says that the statistic is of changed instances (typos, dialect).
func (s helmStat) perturbed() bool { return notNull(s.Name.Perturbation) }

func notNull(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// mean is the statistic's mean; ok is false where nothing was counted.
func (s helmStat) mean() (v float64, ok bool) {
	if s.Count == 0 {
		return 0, false
	}
	if v, ok = number(s.Mean); !ok {
		if v, ok = number(s.Sum); ok {
			v /= float64(s.Count)
		}
	}
	return v, ok && !math.IsNaN(v) && !math.IsInf(v, 0)
}

type helmInstance struct {
	ID           json.RawMessage `json:"instance_id"`
	Trial        int             `json:"train_trial_index"`
	Perturbation json.RawMessage `json:"perturbation"`
	Stats        []helmStat      `json:"stats"`
}

// split is the part of the data that an instance is of.
func (in helmInstance) split() string {
	for _, s := range in.Stats {
		if s.Name.Split != "" {
			return s.Name.Split
		}
	}
	return ""
}

// helmModel is the part of a run's name that says which model answered.
var helmModel = regexp.MustCompile(`[,:]model=[^,]*`)

// HELM reads a run directory of HELM: run_spec.json names task and model,
// per_instance_stats.json has a mean for each instance and statistic, and
// stats.json the means that HELM made of them and statistics that instances do
// not have; a directory with stats.json alone gives aggregates. The task is the
// run's name without the model, so that runs of several models are one series.
//
// Instances of the test split count, or of the valid split where there is no
// other, as in HELM's own tables; those of other splits and the perturbed ones
// are left out, and it is said how many. scenario_state.json, where it is there,
// gives what the model wrote, and for the separate multiple-choice methods the
// log-probability of every choice.
func HELM(dir string) (Result, error) {
	r := Result{Source: "helm", File: filepath.Join(dir, "per_instance_stats.json"), Metrics: map[string]Value{}}
	var spec struct {
		Name    string `json:"name"`
		Adapter struct {
			Method     string `json:"method"`
			Model      string `json:"model"`
			Deployment string `json:"model_deployment"`
			Limit      int    `json:"max_eval_instances"`
		} `json:"adapter_spec"`
	}
	if err := decodeFile(filepath.Join(dir, "run_spec.json"), &spec); err != nil {
		return r, err
	}
	r.Task, r.Model = spec.Name, spec.Adapter.Model
	if m := helmModel.FindString(spec.Name); m != "" {
		if r.Model == "" {
			r.Model = strings.Replace(m[len(",model="):], "_", "/", 1)
		}
		r.Task = helmModel.ReplaceAllString(spec.Name, "")
		if before, after, ok := strings.Cut(spec.Name, ":model="); ok { // "name:model=a,b=c" is "name:b=c"
			r.Task = before
			if _, rest, more := strings.Cut(after, ","); more {
				r.Task += ":" + rest
			}
		}
	}
	if r.Model == "" {
		r.Model = spec.Adapter.Deployment
	}
	var instances []helmInstance
	if exists(dir, "per_instance_stats.json") {
		if err := decodeFile(r.File, &instances); err != nil {
			return r, err
		}
	} else {
		r.File = filepath.Join(dir, "stats.json")
		r.problem(LeftOut, 0, "there is no per_instance_stats.json: the aggregates of stats.json, without standard errors")
	}
	split := r.helmInstances(instances, spec.Adapter.Deployment, dir)
	if exists(dir, "stats.json") {
		var stats []helmStat
		if err := decodeFile(filepath.Join(dir, "stats.json"), &stats); err != nil {
			r.problem(BadFile, 0, "%v", err)
		}
		r.helmStats(stats, split)
	}
	if r.Log != nil && exists(dir, "scenario_state.json") {
		if err := r.helmStates(filepath.Join(dir, "scenario_state.json"), spec.Adapter.Method, split); err != nil {
			r.problem(BadFile, 0, "%v", err)
		}
	}
	if r.N == 0 && len(r.Metrics) == 0 {
		r.problem(NoRows, 0, "no instances")
	}
	if v, ok := r.Metrics["exact_match"]; ok { // a multiple-choice run's accuracy is the exact match of the choice
		r.Metrics["accuracy"] = v
	}
	return r, nil
}

// helmSplit chooses the split that counts: test, else valid, else the first.
func helmSplit(have map[string]int) string {
	for _, s := range []string{"test", "valid"} {
		if have[s] > 0 {
			return s
		}
	}
	for _, s := range slices.Sorted(maps.Keys(have)) {
		return s
	}
	return ""
}

// helmInstances makes the log and the means of the instances that count, and
// returns their split.
func (r *Result) helmInstances(instances []helmInstance, deployment, dir string) (split string) {
	r.Rows = len(instances)
	if len(instances) == 0 {
		return ""
	}
	splits := map[string]int{}
	perturbed := 0
	for _, in := range instances {
		if notNull(in.Perturbation) {
			perturbed++
		} else {
			splits[in.split()]++
		}
	}
	split = helmSplit(splits)
	for _, other := range slices.Sorted(maps.Keys(splits)) {
		if other != split {
			r.problem(LeftOut, 0, "%s of the split %q, beside %d of %q", counted(splits[other], "instance"), other, splits[split], split)
		}
	}
	if perturbed > 0 {
		r.problem(LeftOut, 0, "%s under perturbation", counted(perturbed, "instance"))
	}
	l := &record.Log{Path: r.File, Finished: true, Header: record.Header{
		Schema:   record.Schema,
		Task:     record.Task{Name: r.Task, Hash: "helm:" + r.Task, Type: "generation", Format: "helm"},
		Model:    model.Identity{Name: r.Model, Server: strings.TrimSpace("helm " + deployment), Method: "generated"},
		Software: []string{"helm"}, Source: dir,
	}}
	values := map[string]*trials{}
	seen := map[string]bool{}
	for i, in := range instances {
		if notNull(in.Perturbation) || in.split() != split {
			continue
		}
		id := helmID(in.ID, in.Trial)
		if id == "" || seen[id] {
			r.problem(Duplicate, 0, "entry %d: instance %q is nameless or there twice: it was left out", i, id)
			continue
		}
		seen[id] = true
		row := record.Row{Item: id, Values: map[string]float64{}}
		for _, s := range in.Stats {
			if s.perturbed() || s.Count == 0 {
				continue
			}
			v, ok := s.mean()
			if !ok {
				r.problem(ScoreSkipped, 0, "instance %s: %s is %.40s, not a finite number", id, s.label(), s.Mean)
				continue
			}
			name := s.label()
			if have, twice := row.Values[name]; twice {
				if have != v {
					r.problem(Disagrees, 0, "instance %s: %s is there twice, %g and %g: the first counts", id, name, have, v)
				}
				continue
			}
			row.Values[name] = v
			if values[name] == nil {
				values[name] = &trials{at: map[string]int{}}
			}
			values[name].add(identifier(in.ID), v)
			if name == "exact_match" {
				row.Values["accuracy"] = v
			}
		}
		l.Rows = append(l.Rows, row)
	}
	l.Header.Task.Items = len(l.Rows)
	for _, name := range sortedKeys(values) {
		r.fill(name, values[name].means())
	}
	asked := map[string]bool{}
	for _, in := range instances {
		if !notNull(in.Perturbation) && in.split() == split {
			asked[identifier(in.ID)] = true
		}
	}
	r.N = len(asked)
	r.Log = l
	return split
}

// trials averages what several trials of training examples gave for an
// instance, so that the standard error is over instances.
type trials struct {
	at     map[string]int
	sum, n []float64
}

func (t *trials) add(id string, v float64) {
	i, ok := t.at[id]
	if !ok {
		i = len(t.sum)
		t.at[id] = i
		t.sum, t.n = append(t.sum, 0), append(t.n, 0)
	}
	t.sum[i] += v
	t.n[i]++
}

func (t *trials) means() []float64 {
	out := make([]float64, len(t.sum))
	for i := range out {
		out[i] = t.sum[i] / t.n[i]
	}
	return out
}

// helmID names an instance: with several trials of training examples "id#trial".
func helmID(raw json.RawMessage, trial int) string {
	id := identifier(raw)
	if id == "null" {
		id = ""
	}
	if trial > 0 && id != "" {
		return fmt.Sprintf("%s#%d", id, trial)
	}
	return id
}

// helmStats takes over the statistics that instances do not have and holds the
// others against their means. split is "" when there are no instances.
func (r *Result) helmStats(stats []helmStat, split string) {
	if split == "" {
		have := map[string]int{}
		for _, s := range stats {
			if !s.perturbed() && s.Count > 0 && s.Name.Split != "" {
				have[s.Name.Split]++
			}
		}
		split = helmSplit(have)
		if len(have) > 1 {
			r.problem(LeftOut, 0, "statistics of other splits than %q", split)
		}
	}
	seen := map[string]bool{}
	for _, s := range stats {
		name := s.label()
		if s.perturbed() || s.Count == 0 || s.Name.Split != split && s.Name.Split != "" || seen[name] {
			continue
		}
		v, ok := s.mean()
		if !ok {
			r.problem(ScoreSkipped, 0, "%s is %.40s, not a finite number", name, s.Mean)
			continue
		}
		seen[name] = true
		if name == "num_instances" && r.Log == nil {
			r.N = int(v)
		}
		have, ok := r.Metrics[name]
		switch {
		case !ok:
			r.Metrics[name] = Value{v, math.NaN()}
		case math.Abs(have.Mean-v) > 1e-9*math.Max(1, math.Abs(v)):
			r.problem(Disagrees, 0, "%s is %g in stats.json and %g over the instances", name, v, have.Mean)
		}
	}
}
