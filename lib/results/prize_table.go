package results

import (
	"fmt"
	"math"
	"os"
	"strconv"

	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/task"
)

// prizeTable reads the table of one model.
func (r *Result) prizeTable(path string, items *task.Task, kind string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s, err := readSheet(b)
	if err != nil {
		return err
	}
	if s.head == nil {
		r.problem(NoRows, 1, "the file is empty")
		return nil
	}
	r.Problems = append(r.Problems, s.bad...)
	r.Rows = len(s.rows) + len(s.bad)
	values := make([][]float64, len(s.head)) // [column][row], NaN for blank
	lines := make([]int, len(s.rows))
	var unread []string
	metrics := 0
	for c, h := range s.head {
		_, metric := prizeColumns[h]
		if metric {
			metrics++
		}
		if !metric && h != "total_logprob" && h != "index" && h != "predicted" {
			if h != "" && h != "Unnamed: 0" {
				unread = append(unread, h)
			}
			continue
		}
		values[c] = make([]float64, len(s.rows))
		for i, row := range s.rows {
			values[c][i] = math.NaN()
			cell := row.cell(c)
			if missing(cell) {
				continue
			}
			v, ok := parseCell(cell)
			switch {
			case !ok && h != "index":
				r.problem(BadValue, row.line, "%s is %q, not a number", h, cell)
			case ok && math.IsInf(v, 0):
				r.problem(BadValue, row.line, "%s is %s: not a finite number, and no part of the mean", h, cell)
			case ok:
				values[c][i] = v
			}
		}
	}
	for i, row := range s.rows {
		lines[i] = row.line
		if len(row.cells) > len(s.head) {
			r.problem(BadValue, row.line, "%d cells for %d columns", len(row.cells), len(s.head))
		}
	}
	if metrics == 0 {
		return fmt.Errorf("columns %q: none of loss, correct, logodds, logodds_difference, estimate", s.head)
	}
	if len(unread) > 0 {
		r.problem(LeftOut, 1, "columns %q are not read", unread)
	}
	if len(s.rows) == 0 {
		r.problem(NoRows, 1, "a header and no rows")
		return nil
	}
	column := func(name string) []float64 {
		if c := s.column(name); c >= 0 {
			return values[c]
		}
		return nil
	}
	blank := 0
	for c, h := range s.head {
		name, ok := prizeColumns[h]
		if !ok {
			continue
		}
		r.fill(name, values[c])
		n := 0
		for _, v := range values[c] {
			if math.IsNaN(v) {
				n++
			}
		}
		blank = max(blank, n)
	}
	if blank > 0 {
		r.problem(BlankRows, 0, "%d of %d rows have no value", blank, len(s.rows))
	}
	if total := column("total_logprob"); total != nil {
		cover := make([]float64, len(total))
		for i, v := range total {
			if cover[i] = math.Exp(v); math.IsInf(cover[i], 1) {
				cover[i] = math.NaN() // an impossible total, said below
			}
		}
		n := r.N
		r.fill("total_logprob", total)
		r.fill("coverage", cover)
		r.N = n
		r.doubtTotals(total, lines)
	}
	r.prizeDoubts(items, column)
	r.Log = prizeRecords(r, items, kind, column)
	return nil
}

// prizeDoubts looks for losses of an even spread, log-odds of 0 and an accuracy
// of chance.
func (r *Result) prizeDoubts(items *task.Task, column func(string) []float64) {
	loss := column("loss")
	below := 0
	for _, v := range loss {
		if v < -totalSlack {
			below++
		}
	}
	if below > 0 {
		r.problem(ImpossibleTotal, 0, "%d losses are below 0: a probability above 1", below)
	}
	var even []float64
	if items != nil && len(items.Items) >= len(loss) && len(items.Problems) == 0 {
		for i := range loss {
			it := &items.Items[i]
			if len(it.Choices) < 2 || len(it.Gold) == 0 {
				even = nil
				break
			}
			even = append(even, math.Log(float64(len(it.Choices))/float64(len(it.Gold))))
		}
	}
	r.doubtLoss(loss, even)
	for _, name := range []string{"logodds", "logodds_difference"} {
		r.doubtZero(name, column(name))
	}
	if v, ok := r.Metrics["accuracy"]; ok && items != nil {
		r.doubtChance(v.Mean, items.Chance(), r.N)
	}
}

