package execute

import (
	"fmt"
	"regexp"
	"strings"

	"bellwether/kernel/ipynb"
)

// Difference is a cell that says something else in another execution.
type Difference struct {
	Cell     int // from 1 among the code cells
	Was, Is  string
	Outputs  bool // whether the number of displays differs, too
	Executed bool // whether it was executed both times
}

// Times differ between executions, and a later one finds the answers of an
// earlier one in the run log: neither says anything about the results.
var (
	durations = regexp.MustCompile(`\d+(\.\d+)? (ms|s|min|h)\b`)
	progress  = regexp.MustCompile(`(: \d+ of \d+)(?:, all there already| in T.*)$`)
)

// Said returns what a cell's outputs say in text, a line for each display, then
// standard output and standard error, which come in any order; without what
// differs between two executions of the same code.
func Said(c ipynb.Cell) string {
	var b strings.Builder
	streams := map[string]string{}
	for _, o := range c.Outputs {
		switch o.Type {
		case ipynb.Stream:
			streams[o.Name] += o.Text // whole: its pieces may end anywhere
		case ipynb.Error:
			fmt.Fprintf(&b, "%s: %s\n", o.ErrName, o.ErrValue)
		default:
			text := durations.ReplaceAllString(Text(o), "T")
			b.WriteString(progress.ReplaceAllString(text, "$1") + "\n")
		}
	}
	for _, name := range []string{"stdout", "stderr"} {
		text := strings.TrimSpace(ansi.ReplaceAllString(streams[name], ""))
		if text != "" {
			b.WriteString(durations.ReplaceAllString(text, "T") + "\n")
		}
	}
	return b.String()
}

// Compare returns the code cells that say something else in two executions of
// one notebook. It is an error when they are not of one notebook.
func Compare(was, is *ipynb.Notebook) ([]Difference, error) {
	a, b := was.CodeCells(), is.CodeCells()
	if len(a) != len(b) {
		return nil, fmt.Errorf("%d and %d code cells: not two executions of one notebook", len(a), len(b))
	}
	var list []Difference
	for i := range a {
		x, y := was.Cells[a[i]], is.Cells[b[i]]
		if x.Source != y.Source {
			return nil, fmt.Errorf("cell %d has other code: not two executions of one notebook", i+1)
		}
		d := Difference{
			Cell: i + 1, Was: Said(x), Is: Said(y),
			Outputs: displays(x) != displays(y), Executed: (x.Count > 0) == (y.Count > 0),
		}
		if d.Was != d.Is || d.Outputs || !d.Executed {
			list = append(list, d)
		}
	}
	return list, nil
}

// displays counts the outputs that are no streams.
func displays(c ipynb.Cell) int {
	n := 0
	for _, o := range c.Outputs {
		if o.Type != ipynb.Stream {
			n++
		}
	}
	return n
}
