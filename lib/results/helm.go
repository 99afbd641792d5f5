package results

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"bellwether/lib/model"
	"bellwether/lib/record"
)

// HELM reads a run directory of HELM: run_spec.json names task and model,
// per_instance_stats.json has a mean for each instance and statistic. Instances
// under perturbation and of other splits than the first are kept apart by HELM
// and left to it: only unperturbed statistics are read.
func HELM(dir string) (Result, error) {
	r := Result{Source: "helm", File: filepath.Join(dir, "per_instance_stats.json"), Metrics: map[string]Value{}}
	var spec struct {
		Name    string `json:"name"`
		Adapter struct {
			Model      string `json:"model"`
			Deployment string `json:"model_deployment"`
		} `json:"adapter_spec"`
	}
	if err := decodeFile(filepath.Join(dir, "run_spec.json"), &spec); err != nil {
		return r, err
	}
	r.Task, r.Model = spec.Name, spec.Adapter.Model
	var instances []struct {
		ID           string `json:"instance_id"`
		Trial        int    `json:"train_trial_index"`
		Perturbation any    `json:"perturbation"`
		Stats        []struct {
			Name struct {
				Name         string `json:"name"`
				Perturbation any    `json:"perturbation"`
			} `json:"name"`
			Count int             `json:"count"`
			Mean  json.RawMessage `json:"mean"`
		} `json:"stats"`
	}
	if err := decodeFile(r.File, &instances); err != nil {
		return r, err
	}
	l := &record.Log{Path: r.File, Finished: true, Header: record.Header{
		Schema:   record.Schema,
		Task:     record.Task{Name: r.Task, Hash: "helm:" + r.Task, Type: "generation", Format: "helm"},
		Model:    model.Identity{Name: r.Model, Server: "helm " + spec.Adapter.Deployment, Method: "generated"},
		Software: []string{"helm"}, Source: dir,
	}}
	values := map[string][]float64{}
	for _, in := range instances {
		if in.Perturbation != nil {
			continue
		}
		row := record.Row{Item: in.ID, Values: map[string]float64{}}
		if in.Trial > 0 {
			row.Item = fmt.Sprintf("%s#%d", in.ID, in.Trial)
		}
		for _, s := range in.Stats {
			if s.Name.Perturbation != nil || s.Count == 0 || s.Mean == nil {
				continue
			}
			v, ok := number(s.Mean)
			if !ok {
				r.problem(ScoreSkipped, 0, "instance %s: %s is %s, not a number", in.ID, s.Name.Name, s.Mean)
				continue
			}
			row.Values[s.Name.Name] = v
			values[s.Name.Name] = append(values[s.Name.Name], v)
		}
		if v, ok := row.Values["exact_match"]; ok {
			row.Values["accuracy"] = v // a multiple-choice run's accuracy is the exact match of the letter
			values["accuracy"] = append(values["accuracy"], v)
		}
		l.Rows = append(l.Rows, row)
	}
	l.Header.Task.Items = len(l.Rows)
	for _, name := range sortedKeys(values) {
		r.fill(name, values[name])
	}
	r.N = len(l.Rows)
	r.Log = l
	if r.N == 0 {
		r.problem(NoRows, 0, "no instances")
	}
	return r, nil
}

func decodeFile(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(nonFinite(b), v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
