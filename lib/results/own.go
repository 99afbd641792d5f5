package results

import (
	"bytes"
	"slices"

	"bellwether/lib/metric"
	"bellwether/lib/record"
)

// importOwn reads a table that WriteCSV wrote: a result for each of its logs, with
// every metric that the rows define and the mean of every value that they carry.
func importOwn(path string, b []byte) ([]Result, error) {
	cells, err := ReadCSV(path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	var out []Result
	for _, l := range Logs(cells) {
		l.Path, l.Finished = path, true
		l.Header.Task.Items, l.Header.Task.Format, l.Header.Source = len(l.Rows), "csv", path
		l.Header.Task.Type = "classification"
		l.Header.Software, l.Header.Model.Server = []string{"bellwether export"}, "csv"
		r := Result{
			Source: "bellwether", File: path, Task: l.Header.Task.Name, Model: l.Header.Model.Name, Params: l.Header.Model.Parameters,
			Rows: len(l.Rows), Metrics: map[string]Value{}, Log: l, shots: l.Header.Prompt.Shots,
		}
		r.own(l.Rows)
		out = append(out, r)
	}
	return out, nil
}

// own computes the metrics of rows of ours.
func (r *Result) own(rows []record.Row) {
	values := map[string][]float64{}
	var outcomes []metric.Outcome
	failed := 0
	for _, row := range rows {
		if row.Error != "" {
			failed++
			continue
		}
		for name, v := range row.Values {
			values[name] = append(values[name], v)
		}
		if len(row.Choices) == 0 {
			continue
		}
		o := metric.Outcome{Gold: row.Gold}
		for _, c := range row.Choices {
			o.Nats, o.Last, o.Greedy = append(o.Nats, c.Nats), append(o.Last, c.Last), append(o.Greedy, c.Greedy)
			o.Tokens, o.Bytes, o.Chars = append(o.Tokens, c.Tokens), append(o.Bytes, c.Bytes), append(o.Chars, c.Chars)
		}
		for _, c := range row.Other {
			o.OtherLast = append(o.OtherLast, c.Last)
		}
		outcomes = append(outcomes, o)
	}
	if failed > 0 {
		r.problem(BlankRows, 0, "%d of %d items failed", failed, len(rows))
	}
	for _, name := range sortedKeys(values) {
		r.fill(name, values[name])
	}
	r.N = max(r.N, len(outcomes))
	if len(outcomes) == 0 {
		return
	}
	for _, m := range metric.All() {
		r.of(m, outcomes)
	}
}

// isOwn reports whether columns are those of WriteCSV.
func isOwn(head []string) bool { return slices.Equal(head, cellHead) }
