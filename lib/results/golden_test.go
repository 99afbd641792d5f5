package results_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/results"
)

// goldens returns the folder of real files written by other tools.
func goldens(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("BELLWETHER_GOLDENS")
	if dir == "" {
		t.Skip("BELLWETHER_GOLDENS is not set: real files of other tools are not checked")
	}
	return dir
}

func decode(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

func near(a, b float64) bool {
	return math.Abs(a-b) <= 1e-9*math.Max(1, math.Abs(b)) || math.IsNaN(a) && math.IsNaN(b)
}

// isp_expected.json holds the aggregates of every prize run: means, standard
// errors with n-1 ("sem_sample"), coverage.
func TestPrizeGoldens(t *testing.T) {
	dir := goldens(t)
	type stat struct {
		N    int     `json:"n"`
		Mean float64 `json:"mean"`
		SE   float64 `json:"sem_sample"`
		Max  float64 `json:"max"`
	}
	type expected struct {
		Rows      int             `json:"rows"`
		Params    float64         `json:"params"`
		Loss      json.RawMessage `json:"loss"`
		Correct   json.RawMessage `json:"correct"`
		Odds      json.RawMessage `json:"logodds_difference"`
		OldOdds   json.RawMessage `json:"logodds"`
		Estimate  json.RawMessage `json:"estimate"`
		Coverage  *float64        `json:"coverage"`
		Total     json.RawMessage `json:"total_logprob"`
		BlankLoss int             `json:"blank_loss"`
		Anchoring *float64        `json:"anchoring_loss"`
		Inverted  struct {
			Mean *float64 `json:"mean_finite"`
		} `json:"inverted_loss"`
	}
	var want struct {
		Params map[string]float64 `json:"params"`
		Tasks  map[string]struct {
			Models map[string]expected `json:"models"`
		} `json:"tasks"`
	}
	decode(t, filepath.Join(dir, "isp_expected.json"), &want)
	got, err := results.Import(filepath.Join(dir, "isp_pipeline", "dev"), nil)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]results.Result{}
	for _, r := range got {
		byName[r.Task+"/"+r.Model] = r
	}
	compared := 0
	for task, tt := range want.Tasks {
		for model, e := range tt.Models {
			r, ok := byName[task+"/"+model]
			if !ok {
				t.Errorf("%s/%s: not imported", task, model)
				continue
			}
			delete(byName, task+"/"+model)
			if r.Params != e.Params {
				t.Errorf("%s/%s: %g parameters, want %g", task, model, r.Params, e.Params)
			}
			for _, c := range []struct {
				name string
				raw  json.RawMessage
			}{{"loss", e.Loss}, {"accuracy", e.Correct}, {"logodds", e.Odds}, {"logodds", e.OldOdds}, {"estimate", e.Estimate}, {"total_logprob", e.Total}} {
				var s stat
				if c.raw == nil || string(c.raw) == "null" || json.Unmarshal(c.raw, &s) != nil || s.N == 0 {
					continue
				}
				v, ok := r.Metrics[c.name]
				if !ok || !near(v.Mean, s.Mean) || s.N > 1 && !near(v.SE, s.SE) {
					t.Errorf("%s/%s: %s %+v, want mean %v se %v", task, model, c.name, v, s.Mean, s.SE)
				}
				if c.name != "total_logprob" && r.N != s.N {
					t.Errorf("%s/%s: n %d, want %d", task, model, r.N, s.N)
				}
				if c.name == "total_logprob" && s.Max > 1 && !has(r, results.ImpossibleTotal) {
					t.Errorf("%s/%s: total_logprob up to %g is not reported: %v", task, model, s.Max, r.Problems)
				}
				compared++
			}
			for name, want := range map[string]*float64{"anchoring_loss": e.Anchoring, "wrong_loss": e.Inverted.Mean} {
				if want != nil && !near(r.Metrics[name].Mean, *want) {
					t.Errorf("%s/%s: %s %v, want %v", task, model, name, r.Metrics[name].Mean, *want)
				}
				compared += b2i(want != nil)
			}
			if e.Coverage != nil && !near(r.Metrics["coverage"].Mean, *e.Coverage) {
				t.Errorf("%s/%s: coverage %v, want %v", task, model, r.Metrics["coverage"].Mean, *e.Coverage)
			}
			if e.BlankLoss > 0 && !has(r, results.BlankRows) {
				t.Errorf("%s/%s: %d blank rows are not reported", task, model, e.BlankLoss)
			}
		}
	}
	for name := range byName {
		t.Errorf("%s: imported, and not expected", name)
	}
	if compared < 300 {
		t.Errorf("only %d statistics were compared", compared)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func has(r results.Result, code string) bool {
	for _, p := range r.Problems {
		if p.Code == code {
			return true
		}
	}
	return false
}

// pythia_expected.json holds acc, acc_norm and other metrics of the final
// checkpoints in order of size.
func TestPythiaGoldens(t *testing.T) {
	dir := goldens(t)
	var want struct {
		Order  []string `json:"order"`
		Series map[string]struct {
			Values []float64 `json:"values"`
			SE     []float64 `json:"stderr"`
		} `json:"series"`
	}
	decode(t, filepath.Join(dir, "pythia_expected.json"), &want)
	for i, size := range want.Order {
		got, err := results.Import(filepath.Join(dir, "lm_eval_v0.3_pythia", "v1", "final", size+"_step143000.json"), nil)
		if err != nil {
			t.Fatal(err)
		}
		byTask := map[string]results.Result{}
		for _, r := range got {
			byTask[r.Task] = r
		}
		for key, s := range want.Series {
			task, metric, _ := strings.Cut(key, "/")
			v, ok := byTask[task].Metrics[metric]
			if !ok || v.Mean != s.Values[i] || len(s.SE) > 0 && v.SE != s.SE[i] {
				t.Errorf("%s %s: %+v, want %v +- %v", size, key, v, s.Values[i], s.SE)
			}
		}
		if len(got) > 0 && got[0].Source != "lm-eval-0.3" {
			t.Errorf("%s: source %q", size, got[0].Source)
		}
	}
}

// expected_from_samples.json holds, for the inlined samples of a leaderboard run
// with one item a task, what the samples themselves say.
func TestHarnessSampleGoldens(t *testing.T) {
	dir := goldens(t)
	var want map[string]struct {
		Choices int                `json:"n_choices"`
		Gold    int                `json:"gold"`
		Pred    int                `json:"pred"`
		Loss    float64            `json:"loss_normalised"`
		Total   float64            `json:"total_logprob"`
		Logged  map[string]float64 `json:"logged"`
	}
	decode(t, filepath.Join(dir, "lm_eval_v0.4", "expected_from_samples.json"), &want)
	got, err := results.Import(filepath.Join(dir, "lm_eval_v0.4", "Qwen3-8B_leaderboard_limit1_with_samples.json"), nil)
	if err != nil {
		t.Fatal(err)
	}
	byTask := map[string]results.Result{}
	for _, r := range got {
		byTask[r.Task] = r
	}
	for task, e := range want {
		r := byTask[task]
		if r.Log == nil || len(r.Log.Rows) != 1 {
			t.Errorf("%s: no row: %+v", task, r.Problems)
			continue
		}
		row := r.Log.Rows[0]
		if len(row.Choices) != e.Choices || len(row.Gold) != 1 || row.Gold[0] != e.Gold {
			t.Errorf("%s: %d choices, gold %v; want %d, %d", task, len(row.Choices), row.Gold, e.Choices, e.Gold)
		}
		if v := r.Metrics["loss"]; !near(v.Mean, e.Loss) {
			t.Errorf("%s: loss %v, want %v", task, v.Mean, e.Loss)
		}
		if v := r.Metrics["total_logprob"]; !near(v.Mean, e.Total) {
			t.Errorf("%s: total_logprob %v, want %v", task, v.Mean, e.Total)
		}
		correct := 0.0
		if e.Pred == e.Gold {
			correct = 1
		}
		if v := r.Metrics["accuracy"]; v.Mean != correct {
			t.Errorf("%s: accuracy %v, want %v", task, v.Mean, correct)
		}
		for name, v := range e.Logged {
			if got := r.Metrics[name]; got.Mean != v {
				t.Errorf("%s: %s %v, want %v", task, name, got.Mean, v)
			}
		}
		if has(r, results.Disagrees) {
			t.Errorf("%s: %v", task, r.Problems)
		}
	}
}

// Every other golden of a tool loads, and says what it is.
func TestOtherGoldens(t *testing.T) {
	dir := goldens(t)
	for _, tt := range []struct {
		path, source, task, model string
		n, rows                   int
		accuracy                  float64 // NaN: none
	}{
		{"inspect/2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval", "inspect", "popularity", "openai/gpt-4o-mini", 10, 10, math.NaN()},
		{"inspect/log_streaming.eval", "inspect", "popularity", "azureai/Meta-Llama-3-1-405B-Instruct-jqf", 4, 4, .75},
		{"inspect/mmlu-no-summary-choices.eval", "inspect", "inspect_evals/mmlu_0_shot", "", 1, 1, 0},
		{"inspect/data_arc_qwen.json", "inspect", "inspect_evals/arc_easy", "ollama/qwen2.5:0.5b", 3, 3, 1. / 3},
		{"inspect/2025-05-12T20-28-13-04-00_no-samples.json", "inspect", "testtaskname", "openai/gpt-4o-mini", 3, 0, 2. / 3},
		{"helm/hellaswag_pythia-1b-v0", "helm", "commonsense:dataset=hellaswag,method=multiple_choice_joint", "eleutherai/pythia-1b-v0", 10, 10, math.NaN()},
		{"lm_eval_v0.3_pythia/opt/opt-350m.json", "lm-eval-0.3", "", "facebook/opt-350m", 0, 0, math.NaN()},
		{"lm_eval_v0.3_pythia/v0/pythia-1b-0shot-global_step143000.json", "lm-eval-0.3", "", "", 0, 0, math.NaN()},
		{"lm_eval_v0.4/results_2026-01-21T03-44-18.458309.json", "lm-eval-0.4", "math_perturbed_full", "RylanSchaeffer/mem_Qwen3-93M_minerva_math_rep_0_sbst_1.0000_epch_1_ot_1", 5000, 0, math.NaN()},
		{"lm_eval_v0.4/samples_math_perturbed_full_2026-01-21T03-44-18.458309.jsonl", "lm-eval-0.4", "math_perturbed_full", "", 0, -1, math.NaN()},
	} {
		t.Run(tt.path, func(t *testing.T) {
			got, err := results.Import(filepath.Join(dir, tt.path), nil)
			if err != nil {
				t.Fatal(err)
			}
			r := got[0]
			if r.Source != tt.source || tt.task != "" && r.Task != tt.task || tt.model != "" && r.Model != tt.model || tt.n > 0 && r.N != tt.n {
				t.Errorf("%s %q %q n=%d", r.Source, r.Task, r.Model, r.N)
			}
			rows := 0
			if r.Log != nil {
				rows = len(r.Log.Rows)
			}
			if tt.rows >= 0 && rows != tt.rows || tt.rows < 0 && rows == 0 {
				t.Errorf("%d rows, want %d", rows, tt.rows)
			}
			if v, ok := r.Metrics["accuracy"]; !math.IsNaN(tt.accuracy) && (!ok || !near(v.Mean, tt.accuracy)) {
				t.Errorf("accuracy %+v, want %v", v, tt.accuracy)
			}
			for _, r := range got {
				if has(r, results.BadFile) || has(r, results.BadValue) || has(r, results.Disagrees) {
					t.Errorf("%s: %v", r.Task, r.Problems)
				}
				if len(r.Metrics) == 0 && !strings.Contains(tt.path, "popularity") {
					t.Errorf("%s: no metrics", r.Task)
				}
			}
		})
	}
}