// anchoring fills in the loss of the prize's anchoring tasks, whose rows come in
// threes: a question whose anchor is the true answer, then with a low and with a
// high one. The loss of three rows is the sum of the squares of how far the two
// estimates lie from the first, relative to it (evaluate_anchoring.py of the
// pipeline). It is returned at the first row of each three; nil for other tasks.
func (r *Result) anchoring(items *task.Task, estimate []float64) []float64 {
	n := len(estimate)
	if items == nil || n == 0 || n%3 != 0 || len(items.Items) != n {
		return nil
	}
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return math.NaN()
		}
		return v
	}
	loss, left := make([]float64, n), 0
	for i := range loss {
		loss[i] = math.NaN()
	}
	for i := 0; i < n; i += 3 {
		control, low, high := &items.Items[i], &items.Items[i+1], &items.Items[i+2]
		if len(control.Targets) == 0 {
			return nil
		}
		truth := number(control.Targets[0])
		if !(number(control.Anchor) == truth && number(low.Anchor) < truth && truth < number(high.Anchor)) {
			return nil
		}
		l, h := estimate[i+1]/estimate[i]-1, estimate[i+2]/estimate[i]-1
		if loss[i] = l*l + h*h; math.IsNaN(loss[i]) || math.IsInf(loss[i], 0) {
			loss[i] = math.NaN()
			left++
		}
	}
	measured := r.N
	r.fill("anchoring_loss", loss)
	r.N = measured
	if left > 0 {
		r.problem(LeftOut, 0, "%d of %d threes of rows lack an estimate, or the first is 0: they are no part of anchoring_loss", left, n/3)
	}
	return loss
}

// prizeRecords makes a log of the table's rows. The loss gives the loss on all
// other classes together, and the odds.
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
	if k, ok := prizeTypes[kind]; ok {
		kind = k
	}
	byID := map[string]*task.Item{} // rows are the task's rows by position
	if items != nil {
		for i := range items.Items {
			byID[items.Items[i].ID] = &items.Items[i]
		}
	}
	ids := rowIDs(column("index"), n)
	certain := 0
	wrong := make([]float64, 0, n)
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
	anchored := r.anchoring(items, estimate)
	at := func(col []float64, i int) (float64, bool) {
		if i < len(col) && !math.IsNaN(col[i]) && !math.IsInf(col[i], 0) {
			return col[i], true
		}
		return 0, false
	}
	for i := range n {
		row := record.Row{Item: ids[i], Values: map[string]float64{}}
		for _, c := range []struct {
			name string
			col  []float64
		}{{"loss", loss}, {"accuracy", correct}, {"logodds_shift", odds}, {"estimate", estimate}, {"total_logprob", total}, {"predicted", column("predicted")}} {
			if v, ok := at(c.col, i); ok {
				row.Values[c.name] = v
			}
		}
		if len(row.Values) == 0 {
			continue // a blank row, reported above
		}
		if sum, ok := row.Values["total_logprob"]; ok && sum <= totalSlack {
			row.Values["coverage"] = math.Exp(sum)
		}
		if loss, ok := row.Values["loss"]; ok && odds == nil && loss > 0 {
			w := -math.Log(-math.Expm1(-loss)) // -ln(1-p) of p = exp(-loss)
			row.Values["wrong_loss"] = w
			wrong = append(wrong, w)
			if it := byID[row.Item]; it != nil && len(it.Choices) > 1 && kind != "sequence_prob" {
				row.Values["logodds"] = w - loss
			}
		} else if ok && odds == nil && loss == 0 { // what the others have was rounded away
			certain++
		}
		if v, ok := at(anchored, i); ok {
			row.Values["anchoring_loss"] = v
		}
		l.Rows = append(l.Rows, row)
	}
	l.Finished = len(l.Rows) == n
	if certain > 0 {
		r.problem(LeftOut, 0, "%d losses are 0 (certainty): the loss on the other class is infinite there, and they are no part of wrong_loss", certain)
	}
	if len(wrong) > 0 {
		measured := r.N
		r.fill("wrong_loss", wrong)
		r.N = measured
	}
	return l
}

// rowIDs names n rows by their index column where it holds n different whole
// numbers, as the pipeline counts rows, else by position.
func rowIDs(index []float64, n int) []string {
	ids := make([]string, n)
	seen := map[float64]bool{}
	for i := range ids {
		if i < len(index) && index[i] >= 0 && index[i] == math.Trunc(index[i]) && index[i] < 1e15 {
			seen[index[i]] = true
			ids[i] = strconv.FormatFloat(index[i], 'f', -1, 64)
		}
	}
	if len(seen) < n {
		for i := range ids {
			ids[i] = strconv.Itoa(i)
		}
	}
	return ids
}
