package results

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"bellwether/lib/model"
	"bellwether/lib/record"
)

// Columns says which columns of a plain table hold what. An empty name means
// the default, in any case of letters.
type Columns struct {
	Task   string // default "task"; a table without it has one task, named as the file
	Model  string // default "model"; required
	Params string // default "params", else "parameters"; "(B)" or "(M)" in its name is the unit
	Item   string // default "item"; without it a row is one aggregate
	// Metrics maps columns to metric names. Nil: every other column that holds
	// numbers is a metric of its own name; but where there are columns "metric"
	// and "value", a row holds the value of the metric that it names. In tables
	// of aggregates a column "acc_stderr" or "acc_se" is the standard error of
	// "acc".
	Metrics map[string]string
}

// orDefault fills in the names that are left empty by what the header has.
func (c Columns) orDefault(head []string) Columns {
	find := func(s *string, names ...string) {
		if *s != "" {
			return
		}
		*s = names[0]
		for _, n := range names {
			for _, h := range head {
				if strings.EqualFold(h, n) {
					*s = h
					return
				}
			}
		}
	}
	find(&c.Task, "task")
	find(&c.Model, "model")
	find(&c.Params, "params", "parameters", "params (b)", "#params (b)", "model size (b)", "size (b)", "params (m)")
	find(&c.Item, "item")
	return c
}

// Table reads a plain CSV of measurements, a row a model and item (or a row a
// model, with aggregates). Cells are separated by commas, semicolons or tabs;
// sizes may be written "1.3B" or "350M".
//
// A cell that should be a number and is not is a problem with its line, and the
// row's other values are kept. Empty cells, NA and NaN are missing values, which
// are counted. Of an item that is there twice the first value counts. Numbers
// with a decimal comma or a percent sign ("62.5%", which is 0.625) are read, and
// it is said that they were. Columns such as "shots" and "seed", where they vary,
// make results of their own: the task "x (5 shots)", the model "y@seed1".
func Table(name string, r io.Reader, cols Columns) ([]Result, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("results: %s: %w", name, err)
	}
	s, err := readSheet(b)
	if err != nil {
		return nil, fmt.Errorf("results: %s: %w", name, err)
	}
	for i, h := range s.head {
		if h != "" && s.column(h) != i {
			return nil, fmt.Errorf("results: %s:1: column %q is there twice", name, h)
		}
	}
	cols = cols.orDefault(s.head)
	if s.column(cols.Model) < 0 {
		return nil, fmt.Errorf("results: %s:1: no column %q among %q: say which one names the model", name, cols.Model, s.head)
	}
	for c := range cols.Metrics {
		if s.column(c) < 0 {
			return nil, fmt.Errorf("results: %s:1: no column %q among %q", name, c, s.head)
		}
	}
	blank, filled := 0, s.rows[:0]
	for _, row := range s.rows {
		if row.blank() {
			blank++
		} else {
			filled = append(filled, row)
		}
	}
	if s.rows = filled; len(s.rows) == 0 {
		return nil, fmt.Errorf("results: %s: a header and no rows", name)
	}
	if blank > 0 {
		s.bad = append(s.bad, Problem{BlankRows, 0, counted(blank, "row") + " without content"})
	}
	t := table{name: name, sheet: s, cols: cols, index: map[[2]string]int{}, seen: map[[3]string]int{}}
	t.chooseMetrics()
	for _, row := range s.rows {
		t.add(row)
	}
	return t.finish(), nil
}

// table collects the results of a sheet.
type table struct {
	name    string
	sheet   sheet
	cols    Columns
	metrics map[string]string // column → metric
	errors  map[string]string // metric → column of its standard error
	tidy    [2]string         // the columns "metric" and "value", if a row holds one value
	text    []string          // columns without a number
	parts   []part

	index  map[[2]string]int // task, model → result
	seen   map[[3]string]int // task, model, item → row of the log
	out    []Result
	values []map[string][]float64
	blank  []map[string]int     // rows without a value of the metric
	comma  []int                // cells with a decimal comma
	cents  []int                // cells with a percent sign
	se     []map[string]float64 // standard errors that the table has
}

