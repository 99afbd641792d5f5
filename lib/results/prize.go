package results

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/task"
)

// columns of the prize's result tables and the names of our metrics. total
// becomes the coverage, exp(total_logprob).
var prizeColumns = map[string]string{
	"loss": "loss", "correct": "accuracy", "logodds_difference": "logodds", "logodds": "logodds", "estimate": "estimate",
}

// prizeSizes are the nominal sizes by which the prize's own plots order the
// models, so that trends agree with the prize's. Those of the GPT-3 API are
// outside estimates (L. Gao, "On the Sizes of OpenAI API Models", EleutherAI,
// 2021). Package facts has the exact counts of the open models.
var prizeSizes = map[string]float64{
	"gpt2": 124e6, "gpt2-medium": 355e6, "gpt2-large": 774e6, "gpt2-xl": 1.5e9,
	"ada": 350e6, "babbage": 1.3e9, "curie": 6.7e9, "davinci": 175e9,
	"text-ada-001": 350e6, "text-babbage-001": 1.3e9, "text-curie-001": 6.7e9, "text-davinci-001": 175e9,
	"opt-125m": 125e6, "opt-350m": 350e6, "opt-1.3b": 1.3e9, "opt-2.7b": 2.7e9, "opt-6.7b": 6.7e9, "opt-13b": 13e9, "opt-30b": 30e9, "opt-66b": 66e9, "opt-175b": 175e9,
}

// Prize reads a result folder of the Inverse Scaling Prize's pipeline: data.csv
// (the task), one CSV a model, args.log. Rows without a value are missing, as
// pandas reads them.
//
// Source: github.com/naimenz/inverse-scaling-eval-pipeline, eval_pipeline.
func Prize(dir string) ([]Result, error) {
	name := filepath.Base(dir)
	var items *task.Task
	if exists(dir, "data.csv") {
		t, err := task.Load(filepath.Join(dir, "data.csv"))
		if err != nil {
			return nil, err
		}
		items = t
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		return nil, err
	}
	logged, kind, logErr := prizeLog(dir)
	var out []Result
	most := 0
	have := map[string]bool{}
	for _, f := range files {
		if filepath.Base(f) == "data.csv" {
			continue
		}
		model := strings.TrimSuffix(filepath.Base(f), ".csv")
		have[model] = true
		r := Result{Source: "isp", File: f, Task: name, Model: model, Params: prizeSizes[model], Metrics: map[string]Value{}}
		if err := r.prizeTable(f, items, kind); err != nil {
			r.problem(BadFile, 0, "%v", err)
		}
		most = max(most, r.N)
		out = append(out, r)
	}
	want := most
	if items != nil {
		want = max(want, len(items.Items))
	}
	for i := range out {
		r := &out[i]
		if r.N > 0 && r.N < want {
			r.problem(CutShort, 0, "%d of %d items have a value", r.N, want)
		}
		if len(logged) > 0 && !logged[r.Model] {
			r.problem(ModelUnlogged, 0, "args.log does not name %s", r.Model)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no model's table (*.csv) beside data.csv", dir)
	}
	for m := range logged {
		if !have[m] {
			for i := range out {
				out[i].problem(ModelMissing, 0, "args.log names %s, which has no table here", m)
			}
		}
	}
	if logErr != nil {
		for i := range out {
			out[i].problem(BadFile, 0, "args.log: %v", logErr)
		}
	}
	return out, nil
}

// prizeLog reads args.log: several JSON objects one after another.
func prizeLog(dir string) (models map[string]bool, kind string, err error) {
	f, err := os.Open(filepath.Join(dir, "args.log"))
	if err != nil {
		return nil, "", nil //nolint:nilerr // the log is optional
	}
	defer f.Close()
	models = map[string]bool{}
	d := json.NewDecoder(f)
	for {
		var run struct {
			Models   []string `json:"models"`
			TaskType string   `json:"task_type"`
		}
		if err := d.Decode(&run); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return models, kind, err
		}
		kind = run.TaskType
		for _, m := range run.Models {
			models[m] = true
		}
	}
}

// parse reads a cell: a number, or the tuple "(x,)" that some runs wrote.
func parse(cell string) (float64, bool) {
	cell = strings.TrimSpace(cell)
	if inner, ok := strings.CutPrefix(cell, "("); ok {
		cell = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(inner, ")"), ","))
	}
	v, err := strconv.ParseFloat(cell, 64)
	return v, err == nil
}

