// Package results reads the measurements that other tools wrote: result folders
// of the Inverse Scaling Prize, results and samples of lm-evaluation-harness
// (v0.3 and v0.4), Inspect logs, HELM run directories and plain tables.
//
// Each (task, model) pair becomes a Result: its metrics with standard errors
// and, where the tool kept the items, a run log (package record) from which
// every metric of ours can be computed. What looks wrong in a file is a Problem
// next to the numbers; nothing is repaired and nothing is left out in silence.
//
// Units: log-probabilities and losses in nats, accuracies as shares in [0, 1].
// Standard errors have ddof 1.
package results

import (
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
	Source   string           `json:"source"` // the tool: "isp", "lm-eval-0.3", "lm-eval-0.4", "inspect", "helm", "csv"
	File     string           `json:"file"`   // where it was read
	Task     string           `json:"task"`
	Model    string           `json:"model"`
	Params   float64          `json:"params"` // total parameters; 0 when the file does not say and the name is not known
	N        int              `json:"n"`      // items with a value
	Metrics  map[string]Value `json:"metrics"`
	Problems []Problem        `json:"problems"`

	Log *record.Log `json:"-"` // per-item rows; nil where the tool kept only aggregates
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
// model. A file that looks like a result and cannot be read becomes a Result
// with a bad-file problem; a path without any result is an error.
func Import(path string, sizes Sizes) ([]Result, error) {
	var out []Result
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if found, whole, err := importDir(p); err != nil || whole {
				out = append(out, found...)
				if err != nil {
					return err
				}
				return fs.SkipDir
			}
			return nil
		}
		found, err := importFile(p)
		if err != nil {
			out = append(out, Result{Source: "unknown", File: p, Metrics: map[string]Value{}, Problems: []Problem{{Code: BadFile, Message: err.Error()}}})
			return nil
		}
		out = append(out, found...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("results: nothing at %s looks like results of a tool: a prize result folder (data.csv beside one CSV a model), results*.json or samples*.jsonl of lm-evaluation-harness, *.eval or *.json of Inspect, a HELM run directory", path)
	}
	for i := range out {
		r := &out[i]
		if r.Params == 0 && sizes != nil && r.Model != "" {
			r.Params, _ = sizes(r.Model)
		}
		if r.Params == 0 && r.Model != "" {
			r.problem(SizeUnknown, 0, "the size of %q is not known: state it to use it in a trend", r.Model)
		}
		if r.Log != nil {
			r.Log.Header.Model.Parameters = r.Params
		}
		if r.Problems == nil {
			r.Problems = []Problem{}
		}
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Task != b.Task {
			return a.Task < b.Task
		}
		return a.Model < b.Model
	})
	return out, nil
}

// importDir reads a folder that is one unit: a prize result folder or a HELM
// run directory. whole is false for any other folder.
func importDir(dir string) (found []Result, whole bool, err error) {
	if exists(dir, "run_spec.json") && exists(dir, "per_instance_stats.json") {
		r, err := HELM(dir)
		return []Result{r}, true, err
	}
	if exists(dir, "args.log") || exists(dir, "data.csv") {
		found, err := Prize(dir)
		return found, true, err
	}
	return nil, false, nil
}

func exists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

func importFile(path string) ([]Result, error) {
	base := filepath.Base(path)
	switch {
	case strings.HasSuffix(base, ".eval"):
		return InspectEval(path)
	case strings.HasPrefix(base, "samples_") && strings.HasSuffix(base, ".jsonl"):
		return HarnessSamples(path)
	case strings.HasSuffix(base, ".json"):
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		b = nonFinite(b)
		var top map[string]json.RawMessage
		if err := json.Unmarshal(b, &top); err != nil {
			var s *json.SyntaxError
			if errors.As(err, &s) {
				return nil, fmt.Errorf("%s:%d: %w", path, lineOf(b, s.Offset), err)
			}
			return nil, nil // JSON, but not an object: not results
		}
		switch {
		case top["eval"] != nil && top["status"] != nil:
			return InspectJSON(path, b)
		case top["results"] != nil && top["configs"] != nil, top["results"] != nil && top["n-shot"] != nil:
			return harness4(path, top)
		case top["results"] != nil && top["config"] != nil:
			return harness3(path, top)
		}
	}
	return nil, nil
}

func lineOf(b []byte, offset int64) int {
	n := 1
	for _, c := range b[:min(int64(len(b)), offset)] {
		if c == '\n' {
			n++
		}
	}
	return n
}

// nonFinite turns the bare NaN, Infinity and -Infinity that Python's json
// writes into the strings "NaN", "Infinity", "-Infinity", which number decodes.
// Text inside strings is left alone.
func nonFinite(b []byte) []byte {
	var out []byte
	last, inString := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == 'N' || c == 'I' || c == '-'):
			for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
				if strings.HasPrefix(string(b[i:min(len(b), i+len(word))]), word) {
					out = append(out, b[last:i]...)
					out = append(out, '"')
					out = append(out, word...)
					out = append(out, '"')
					last = i + len(word)
					i = last - 1
					break
				}
			}
		}
	}
	if last == 0 {
		return b
	}
	return append(out, b[last:]...)
}

// number decodes a JSON number, or one of the strings that nonFinite makes, or
// a number that the tool wrote as a string. ok is false for anything else
// ("N/A", null).
func number(raw json.RawMessage) (v float64, ok bool) {
	if json.Unmarshal(raw, &v) == nil && len(raw) > 0 && raw[0] != 'n' {
		return v, true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return 0, false
	}
	return parse(s)
}
