package results

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"bellwether/lib/metric"
	"bellwether/lib/record"
)

// Result is what a tool measured of one model on one task.
type Result struct {
	Source   string           `json:"source"` // the tool: "isp", "lm-eval-0.3", "lm-eval-0.4", "lighteval", "inspect", "helm", "csv"
	File     string           `json:"file"`   // where it was read
	Task     string           `json:"task"`
	Model    string           `json:"model"`
	Params   float64          `json:"params"` // total parameters; 0 when the file does not say and the name is not known
	N        int              `json:"n"`      // items with a value
	Metrics  map[string]Value `json:"metrics"`
	Problems []Problem        `json:"problems"`

	Log   *record.Log `json:"-"` // per-item rows; nil where the tool kept only aggregates
	Rows  int         `json:"-"` // rows, samples or instances read, with a value or without; 0 where there are only aggregates
	Newer string      `json:"-"` // the file of a newer measurement of the same task and model, "" when this is the newest

	shots int    // solved examples in the prompt
	date  string // when it was measured, in a form that sorts; "" when the file does not say
	stub  bool   // a heading with no numbers of its own

	samples bool // read from a samples file of lm-evaluation-harness
}

// Value is a mean with its standard error. SE is NaN (null in JSON) where the
// tool gives none or there is one item.
type Value struct {
	Mean float64
	SE   float64
}

// MarshalJSON writes {"mean":..., "se":...} with null for what is not finite.
func (v Value) MarshalJSON() ([]byte, error) {
	number := func(x float64) any {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
		return x
	}
	return json.Marshal(map[string]any{"mean": number(v.Mean), "se": number(v.SE)})
}

// Problem is something doubtful about a result. Codes are stable.
type Problem struct {
	Code    string `json:"code"`
	Line    int    `json:"line,omitempty"` // 1-based, 0: the file as a whole
	Message string `json:"message"`
}

// Problem codes.
const (
	BlankRows        = "blank-rows"        // rows without a value
	NoRows           = "no-rows"           // a header and nothing below
	CutShort         = "cut-short"         // fewer rows than the task or the other models have
	DegenerateLoss   = "degenerate-loss"   // every loss is ln(number of classes): the model saw no choice
	ImpossibleTotal  = "impossible-total"  // total probability above 1
	ExactChance      = "exact-chance"      // accuracy is chance to the last digit
	ModelMissing     = "model-missing"     // the log names a model that has no file
	ModelUnlogged    = "model-unlogged"    // a file's model is not named in the log
	BadValue         = "bad-value"         // a cell that is not a number
	BadFile          = "bad-file"          // a file that cannot be read at all
	SizeUnknown      = "size-unknown"      // no parameter count: state it
	ErrorUnavailable = "no-standard-error" // the tool wrote "N/A"
	ScoreSkipped     = "score-skipped"     // a score that is not a number
	Disagrees        = "disagrees"         // the tool's aggregate differs from its own items
	Repeated         = "repeated"          // the same task and model is in another file too
	Duplicate        = "duplicate-item"    // an item is there twice: the first counts
	LeftOut          = "left-out"          // rows or columns that are no part of the numbers
	GoldUnknown      = "gold-unknown"      // the file does not say which choice is right
	DecimalComma     = "decimal-comma"     // numbers were read with a decimal comma
	Group            = "group"             // an average over tasks that are listed on their own
	ModelGuessed     = "model-guessed"     // the file does not name its model: its folder or name was taken
	SizeDoubtful     = "size-doubtful"     // a parameter count that looks like another unit
	NotShare         = "not-a-share"       // an accuracy outside [0, 1], or numbers that were read as percentages
	NoItem           = "no-item"           // a table has several rows of a model and does not name their items
)

func (r *Result) problem(code string, line int, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{code, line, fmt.Sprintf(format, args...)})
}

// fill computes a metric from per-item values.
func (r *Result) fill(name string, values []float64) {
	s := metric.Mean(values)
	if s.N > 0 {
		r.Metrics[name] = Value{s.Mean, s.SE}
		r.N = max(r.N, s.N)
	}
}

// Sizes gives the number of parameters of a model by name; ok is false when it
// is not known. Package facts has the public models.
type Sizes func(model string) (parameters float64, ok bool)

// Import reads every result at or below a path: a file or a folder. The format
// of each is detected from its content. Results come sorted by file, task,
// model. A file or folder that looks like a result and cannot be read becomes a
// Result with a bad-file problem, and the others are read all the same; a path
// without any result is an error.
//
// Results and samples that lm-evaluation-harness wrote in one run become one
// Result. A task and model that several files measured has several, each with a
// problem that names the newest.
func Import(path string, sizes Sizes) ([]Result, error) {
	var out []Result
	bad := func(p string, err error) {
		out = append(out, Result{Source: "unknown", File: p, Metrics: map[string]Value{}, Problems: []Problem{{Code: BadFile, Message: err.Error()}}})
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 { // WalkDir follows none
		if to, err := filepath.EvalSymlinks(path); err == nil {
			path = to
		}
	}
	used := map[string]bool{} // files that were read as part of their folder
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == path {
				return err
			}
			bad(p, err)
			return nil
		}
		if !d.IsDir() && used[p] {
			return nil
		}
		if t := d.Type(); t&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice|fs.ModeIrregular) != 0 { // reading one may wait for ever
			if p == path {
				return fmt.Errorf("%s is no regular file or folder but %s", p, t)
			}
			return nil
		}
		var found []Result
		if d.IsDir() {
			found, err = importDir(p, used)
		} else {
			found, err = importFile(p)
		}
		out = append(out, found...)
		if err != nil {
			bad(p, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("results: nothing at %s looks like results of a tool: a prize result folder (data.csv beside one CSV a model), results*.json or samples*.jsonl of lm-evaluation-harness, *.eval or *.json of Inspect, a HELM run directory, a CSV with a column model", path)
	}
	return Finish(out, sizes), nil
}