// chooseMetrics takes the columns that are asked for, else every column that
// has a number anywhere.
func (t *table) chooseMetrics() {
	t.findParts()
	if t.metrics = t.cols.Metrics; t.metrics != nil {
		return
	}
	t.metrics, t.errors = map[string]string{}, map[string]string{}
	for _, h := range t.sheet.head {
		switch {
		case strings.EqualFold(h, "metric"):
			t.tidy[0] = h
		case strings.EqualFold(h, "value"):
			t.tidy[1] = h
		}
	}
	if t.tidy[0] != "" && t.tidy[1] != "" {
		return
	}
	t.tidy = [2]string{}
	if t.sheet.column(t.cols.Item) < 0 {
		for _, h := range t.sheet.head {
			for _, end := range []string{"_stderr", "_se"} {
				if m, ok := strings.CutSuffix(h, end); ok && m != "" && t.sheet.column(m) >= 0 {
					t.errors[m] = h
				}
			}
		}
	}
	for c, h := range t.sheet.head {
		if m, _, ok := cutLast(h, "_"); ok && t.errors[m] == h {
			continue
		}
		if slices.ContainsFunc(t.parts, func(p part) bool { return p.column == c }) {
			continue
		}
		if h == "" || h == t.cols.Task || h == t.cols.Model || h == t.cols.Params || h == t.cols.Item {
			continue
		}
		for _, row := range t.sheet.rows {
			if _, _, _, ok := parsePercent(row.cell(c), t.sheet.comma != ','); ok && !missing(row.cell(c)) {
				t.metrics[h] = h
				break
			}
		}
		if t.metrics[h] == "" {
			t.text = append(t.text, h)
		}
	}
}

// cutLast cuts around the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// result returns the index of the result of a task and model.
func (t *table) result(task, name string) int {
	k := [2]string{task, name}
	i, ok := t.index[k]
	if ok {
		return i
	}
	i = len(t.out)
	t.index[k] = i
	t.out = append(t.out, Result{Source: "csv", File: t.name, Task: task, Model: name, Metrics: map[string]Value{}})
	t.values = append(t.values, map[string][]float64{})
	t.blank = append(t.blank, map[string]int{})
	t.comma, t.cents = append(t.comma, 0), append(t.cents, 0)
	t.se = append(t.se, map[string]float64{})
	if t.sheet.column(t.cols.Item) >= 0 {
		t.out[i].Log = &record.Log{Path: t.name, Finished: true, Header: record.Header{
			Schema: record.Schema, Task: record.Task{Name: task, Hash: "csv:" + task, Type: "classification", Format: "csv"},
			Model: model.Identity{Name: name, Server: "csv"}, Software: []string{"csv"}, Source: t.name,
		}}
	}
	return i
}

func (t *table) add(row sheetRow) {
	cell := func(c string) string { return row.cell(t.sheet.column(c)) }
	task := cell(t.cols.Task)
	if task == "" {
		task = strings.TrimSuffix(strings.TrimSuffix(filepath.Base(t.name), ".csv"), ".tsv")
	}
	i := t.result(t.named(row, task, cell(t.cols.Model)))
	r := &t.out[i]
	r.Rows++
	if r.Model == "" {
		r.problem(BadValue, row.line, "no %s", t.cols.Model)
	}
	if len(row.cells) != len(t.sheet.head) {
		r.problem(BadValue, row.line, "%d cells for %d columns", len(row.cells), len(t.sheet.head))
	}
	loose := t.sheet.comma != ','
	if p := cell(t.cols.Params); !missing(p) {
		v, ok := parseSize(p, loose)
		v *= sizeUnit(t.cols.Params, p)
		switch {
		case !ok:
			r.problem(BadValue, row.line, "%s is %q, not a number above 0 such as 1300000000, 1.3e9, 1.3B or 350M", t.cols.Params, p)
		case r.Params != 0 && r.Params != v:
			r.problem(BadValue, row.line, "%s is %g here and %g above", t.cols.Params, v, r.Params)
		default:
			r.Params = v
		}
	}
	rec := record.Row{Item: cell(t.cols.Item), Values: map[string]float64{}}
	metrics := t.metrics
	if t.tidy[0] != "" {
		metrics = map[string]string{}
		if name := cell(t.tidy[0]); name != "" {
			metrics[t.tidy[1]] = name
		} else {
			r.problem(BadValue, row.line, "no %s", t.tidy[0])
		}
	}
	for _, c := range sortedKeys(metrics) {
		text := cell(c)
		if missing(text) {
			t.blank[i][metrics[c]]++
			continue
		}
		v, comma, percent, ok := parsePercent(text, loose)
		if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
			r.problem(BadValue, row.line, "%s is %q, not a finite number", c, text)
			continue
		}
		if comma {
			t.comma[i]++
		}
		if percent {
			t.cents[i]++
		}
		rec.Values[metrics[c]] = v
		if text := cell(t.errors[c]); r.Log == nil && t.errors[c] != "" && !missing(text) {
			se, _, too, ok := parsePercent(text, loose)
			switch {
			case too != percent:
				r.problem(BadValue, row.line, "%s is %q, which has another unit than %s", t.errors[c], text, c)
			case ok && se >= 0 && !math.IsInf(se, 0):
				t.se[i][metrics[c]] = se
			default:
				r.problem(BadValue, row.line, "%s is %q, not a standard error", t.errors[c], text)
			}
		}
	}
	keep := rec.Values
	switch {
	case r.Log == nil:
	case rec.Item == "":
		r.problem(BadValue, row.line, "no %s: the row is no part of the means", t.cols.Item)
		keep = nil
	default:
		k := [3]string{r.Task, r.Model, rec.Item}
		at, twice := t.seen[k]
		if !twice {
			t.seen[k] = len(r.Log.Rows)
			r.Log.Rows = append(r.Log.Rows, rec)
			break
		}
		old := r.Log.Rows[at].Values
		other := len(rec.Values) > 0 // a row of another metric
		for name := range rec.Values {
			_, ok := old[name]
			other = other && !ok
		}
		if t.tidy[0] == "" || !other {
			r.problem(Duplicate, row.line, "item %q is there twice: what its first row has counts", rec.Item)
		}
		keep = map[string]float64{}
		for name, v := range rec.Values { // a value that the first row lacks
			if _, ok := old[name]; !ok {
				old[name], keep[name] = v, v
			}
		}
	}
	for name, v := range keep {
		t.values[i][name] = append(t.values[i][name], v)
	}
}

