package results

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"sort"
	"strings"
)

// HarnessResults reads a results file of lm-evaluation-harness, v0.3 (plain
// metric names) or v0.4 ("acc,none"), with the samples inlined in it if any.
func HarnessResults(path string) ([]Result, error) { return importFile(path) }

// harness3 reads {"results":{task:{metric:...}},"versions","config"}.
func harness3(path string, top map[string]json.RawMessage) ([]Result, error) {
	var config struct {
		Model string          `json:"model"`
		Args  json.RawMessage `json:"model_args"`
		Shots int             `json:"num_fewshot"`
	}
	if err := json.Unmarshal(top["config"], &config); err != nil {
		return nil, fmt.Errorf("%s: config: %w", path, err)
	}
	name, revision := modelArgs(config.Args)
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	if revision != "" {
		name += "@" + revision
	}
	var tasks map[string]map[string]json.RawMessage
	if err := json.Unmarshal(top["results"], &tasks); err != nil {
		return nil, fmt.Errorf("%s: results: %w", path, err)
	}
	var out []Result
	for _, t := range sortedKeys(tasks) {
		r := Result{Source: "lm-eval-0.3", File: path, Task: t, Model: name, Metrics: map[string]Value{}}
		for _, m := range sortedKeys(tasks[t]) {
			if strings.HasSuffix(m, "_stderr") {
				continue
			}
			r.aggregate(m, tasks[t][m], tasks[t][m+"_stderr"])
		}
		out = append(out, r)
	}
	return out, nil
}

// aggregate takes over a metric that the tool computed, under the tool's name.
func (r *Result) aggregate(name string, mean, se json.RawMessage) {
	v, ok := number(mean)
	if !ok {
		r.problem(ScoreSkipped, 0, "%s is %s, not a number", name, mean)
		return
	}
	val := Value{v, math.NaN()}
	if se != nil {
		if e, ok := number(se); ok {
			val.SE = e
		} else {
			r.problem(ErrorUnavailable, 0, "the standard error of %s is %s", name, se)
		}
	}
	r.Metrics[name] = val
}

// modelArgs finds the model's name in model_args: "pretrained=a/b,revision=c"
// or an object.
func modelArgs(raw json.RawMessage) (name, revision string) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		for part := range strings.SplitSeq(s, ",") {
			k, v, _ := strings.Cut(part, "=")
			switch strings.TrimSpace(k) {
			case "pretrained", "model":
				name = v
			case "revision":
				revision = v
			}
		}
		return name, revision
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) == nil {
		for _, k := range []string{"pretrained", "model", "load"} {
			if json.Unmarshal(m[k], &name) == nil && name != "" {
				break
			}
		}
		_ = json.Unmarshal(m["revision"], &revision) // absent in older files: the revision stays empty
	}
	return name, revision
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// harness4 reads v0.4: results of "metric,filter", configs, n-samples, and
// inlined samples.
func harness4(path string, top map[string]json.RawMessage) ([]Result, error) {
	var config struct {
		Args     json.RawMessage `json:"model_args"`
		Params   float64         `json:"model_num_parameters"`
		Revision string          `json:"model_sha"`
		DType    string          `json:"model_dtype"`
	}
	if top["config"] != nil {
		if err := json.Unmarshal(top["config"], &config); err != nil {
			return nil, fmt.Errorf("%s: config: %w", path, err)
		}
	}
	name, _ := modelArgs(config.Args)
	var named string
	if top["model_name"] != nil && json.Unmarshal(top["model_name"], &named) == nil && named != "" {
		name = named
	}
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(path), ".json")
	}
	var tasks map[string]map[string]json.RawMessage
	if err := json.Unmarshal(top["results"], &tasks); err != nil {
		return nil, fmt.Errorf("%s: results: %w", path, err)
	}
	var counts map[string]struct {
		Effective int `json:"effective"`
	}
	if top["n-samples"] != nil {
		if err := json.Unmarshal(top["n-samples"], &counts); err != nil {
			return nil, fmt.Errorf("%s: n-samples: %w", path, err)
		}
	}
	var samples map[string][]json.RawMessage
	if top["samples"] != nil {
		if err := json.Unmarshal(top["samples"], &samples); err != nil {
			return nil, fmt.Errorf("%s: samples: %w", path, err)
		}
	}
	var version string
	_ = json.Unmarshal(top["lm_eval_version"], &version) // not in older files
	var out []Result
	for _, t := range sortedKeys(tasks) {
		r := Result{Source: "lm-eval-0.4", File: path, Task: t, Model: name, Params: config.Params, N: counts[t].Effective, Metrics: map[string]Value{}}
		for _, key := range sortedKeys(tasks[t]) {
			m, filter, ok := strings.Cut(key, ",")
			if !ok || strings.HasSuffix(m, "_stderr") {
				continue // "alias", " ", and the errors, read with their metric
			}
			label := m
			if filter != "none" {
				label = key
			}
			r.aggregate(label, tasks[t][key], tasks[t][m+"_stderr,"+filter])
		}
		if rows := samples[t]; rows != nil {
			var parsed []sample
			for i, raw := range rows {
				s, err := parseSample(raw)
				if err != nil {
					r.problem(BadValue, 0, "sample %d: %v", i, err)
					continue
				}
				parsed = append(parsed, s)
			}
			r.fromSamples(parsed, "lm-eval "+version, config.Revision, config.DType)
		}
		if len(r.Metrics) == 0 && r.Log == nil {
			continue // a group's heading line
		}
		out = append(out, r)
	}
	return out, nil
}