func (r *Result) prizeTable(path string, items *task.Task, kind string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(f)
	in.FieldsPerRecord = -1
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		r.problem(NoRows, 1, "the file is empty")
		return nil
	}
	if err != nil {
		return err
	}
	values := make([][]float64, len(head)) // [column][row], NaN for blank
	var lines []int
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		line, _ := in.FieldPos(0)
		lines = append(lines, line)
		for c := range head {
			v, cell := math.NaN(), ""
			if c < len(rec) {
				cell = strings.TrimSpace(rec[c])
			}
			if cell != "" {
				x, ok := parse(cell)
				if !ok {
					if _, known := prizeColumns[head[c]]; known || head[c] == "total_logprob" {
						r.problem(BadValue, line, "%s is %q, not a number", head[c], cell)
					}
				} else {
					v = x
				}
			}
			values[c] = append(values[c], v)
		}
	}
	if len(lines) == 0 {
		r.problem(NoRows, 1, "a header and no rows")
		return nil
	}
	column := func(name string) []float64 {
		for c, h := range head {
			if h == name {
				return values[c]
			}
		}
		return nil
	}
	known := 0
	blank := 0
	for c, h := range head {
		name, ok := prizeColumns[h]
		if !ok {
			continue
		}
		known++
		r.fill(name, values[c])
		n := 0
		for _, v := range values[c] {
			if math.IsNaN(v) {
				n++
			}
		}
		blank = max(blank, n)
	}
	if known == 0 {
		return fmt.Errorf("columns %q: none of loss, correct, logodds, logodds_difference, estimate", head)
	}
	if blank > 0 {
		r.problem(BlankRows, 0, "%d of %d rows have no value", blank, len(lines))
	}
	if total := column("total_logprob"); total != nil {
		cover := make([]float64, len(total))
		above, first := 0, 0
		for i, v := range total {
			cover[i] = math.Exp(v)
			if v > 1e-3 { // float32 sums of a certain answer reach some 1e-5
				if above++; above == 1 {
					first = lines[i]
				}
			}
		}
		n := r.N
		r.fill("total_logprob", total)
		r.fill("coverage", cover)
		r.N = n
		if above > 0 {
			r.problem(ImpossibleTotal, first, "%d rows have total_logprob above 0: a probability above 1", above)
		}
	}
	r.doubtLoss(column("loss"))
	r.doubtChance(column("correct"), items)
	r.Log = prizeRecords(r, items, kind, column)
	return nil
}

// doubtLoss reports losses that are all ln(k): the model saw no difference
// between k classes.
func (r *Result) doubtLoss(loss []float64) {
	n := 0
	same := math.NaN()
	for _, v := range loss {
		if math.IsNaN(v) {
			continue
		}
		if n == 0 {
			same = v
		}
		if math.Abs(v-same) > 1e-6 {
			return
		}
		n++
	}
	if n < 2 {
		return
	}
	if k := math.Round(math.Exp(same)); k >= 2 && math.Abs(same-math.Log(k)) < 1e-5 {
		r.problem(DegenerateLoss, 0, "all %d losses are ln %g: every class scored the same", n, k)
	}
}

// doubtChance reports an accuracy that is chance exactly, as when a server
// ignores the prompt. Few items reach chance by luck: below 20 it says nothing.
func (r *Result) doubtChance(correct []float64, items *task.Task) {
	v, ok := r.Metrics["accuracy"]
	if !ok || items == nil || r.N < 20 {
		return
	}
	if c := items.Chance(); math.Abs(v.Mean-c) < 1e-12 {
		r.problem(ExactChance, 0, "accuracy is %g, chance exactly, on %d items", v.Mean, r.N)
	}
}

// prizeRecords makes a log of the table's rows. With two classes the loss and
// the total probability give back both log-probabilities.
func prizeRecords(r *Result, items *task.Task, kind string, column func(string) []float64) *record.Log {
	loss, correct, total := column("loss"), column("correct"), column("total_logprob")
	odds, estimate := column("logodds_difference"), column("estimate")
	if odds == nil {
		odds = column("logodds")
	}
	n := max(len(loss), len(correct), len(odds), len(estimate))
	if kind == "" && items != nil {
		kind = string(items.Type)
	}
	h := record.Header{
		Schema:   record.Schema,
		Task:     record.Task{Name: r.Task, Hash: "isp:" + r.Task, Type: kind, Format: "isp", Items: n},
		Model:    model.Identity{Name: r.Model, Server: "isp results", Method: "exact"},
		Software: []string{"inverse-scaling-eval-pipeline"}, Source: r.File,
	}
	if items != nil {
		h.Task.Hash, h.Task.File = items.Hash(), items.SHA256
	}
	l := &record.Log{Path: r.File, Header: h}
	at := func(col []float64, i int) (float64, bool) {
		if i < len(col) && !math.IsNaN(col[i]) && !math.IsInf(col[i], 0) {
			return col[i], true
		}
		return 0, false
	}
	for i := range n {
		row := record.Row{Item: strconv.Itoa(i), Values: map[string]float64{}}
		for _, c := range []struct {
			name string
			col  []float64
		}{{"loss", loss}, {"accuracy", correct}, {"logodds_shift", odds}, {"estimate", estimate}, {"total_logprob", total}} {
			if v, ok := at(c.col, i); ok {
				row.Values[c.name] = v
			}
		}
		if len(row.Values) == 0 {
			continue // a blank row, reported above
		}
		if items != nil && i < len(items.Items) {
			row.Item = items.Items[i].ID
			if loss, ok := row.Values["loss"]; ok && odds == nil && len(items.Items[i].Choices) == 2 {
				row.Values["logodds"] = -math.Log(math.Expm1(loss)) // ln p/(1-p) of p = exp(-loss)
				row.Values["wrong_loss"] = -math.Log(-math.Expm1(-loss))
				for _, k := range []string{"logodds", "wrong_loss"} {
					if v := row.Values[k]; math.IsInf(v, 0) || math.IsNaN(v) {
						delete(row.Values, k) // loss 0: the other class's probability was rounded away
					}
				}
			}
		}
		l.Rows = append(l.Rows, row)
	}
	l.Finished = len(l.Rows) == n
	return l
}