// Finish does what takes all results together: it joins the samples and results
// of one run, finds the sizes of models whose files do not say, names what was
// measured twice or is shorter than its neighbours, and sorts.
func Finish(out []Result, sizes Sizes) []Result {
	out = joinHarness(out)
	for i := range out {
		r := &out[i]
		if r.Params == 0 && sizes != nil && r.Model != "" {
			r.Params, _ = sizes(r.Model)
		}
		if r.Params == 0 && r.Model != "" {
			r.problem(SizeUnknown, 0, "the size of %q is not known: state it (import --size NAME=1.3B) to use it in a trend", r.Model)
		}
		if r.Log != nil {
			r.Log.Header.Model.Parameters = r.Params
		}
		r.doubtShares()
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		return cmp.Or(strings.Compare(a.File, b.File), strings.Compare(a.Task, b.Task), strings.Compare(a.Model, b.Model)) < 0
	})
	doubtNeighbours(out)
	for i := range out {
		if out[i].Problems == nil {
			out[i].Problems = []Problem{}
		}
	}
	return out
}

// importDir reads what a folder is as a whole, a prize result folder or a HELM
// run directory, and marks the files that belong to it as used. Other folders
// give nothing, and their files are read one by one.
func importDir(dir string, used map[string]bool) ([]Result, error) {
	if exists(dir, "run_spec.json") && (exists(dir, "per_instance_stats.json") || exists(dir, "stats.json")) {
		for _, f := range []string{"run_spec.json", "per_instance_stats.json", "stats.json", "scenario_state.json", "scenario.json", "instances.json", "display_predictions.json", "display_requests.json"} {
			used[filepath.Join(dir, f)] = true
		}
		r, err := HELM(dir)
		if err != nil {
			return nil, err
		}
		return []Result{r}, nil
	}
	if exists(dir, "per_instance_stats.json") {
		return nil, fmt.Errorf("%s: per_instance_stats.json of HELM without the run_spec.json beside it, which names the task and the model", dir)
	}
	tables, err := prizeTables(dir)
	if err != nil || len(tables) == 0 && !exists(dir, "args.log") {
		return nil, err
	}
	used[filepath.Join(dir, "data.csv")] = true
	for _, f := range tables {
		used[f] = true
	}
	return Prize(dir)
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func importFile(path string) ([]Result, error) {
	switch name := strings.ToLower(filepath.Base(path)); {
	case strings.HasSuffix(name, ".eval"):
		return InspectEval(path)
	case strings.HasSuffix(name, ".jsonl"), strings.HasSuffix(name, ".jsonl.gz"), strings.HasSuffix(name, ".jsonl.zst"):
		if ok, err := isSamples(path); err != nil || !ok {
			return nil, err
		}
		return HarnessSamples(path)
	case strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".tsv"):
		return importCSV(path)
	case strings.HasSuffix(name, ".json"):
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return importJSON(path, b)
	}
	return nil, nil
}

// importJSON tells what a JSON file is by the keys of its object. nil is a file
// that is no result.
func importJSON(path string, b []byte) ([]Result, error) {
	b = nonFinite(bytes.TrimPrefix(b, []byte(bom)))
	var top map[string]json.RawMessage
	if err := json.Unmarshal(b, &top); err != nil {
		var s *json.SyntaxError
		if errors.As(err, &s) {
			return nil, fmt.Errorf("%s:%d: %w", path, lineOf(b, s.Offset), err)
		}
		return nil, nil // JSON, but not an object: not results
	}
	has := func(keys ...string) bool {
		for _, k := range keys {
			if top[k] == nil {
				return false
			}
		}
		return true
	}
	switch {
	case has("eval", "status"):
		return InspectJSON(path, b)
	case has("results", "configs"), has("results", "n-shot"), has("results", "lm_eval_version"), has("results", "group_subtasks"):
		return harness4(path, top)
	case has("results", "config"), has("results", "versions"), has("results", "config_general"):
		return harness3(path, top)
	case has("results") && strings.HasPrefix(filepath.Base(path), "results"): // what was kept of a file
		for _, task := range object(top["results"]) {
			for name := range object(task) {
				if strings.Contains(name, ",") {
					return harness4(path, top)
				}
			}
		}
		return harness3(path, top)
	}
	return nil, nil
}

// bom is the byte order mark that some editors put in front of UTF-8.
const bom = "\ufeff"