// sizeUnit is what a number of a params column counts: "Model Size (B)" holds
// billions, unless a cell has a unit of its own.
func sizeUnit(column, cell string) float64 {
	last := cell[len(cell)-1]
	if last != '.' && (last < '0' || last > '9') {
		return 1
	}
	column = strings.ToLower(column)
	switch {
	case strings.Contains(column, "(b)"), strings.Contains(column, "billion"):
		return 1e9
	case strings.Contains(column, "(m)"), strings.Contains(column, "million"):
		return 1e6
	}
	return 1
}

func (t *table) finish() []Result {
	most := map[string]int{} // items of a task
	for i := range t.out {
		r := &t.out[i]
		for _, m := range sortedKeys(t.values[i]) {
			r.fill(m, t.values[i][m])
			if se, ok := t.se[i][m]; ok && len(t.values[i][m]) == 1 {
				r.Metrics[m] = Value{r.Metrics[m].Mean, se}
			}
		}
		for _, m := range sortedKeys(t.blank[i]) {
			r.problem(BlankRows, 0, "%d of %d rows have no value of %s", t.blank[i][m], r.Rows, m)
		}
		if t.comma[i] > 0 {
			r.problem(DecimalComma, 0, "%s with a decimal comma", counted(t.comma[i], "number"))
		}
		if t.cents[i] > 0 {
			r.problem(NotShare, 0, "%s with a percent sign, read as shares", counted(t.cents[i], "number"))
		}
		if r.Log == nil && r.Rows > 1 && t.tidy[0] == "" {
			r.problem(NoItem, 0, "no column %q: the %d rows of the model are averaged as if each were an item", t.cols.Item, r.Rows)
		}
		if r.Params > 0 && r.Params < 1000 {
			r.problem(SizeDoubtful, 0, "%s is %g: parameters are counted one by one (or write 1.3B)", t.cols.Params, r.Params)
		}
		if len(t.text) > 0 {
			r.problem(LeftOut, 1, "columns %q hold no numbers and are no metrics", t.text)
		}
		r.Problems = append(r.Problems, t.sheet.bad...)
		most[r.Task] = max(most[r.Task], r.N)
		if r.Log != nil {
			r.Log.Header.Task.Items = len(r.Log.Rows)
			r.Log.Header.Model.Parameters = r.Params
			r.tableDoubts()
		}
		if r.Problems == nil {
			r.Problems = []Problem{}
		}
	}
	for i := range t.out {
		if r := &t.out[i]; r.Log != nil && r.Model != "" && r.N < most[r.Task] {
			r.problem(CutShort, 0, "%d items; another model has %d", r.N, most[r.Task])
		}
	}
	return t.out
}

// tableDoubts looks at columns that are named as the prize's metrics.
func (r *Result) tableDoubts() {
	column := map[string][]float64{}
	for _, row := range r.Log.Rows {
		for name, v := range row.Values {
			column[name] = append(column[name], v)
		}
	}
	r.doubtLoss(column["loss"], nil)
	r.doubtZero("logodds", column["logodds"])
	r.doubtTotals(column["total_logprob"], nil)
}
