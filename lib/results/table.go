package results

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"bellwether/lib/model"
	"bellwether/lib/record"
)

// Columns says which columns of a plain table hold what. An empty name means
// the default.
type Columns struct {
	Task   string // default "task"; a table without it has one task, named as the file
	Model  string // default "model"; required
	Params string // default "params"
	Item   string // default "item"; without it a row is one aggregate
	// Metrics maps columns to metric names. Nil: every other column that holds
	// numbers is a metric of its own name.
	Metrics map[string]string
}

// Table reads a plain CSV of measurements, a row a model and item (or a row a
// model, with aggregates). A cell that should be a number and is not is a
// problem with its line, and the row's other values are kept.
func Table(name string, r io.Reader, cols Columns) ([]Result, error) {
	def := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	def(&cols.Task, "task")
	def(&cols.Model, "model")
	def(&cols.Params, "params")
	def(&cols.Item, "item")
	in := csv.NewReader(r)
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("results: %s: %w", name, err)
	}
	at := map[string]int{}
	for i, h := range head {
		if _, twice := at[h]; twice {
			return nil, fmt.Errorf("results: %s:1: column %q is there twice", name, h)
		}
		at[h] = i
	}
	if _, ok := at[cols.Model]; !ok {
		return nil, fmt.Errorf("results: %s:1: no column %q among %q: say which one names the model", name, cols.Model, head)
	}
	metrics := cols.Metrics
	if metrics == nil {
		metrics = map[string]string{}
		for _, h := range head {
			if h != cols.Task && h != cols.Model && h != cols.Params && h != cols.Item && h != "" {
				metrics[h] = h
			}
		}
	}
	for c := range metrics {
		if _, ok := at[c]; !ok {
			return nil, fmt.Errorf("results: %s:1: no column %q among %q", name, c, head)
		}
	}
	type key struct{ task, model string }
	index := map[key]int{}
	seen := map[[3]string]bool{} // task, model, item
	var out []Result
	values := []map[string][]float64{}
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("results: %s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		cell := func(c string) string {
			if i, ok := at[c]; ok {
				return rec[i]
			}
			return ""
		}
		k := key{cell(cols.Task), cell(cols.Model)}
		if k.task == "" {
			k.task = strings.TrimSuffix(name, ".csv")
		}
		i, ok := index[k]
		if !ok {
			i = len(out)
			index[k] = i
			out = append(out, Result{Source: "csv", File: name, Task: k.task, Model: k.model, Metrics: map[string]Value{}})
			values = append(values, map[string][]float64{})
			if _, items := at[cols.Item]; items {
				out[i].Log = &record.Log{Path: name, Finished: true, Header: record.Header{
					Schema: record.Schema, Task: record.Task{Name: k.task, Hash: "csv:" + k.task, Type: "classification", Format: "csv"},
					Model: model.Identity{Name: k.model, Server: "csv"}, Software: []string{"csv"}, Source: name,
				}}
			}
		}
		res := &out[i]
		if p := cell(cols.Params); p != "" {
			v, err := strconv.ParseFloat(p, 64)
			switch {
			case err != nil || !(v > 0):
				res.problem(BadValue, line, "%s is %q, not a number above 0", cols.Params, p)
			case res.Params != 0 && res.Params != v:
				res.problem(BadValue, line, "%s is %g here and %g above", cols.Params, v, res.Params)
			default:
				res.Params = v
			}
		}
		row := record.Row{Item: cell(cols.Item), Values: map[string]float64{}}
		for _, c := range sortedKeys(metrics) {
			text := strings.TrimSpace(cell(c))
			if text == "" {
				continue
			}
			v, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
				res.problem(BadValue, line, "%s is %q, not a finite number", c, text)
				continue
			}
			row.Values[metrics[c]] = v
			values[i][metrics[c]] = append(values[i][metrics[c]], v)
		}
		if res.Log != nil {
			if row.Item == "" {
				res.problem(BadValue, line, "no %s", cols.Item)
			} else if seen[[3]string{k.task, k.model, row.Item}] {
				res.problem(BadValue, line, "item %q is there twice", row.Item)
			} else {
				seen[[3]string{k.task, k.model, row.Item}] = true
				res.Log.Rows = append(res.Log.Rows, row)
			}
		}
	}
	for i := range out {
		for _, m := range sortedKeys(values[i]) {
			out[i].fill(m, values[i][m])
		}
		if out[i].Log != nil {
			out[i].Log.Header.Task.Items = len(out[i].Log.Rows)
			out[i].Log.Header.Model.Parameters = out[i].Params
		}
		if out[i].Problems == nil {
			out[i].Problems = []Problem{}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("results: %s: a header and no rows", name)
	}
	return out, nil
}

// Cell is one choice of one item of one log: a row of an exported table. An item
// without choices (imported values, a failure) is one Cell with Choice -1.
type Cell struct {
	Task       string  `parquet:"task"`
	TaskHash   string  `parquet:"task_hash"`
	Model      string  `parquet:"model"`
	ModelHash  string  `parquet:"model_hash"`
	Parameters float64 `parquet:"parameters"`
	Seed       int     `parquet:"seed"`
	Item       string  `parquet:"item"`
	Choice     int     `parquet:"choice"` // -1: none
	Gold       bool    `parquet:"gold"`
	Nats       float64 `parquet:"nats"`
	Last       float64 `parquet:"last"`
	Tokens     int     `parquet:"tokens"`
	Bytes      int     `parquet:"bytes"`
	Chars      int     `parquet:"chars"`
	Greedy     bool    `parquet:"greedy"`
	Error      string  `parquet:"error"`
}

// Cells flattens logs into a table, a row a choice, in the order of the logs.
func Cells(logs []*record.Log) []Cell {
	var out []Cell
	for _, l := range logs {
		h := l.Header
		base := Cell{Task: h.Task.Name, TaskHash: h.Task.Hash, Model: h.Model.Name, ModelHash: h.Model.Hash(), Parameters: h.Model.Parameters, Seed: h.Model.Seed}
		for _, r := range l.Rows {
			c := base
			c.Item, c.Error, c.Choice = r.Item, r.Error, -1
			if len(r.Choices) == 0 {
				out = append(out, c)
			}
			for i, x := range r.Choices {
				c.Choice, c.Gold = i, slices.Contains(r.Gold, i)
				c.Nats, c.Last, c.Tokens, c.Bytes, c.Chars, c.Greedy = x.Nats, x.Last, x.Tokens, x.Bytes, x.Chars, x.Greedy
				out = append(out, c)
			}
		}
	}
	return out
}

var cellHead = []string{"task", "task_hash", "model", "model_hash", "parameters", "seed", "item", "choice", "gold", "nats", "last", "tokens", "bytes", "chars", "greedy", "error"}

// WriteCSV writes cells with a header. Numbers are written so that reading gives
// the same bits.
func WriteCSV(w io.Writer, cells []Cell) error {
	out := csv.NewWriter(w)
	f := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	if err := out.Write(cellHead); err != nil {
		return err
	}
	for _, c := range cells {
		if err := out.Write([]string{
			c.Task, c.TaskHash, c.Model, c.ModelHash, f(c.Parameters), strconv.Itoa(c.Seed), c.Item, strconv.Itoa(c.Choice), strconv.FormatBool(c.Gold),
			f(c.Nats), f(c.Last), strconv.Itoa(c.Tokens), strconv.Itoa(c.Bytes), strconv.Itoa(c.Chars), strconv.FormatBool(c.Greedy), c.Error,
		}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// ReadCSV reads what WriteCSV wrote. Errors name line and column.
func ReadCSV(name string, r io.Reader) ([]Cell, error) {
	in := csv.NewReader(r)
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("results: %s: %w", name, err)
	}
	if !slices.Equal(head, cellHead) {
		return nil, fmt.Errorf("results: %s:1: columns %q; they must be %q", name, head, cellHead)
	}
	var out []Cell
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("results: %s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		var bad error
		number := func(i int) float64 {
			v, err := strconv.ParseFloat(rec[i], 64)
			if err != nil && bad == nil {
				bad = fmt.Errorf("results: %s:%d: %s is %q, not a number", name, line, head[i], rec[i])
			}
			return v
		}
		flag := func(i int) bool {
			v, err := strconv.ParseBool(rec[i])
			if err != nil && bad == nil {
				bad = fmt.Errorf("results: %s:%d: %s is %q, not true or false", name, line, head[i], rec[i])
			}
			return v
		}
		c := Cell{
			Task: rec[0], TaskHash: rec[1], Model: rec[2], ModelHash: rec[3], Parameters: number(4), Seed: int(number(5)), Item: rec[6], Choice: int(number(7)), Gold: flag(8),
			Nats: number(9), Last: number(10), Tokens: int(number(11)), Bytes: int(number(12)), Chars: int(number(13)), Greedy: flag(14), Error: rec[15],
		}
		if bad != nil {
			return nil, bad
		}
		out = append(out, c)
	}
}
